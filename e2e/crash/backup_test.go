package crash

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/caddyrec/caddyrec/e2e/wait"
)

// backup copies a store that is in use, in the order of docs/operations.md.
func (w *world) backup(to string) {
	w.t.Helper()
	for _, name := range []string{
		"caddyrec.json", "keys", "approvals",
		"ledger/main/public.key", "ledger/main/tile", "ledger/main/checkpoints", "ledger/main/checkpoint",
		"ledger/main/keys", "ledger/main/holds", "ledger/main/open", "ledger/main/sealed", "ledger/main/purged",
	} {
		from := filepath.Join(w.Store(), name)
		if _, err := os.Stat(from); os.IsNotExist(err) {
			continue // nothing was sealed or approved yet
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(to, name)), 0o750); err != nil {
			w.t.Fatal(err)
		}
		if out, err := exec.Command("cp", "-a", from, filepath.Dir(filepath.Join(to, name))).CombinedOutput(); err != nil {
			w.t.Fatalf("%v: %s", err, out)
		}
	}
}

// rec runs a command that must do what it is told.
func (w *world) rec(args ...string) {
	w.t.Helper()
	if out, problems, err := w.Command(w.t.Context(), append([]string{"rec"}, args...)...); err != nil {
		w.t.Fatalf("caddy rec %q: %v: %s%s", args, err, out, problems)
	}
}

func TestABackupTakenUnderLoadIsRestoredAndTheLogGoesOn(t *testing.T) {
	w := newWorld(t, newUpstream(t))
	for round := range 2 { // the second with a sealed segment, a changed key and a hold
		w.start()
		if round == 0 {
			w.order("first")
			w.stop()
			w.rec("keys", "rotate", "--store", w.Store())
		}
	}
	w.rec("hold", "--address", "unix/"+filepath.Join(w.Folder, "admin.sock"), "--why", "a test")
	for n := range 3 {
		stop := make(chan struct{})
		var all sync.WaitGroup
		for c := range 4 {
			all.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-stop:
						return
					default:
						w.order(fmt.Sprintf("%d-%d-%d", n, c, i))
					}
				}
			})
		}
		wait.Until(t, "there is load", func() bool { return w.acknowledgedSoFar() > 20*(n+1) })
		restored := newWorld(t, w.up)
		w.mu.Lock()
		restored.acknowledged = append(restored.acknowledged, w.acknowledged...) // in the backup, whatever comes after
		w.mu.Unlock()
		w.backup(restored.Store())
		close(stop)
		all.Wait()

		restored.start()
		if out, _, err := restored.Command(t.Context(), "rec", "holds", "--store", restored.Store()); err != nil || !strings.Contains(out, "a test") {
			t.Errorf("the hold is not in the backup: %v: %s", err, out)
		}
		if a := restored.order("after"); a.status != http.StatusOK {
			t.Errorf("the restored gateway answers with %d %s", a.status, a.reason)
		}
		restored.stop()
		restored.checkLog()
	}
	w.stop()
	w.check()
}

func TestAStoreThatWasMovedGoesOn(t *testing.T) {
	w := newWorld(t, newUpstream(t))
	w.start()
	w.order("before")
	w.stop()
	moved := newWorld(t, w.up)
	if err := os.Rename(w.Store(), moved.Store()); err != nil {
		t.Fatal(err)
	}
	moved.acknowledged = w.acknowledged
	moved.start()
	if a := moved.order("after"); a.status != http.StatusOK {
		t.Errorf("the moved gateway answers with %d %s", a.status, a.reason)
	}
	moved.stop()
	moved.checkLog()
}

func TestWithoutItsSigningKeyALogDoesNotStartAndTheErrorSaysWhatToDo(t *testing.T) {
	w := newWorld(t, newUpstream(t))
	w.start()
	w.order("before")
	w.stop()
	key := filepath.Join(w.Store(), "keys", "main.signing.key")
	if err := os.Rename(key, key+".away"); err != nil {
		t.Fatal(err)
	}
	err := w.Start(t.Context(), config)
	if err == nil {
		t.Fatal("the log went on without its key")
	}
	wantSays(t, err, "main.signing.key is gone", "restore it from a backup, or start a log under another name")
	if err := os.Rename(key+".away", key); err != nil {
		t.Fatal(err)
	}
	w.start()
	w.stop()
	w.check()
}
