package gcs

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/storage/gcs/gcstest"
)

func readAll(s *Store, t *testing.T, name string) ([]byte, error) {
	r, err := s.Open(t.Context(), name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func TestADamagedObjectIsNotReadAsIfItWereWhole(t *testing.T) {
	for what, fault := range map[string]gcstest.Fault{"a changed bit": gcstest.Corrupt, "a missing byte": gcstest.ShortRead} {
		server := gcstest.Start(t)
		s := open(t, server)
		server.Put("a", []byte("records"), nil)
		server.Fail(gcstest.Once("media", fault))
		if b, err := readAll(s, t, "a"); err == nil {
			t.Errorf("%s: read %q", what, b)
		}
		if b, err := readAll(s, t, "a"); err != nil || string(b) != "records" {
			t.Errorf("the next time: %q %v", b, err)
		}
	}
}

func TestAReadGoesThroughWhatPasses(t *testing.T) {
	for what, fault := range map[string]gcstest.Fault{"503": 503, "429": 429, "a broken connection": gcstest.Break} {
		server := gcstest.Start(t)
		s := open(t, server)
		server.Put("a", large, nil)
		server.Fail(gcstest.Times(2, "media", fault))
		if b, err := readAll(s, t, "a"); err != nil || !bytes.Equal(b, large) {
			t.Errorf("%s: %d bytes, %v", what, len(b), err)
		}
	}
}

func TestReadingAndListingAreBounded(t *testing.T) {
	for _, fault := range []gcstest.Fault{gcstest.Stall, 503} {
		server := gcstest.Start(t)
		s := open(t, server, soon)
		server.Put("a", []byte("x"), nil)
		server.Fail(func(gcstest.Call) gcstest.Fault { return fault })
		began := time.Now()
		if _, err := readAll(s, t, "a"); err == nil || !errors.Is(err, errSlow) {
			t.Errorf("reading: got %v", err)
		}
		var failed error
		for _, err := range s.List(t.Context(), "") {
			failed = err
		}
		if failed == nil || !errors.Is(failed, errSlow) || strings.Contains(failed.Error(), "http://") {
			t.Errorf("listing: got %v", failed)
		}
		if took := time.Since(began); took > 20*impatient {
			t.Errorf("it took %v", took)
		}
	}
}
