package e2e

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/fsouza/fake-gcs-server/fakestorage"

	"github.com/caddyrec/caddyrec/e2e/wait"
	"github.com/caddyrec/caddyrec/ledger"
)

// remoteGlobals is for a gateway that has no disk of its own but for its keys.
var remoteGlobals = bucketGlobals("ack remote\n\t\t\tfolder {$KEYS}", "commit_timeout 2s") + `
http://{$ADDRESS} {
	session_record
	reverse_proxy {$UPSTREAM}
}
`

// remoteWorld is a gateway that records into an emulator's bucket.
func remoteWorld(t *testing.T, at, keys string) *world {
	t.Helper()
	w := newWorld(t, nil)
	w.vars["BUCKET"], w.vars["KEYS"] = at, keys
	return w
}

func (w *world) startRemote() {
	w.t.Helper()
	if err := w.Start(w.t.Context(), w.config(remoteGlobals)); err != nil {
		w.t.Fatal(err)
	}
}

// inBucket counts the records of a type in what lies in a bucket, as a copy of
// it is read.
func inBucket(t *testing.T, bucket *fakestorage.Server, kind string) (n int) {
	t.Helper()
	log := t.TempDir()
	download(t, bucket, "prod/ledger/main/", log)
	seen := map[uint64]bool{}
	if err := ledger.Walk(os.DirFS(log), 0, func(l ledger.Line) error {
		if seen[l.Seq] {
			t.Errorf("record %d is there twice", l.Seq)
		}
		seen[l.Seq] = true
		if bytes.Contains(l.Raw, []byte(`"type":"`+kind+`"`)) {
			n++
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAMachineWithoutADiskLosesNoAcknowledgedRecordWhenItIsKilled(t *testing.T) {
	at := address(t)
	bucket := emulator(t, at, "")
	keys := t.TempDir()
	acknowledged := 0
	for range 3 { // each a machine of its own, with nothing but the keys
		w := remoteWorld(t, at, keys)
		w.startRemote()
		var all sync.WaitGroup
		var mu sync.Mutex
		for range 4 {
			all.Go(func() {
				for range 5 {
					if a, err := send(w.request(http.MethodPost, "/orders", "", order("chair", 1))); err == nil && a.Status == http.StatusOK {
						mu.Lock()
						acknowledged++
						mu.Unlock()
					}
				}
			})
		}
		all.Wait()
		w.Kill()
		left, err := filepath.Glob(filepath.Join(w.Folder, "data", "caddy", "caddyrec*"))
		if err != nil || len(left) > 0 {
			t.Errorf("the machine has kept %v", left)
		}
		if n := inBucket(t, bucket, "exchange"); n != acknowledged {
			t.Errorf("the bucket has %d exchanges, %d were acknowledged", n, acknowledged)
		}
	}
	if acknowledged != 60 {
		t.Errorf("%d of 60 requests were served", acknowledged)
	}
	w := remoteWorld(t, at, keys)
	w.startRemote() // seals what the others left
	wait.Until(t, "the bucket has a sealed segment", func() bool { return sealed(bucket) > 0 })
	w.stop()
	stdout, stderr, err := w.Command(t.Context(), "rec", "verify", "--config", filepath.Join(w.Folder, "Caddyfile"), "--key", filepath.Join(keys, "keys", "main.public"))
	if err != nil {
		t.Errorf("caddy rec verify on the bucket: %v\n%s%s", err, stdout, stderr)
	}
	if n := inBucket(t, bucket, "exchange"); n != acknowledged {
		t.Errorf("when it is sealed, the bucket has %d exchanges, %d were acknowledged", n, acknowledged)
	}
}

func TestWithoutItsBucketAMachineWithoutADiskRefusesUntilItIsBack(t *testing.T) {
	at, kept := address(t), t.TempDir()
	bucket := emulator(t, at, kept)
	w := remoteWorld(t, at, t.TempDir())
	w.startRemote()
	w.want(w.post("/orders", "", order("chair", 1)), http.StatusOK, "")
	bucket.Stop()
	served := len(w.up.arrivals())
	w.want(w.post("/orders", "", order("table", 1)), http.StatusServiceUnavailable, "ledger-timeout")
	if len(w.up.arrivals()) != served {
		t.Error("a request that was refused has reached the upstream")
	}
	bucket = emulator(t, at, kept)
	wait.Until(t, "requests are served again", func() bool {
		return w.post("/orders", "", order("bed", 1)).Status == http.StatusOK
	})
	wait.Until(t, "the log tells of the outage", func() bool { return inBucket(t, bucket, "gateway.outage") > 0 })
}

func TestASecondGatewayOnALogInABucketStopsOneOfThem(t *testing.T) {
	at := address(t)
	bucket := emulator(t, at, "")
	keys := t.TempDir()
	first, second := remoteWorld(t, at, keys), remoteWorld(t, at, keys)
	first.startRemote()
	first.want(first.post("/orders", "", order("chair", 1)), http.StatusOK, "")
	second.startRemote() // it wins the next batch
	second.want(second.post("/orders", "", order("chair", 2)), http.StatusOK, "")
	first.want(first.post("/orders", "", order("chair", 3)), http.StatusServiceUnavailable, "ledger-unavailable")
	wait.Until(t, "the log says why", func() bool { return strings.Contains(first.Log(), "another process writes this log") })
	if n := inBucket(t, bucket, "exchange"); n != 2 {
		t.Errorf("the bucket has %d exchanges, want %d", n, 2)
	}
	first.Kill()
	second.want(second.post("/orders", "", order("chair", 4)), http.StatusOK, "")
	second.stop()
	if n := inBucket(t, bucket, "exchange"); n != 3 {
		t.Errorf("the bucket has %d exchanges, want 3", n)
	}
}
