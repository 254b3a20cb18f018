package e2e

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/fsouza/fake-gcs-server/fakestorage"

	"github.com/caddyrec/caddyrec/e2e/gateway"
	"github.com/caddyrec/caddyrec/e2e/wait"
	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/storage"
	"github.com/caddyrec/caddyrec/storage/gcs"
	"github.com/caddyrec/caddyrec/storage/spool"
	"github.com/caddyrec/caddyrec/storage/storagetest"
)

// emulator is fake-gcs-server with one bucket, at an address of its own. What it
// keeps is lost when it is stopped, unless it is in a folder.
func emulator(t *testing.T, address, folder string) *fakestorage.Server {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	s, err := fakestorage.NewServerWithOptions(fakestorage.Options{
		Scheme: "http", Host: host, Port: uint16(number), StorageRoot: folder, Writer: io.Discard,
		PublicHost: address, ExternalURL: "http://" + address,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	s.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: "records"})
	return s
}

func address(t *testing.T) string {
	t.Helper()
	a, err := gateway.FreeAddress()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// The variable that all of Google's libraries know is ours too.
func TestTheStoresKeepTheirPromisesOverTheWire(t *testing.T) {
	at := address(t)
	t.Setenv("STORAGE_EMULATOR_HOST", at)
	emulator(t, at, "")
	n := 0
	open := func(t *testing.T) *gcs.Store {
		n++
		s, err := gcs.Open(t.Context(), gcs.Options{Bucket: "records", Prefix: "run" + strconv.Itoa(n)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	t.Run("gcs", func(t *testing.T) {
		storagetest.Run(t, func(t *testing.T) storage.Store { return open(t) })
	})
	t.Run("spool", func(t *testing.T) {
		storagetest.Run(t, func(t *testing.T) storage.Store {
			s, err := spool.Open(open(t), spool.Options{Dir: t.TempDir(), Limit: 1 << 30, OnFull: spool.Deny})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			return s
		})
	})
}

// bucketGlobals are for a gateway that records into the emulator's bucket: the
// store's lines and those of the caddyrec option behind it are the test's.
func bucketGlobals(store, option string) string {
	return `{
	admin unix/{$FOLDER}/admin.sock
	persist_config off
	grace_period 5s
	caddyrec {
		store gcs records {
			prefix prod
			endpoint http://{$BUCKET}
			` + store + `
		}
		` + option + `
	}
}
`
}

// The spool is where the tests look for a store.
var gcsGlobals = bucketGlobals("spool {$FOLDER}/store 1GiB", "")

func TestABucketThatComesAndGoesGetsEveryRecordOfAKilledGateway(t *testing.T) {
	at, kept := address(t), t.TempDir()
	bucket := emulator(t, at, kept)
	w := newWorld(t, issuer(t))
	w.vars["BUCKET"] = at
	config := w.config(gcsGlobals + `
http://{$ADDRESS} {
	session_record
	reverse_proxy {$UPSTREAM}
}
`)
	serve := func() {
		t.Helper()
		if err := w.Start(t.Context(), config); err != nil {
			t.Fatal(err)
		}
	}
	acknowledged := 0
	send := func() {
		t.Helper()
		for range 20 {
			w.want(w.post("/orders", "", order("chair", 1)), http.StatusOK, "")
			acknowledged++
		}
	}
	serve()
	send()
	bucket.Stop() // the gateway does not notice
	send()
	w.Kill()
	bucket = emulator(t, at, kept)
	serve() // seals what the last left open, and uploads it
	send()
	wait.Until(t, "the bucket has a sealed segment", func() bool { return sealed(bucket) == 1 })
	w.stop()
	serve()
	wait.Until(t, "the bucket has the next one", func() bool { return sealed(bucket) == 2 })
	w.stop()
	serve()
	wait.Until(t, "and the next", func() bool { return sealed(bucket) == 3 })

	w.stop()

	// What is in the bucket has every record that was acknowledged.
	log := t.TempDir()
	download(t, bucket, "prod/ledger/main/", log)
	exchanges := 0
	if err := ledger.Walk(os.DirFS(log), 0, func(l ledger.Line) error {
		if bytes.Contains(l.Raw, []byte(`"type":"exchange"`)) {
			exchanges++
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if exchanges != acknowledged {
		t.Errorf("the bucket has %d exchanges, %d were acknowledged", exchanges, acknowledged)
	}
	// With what this machine keeps of the log it is a whole one, and is verified
	// as such when the test ends.
	download(t, bucket, "prod/ledger/main/", w.LedgerFolder("main"))
}

func sealed(bucket *fakestorage.Server) (n int) {
	all, err := bucket.ListObjectsWithOptionsPaginated("records", fakestorage.ListOptions{Prefix: "prod/ledger/main/sealed/"})
	if err != nil {
		return 0
	}
	return len(all.Objects)
}

// download copies the objects below a prefix into a folder. A gateway that
// seals meanwhile takes away the batches it has sealed: they are then in an
// object that a listing after it names.
func download(t *testing.T, bucket *fakestorage.Server, prefix, folder string) {
	t.Helper()
	for {
		all, err := bucket.ListObjectsWithOptionsPaginated("records", fakestorage.ListOptions{Prefix: prefix})
		if err != nil {
			t.Fatal(err)
		}
		gone := slices.ContainsFunc(all.Objects, func(attrs fakestorage.ObjectAttrs) bool {
			return !copied(t, bucket, attrs.Name, filepath.Join(folder, filepath.FromSlash(strings.TrimPrefix(attrs.Name, prefix))))
		})
		if !gone {
			return
		}
	}
}

// copied reports whether an object was there to be copied to a file; one that
// the machine has already is left as it is.
func copied(t *testing.T, bucket *fakestorage.Server, name, file string) bool {
	t.Helper()
	if _, err := os.Stat(file); err == nil {
		return true
	}
	o, err := bucket.GetObject("records", name)
	if err != nil {
		return false
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, o.Content, 0o600); err != nil {
		t.Fatal(err)
	}
	return true
}
