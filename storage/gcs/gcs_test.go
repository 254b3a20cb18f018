package gcs

import (
	"bytes"
	"crypto/rand"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/caddyrec/caddyrec/storage"
	"github.com/caddyrec/caddyrec/storage/gcs/gcstest"
	"github.com/caddyrec/caddyrec/storage/storagetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// impatient is a timeout for tests that wait for it.
const impatient = 900 * time.Millisecond

func open(t *testing.T, server *gcstest.Server, change ...func(*Options)) *Store {
	t.Helper()
	opts := Options{Bucket: gcstest.Bucket, Endpoint: server.URL, Timeout: 20 * time.Second}
	for _, c := range change {
		c(&opts)
	}
	s, err := Open(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func soon(o *Options) { o.Timeout = impatient }

func TestStore(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storage.Store { return open(t, gcstest.Start(t)) })
}

func TestStoreBelowAPrefix(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storage.Store {
		server := gcstest.Start(t)
		server.PageSize(3)
		server.Put("prod", []byte("x"), nil)
		server.Put("production/a", []byte("x"), nil)
		server.Put("prod/audit/not a name", []byte("x"), nil)
		return open(t, server, func(o *Options) { o.Prefix = "prod/audit" })
	})
}

func TestOptionsThatCannotBeMeantAreRefused(t *testing.T) {
	for _, o := range []Options{
		{},
		{Bucket: "a/b"},
		{Bucket: "b", Prefix: "/x"},
		{Bucket: "b", Prefix: "x/"},
		{Bucket: "b", Prefix: "../x"},
		{Bucket: "b", Retention: Retention{Mode: Locked}},
		{Bucket: "b", Retention: Retention{For: time.Hour}},
		{Bucket: "b", Retention: Retention{Mode: "locked", For: time.Hour}},
		{Bucket: "b", Retention: Retention{Mode: Unlocked, For: -time.Hour}},
		{Bucket: "b", Endpoint: "127.0.0.1:4443"},
		{Bucket: "b", Endpoint: "http://u:p@127.0.0.1"},
		{Bucket: "b", Endpoint: "http://127.0.0.1/storage"},
		{Bucket: "b", Timeout: -1},
	} {
		s, err := Open(t.Context(), o)
		if err == nil {
			s.Close()
			t.Errorf("%+v was taken", o)
		} else if strings.Contains(err.Error(), "u:p") {
			t.Errorf("the error tells a password: %v", err)
		}
	}
}

// With CADDYREC_TEST_BUCKET the suites run against a real bucket, with the
// credentials that Google's libraries find. It must have been made with object
// retention enabled. What is retained for a minute stays in it; a lifecycle rule
// should see to the rest.
func TestARealBucket(t *testing.T) {
	bucket := os.Getenv("CADDYREC_TEST_BUCKET")
	if bucket == "" {
		t.Skip("not tested is Google Cloud Storage itself: set CADDYREC_TEST_BUCKET to a bucket with object retention enabled, and GOOGLE_APPLICATION_CREDENTIALS to a key that may write to it")
	}
	fresh := func(t *testing.T, keep Retention) *Store {
		s, err := Open(t.Context(), Options{Bucket: bucket, Prefix: "caddyrec-test/" + rand.Text(), Retention: keep})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	storagetest.Run(t, func(t *testing.T) storage.Store { return fresh(t, Retention{}) })
	s := fresh(t, Retention{Unlocked, time.Minute})
	if err := s.Create(t.Context(), "a", strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), "a"); !errors.Is(err, storage.ErrRetained) {
		t.Errorf("deleting what is retained: got %v, want ErrRetained", err)
	}
	free := fresh(t, Retention{})
	if err := free.Create(t.Context(), "a", bytes.NewReader(large)); err != nil {
		t.Fatal(err)
	}
	for _, step := range []func() error{
		func() error { return free.Hold(t.Context(), "a") },
		func() error {
			if err := free.Delete(t.Context(), "a"); !errors.Is(err, storage.ErrRetained) {
				t.Errorf("deleting what is held: got %v, want ErrRetained", err)
			}
			return nil
		},
		func() error { return free.Release(t.Context(), "a") },
		func() error { return free.Delete(t.Context(), "a") },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
}
