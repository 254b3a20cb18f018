package crash

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/caddyrec/caddyrec/e2e/wait"
	"github.com/caddyrec/caddyrec/record"
)

// mounts are ways to have a small disk of one's own. They need root.
var mounts = map[string]func(t *testing.T, at string) error{
	"tmpfs": func(_ *testing.T, at string) error {
		return unix.Mount("tmpfs", at, "tmpfs", 0, fmt.Sprintf("size=%d", diskSize))
	},
	"ext4": func(t *testing.T, at string) error {
		image := filepath.Join(t.TempDir(), "disk")
		if err := os.WriteFile(image, nil, 0o600); err != nil {
			return err
		}
		if err := os.Truncate(image, diskSize); err != nil {
			return err
		}
		if out, err := exec.Command("mkfs.ext4", "-q", "-m", "0", image).CombinedOutput(); err != nil {
			return fmt.Errorf("mkfs.ext4: %w: %s", err, out)
		}
		if out, err := exec.Command("mount", "-o", "loop", image, at).CombinedOutput(); err != nil {
			return fmt.Errorf("mount: %w: %s", err, out)
		}
		return nil
	},
}

const diskSize = 48 << 20

// fill takes all the space there is on the disk of folder, and gives it back
// when release is called.
func fill(t *testing.T, folder string) (release func()) {
	t.Helper()
	f, err := os.Create(filepath.Join(folder, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size >= 1; size /= 4 {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("filling the disk: %v", err)
		}
	}
	if err := f.Sync(); err != nil && !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(f.Name()); err != nil {
			t.Error(err)
		}
	}
}

func TestOnAFullDiskWhatIsInFlightIsClosedAndServiceResumesWithSpace(t *testing.T) {
	for name, mount := range mounts {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, newUpstream(t))
			if err := mount(t, w.Folder); err != nil {
				t.Skipf("not tested is a full disk of this kind: it takes root with CAP_SYS_ADMIN (in a container: --privileged), and ext4 takes mkfs.ext4 of e2fsprogs and a loop device: %v", err)
			}
			t.Cleanup(func() {
				w.Kill()
				if err := unix.Unmount(w.Folder, 0); err != nil {
					t.Error(err)
				}
			})
			w.start()
			const inFlight = 200
			w.held("warm", inFlight)() // connections to the upstream are kept
			http.DefaultClient.CloseIdleConnections()
			before := w.goroutines()
			release := w.held("held", inFlight)
			empty := fill(t, w.Folder)

			// New orders use up what they may, and are then refused.
			refused := 0
			for n := 0; refused < 20; n++ {
				switch a := w.order(fmt.Sprint("new-", n)); {
				case a.status == http.StatusServiceUnavailable && a.reason == "ledger-full" && a.took < bound:
					refused++
				case a.status == http.StatusOK && n < 10_000:
				default:
					t.Fatalf("order %d on a full disk is answered with %d %s after %v", n, a.status, a.reason, a.took)
				}
			}
			for i, a := range release() {
				if a.status != http.StatusOK {
					t.Errorf("order %d of those in flight is answered with %d %s", i, a.status, a.reason)
				}
			}
			w.noGrowth(before)

			// A process that ends on the full disk comes up again and says so.
			w.Kill()
			w.start()
			if a := w.order("restarted"); a.status != http.StatusServiceUnavailable || a.reason != "ledger-full" {
				t.Errorf("after a restart an order is answered with %d %s", a.status, a.reason)
			}
			empty()
			wait.Until(t, "orders are served again", func() bool { return w.order("after").status == http.StatusOK })
			w.stop()
			w.check()
		})
	}
}

// What is kept of a full disk is a mebibyte; this outcome is two.
func TestOnAFullDiskAnOutcomeThatIsTooLargeIsClosedWithoutItsBodies(t *testing.T) {
	w := newWorld(t, newUpstream(t))
	if err := mounts["tmpfs"](t, w.Folder); err != nil {
		t.Skipf("not tested is an outcome larger than what is kept of a full disk: it takes root with CAP_SYS_ADMIN (in a container: --privileged): %v", err)
	}
	t.Cleanup(func() {
		w.Kill()
		if err := unix.Unmount(w.Folder, 0); err != nil {
			t.Error(err)
		}
	})
	w.start()
	release := w.held("large", 1)
	empty := fill(t, w.Folder)
	for n := 0; w.order(fmt.Sprint("new-", n)).status == http.StatusOK; n++ { // until only what is kept is left
		if n == 10_000 {
			t.Fatal("the disk is never full")
		}
	}
	if a := release()[0]; a.status != http.StatusOK {
		t.Errorf("the order in flight is answered with %d %s", a.status, a.reason)
	}
	empty()
	wait.Until(t, "orders are served again", func() bool { return w.order("after").status == http.StatusOK })
	w.stop()
	lines, err := w.Records("main")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range lines {
		if r.Type != record.ExchangeType || !strings.Contains(r.Request.URL, "/large-") {
			continue
		}
		if b := r.Response.Body; b.Content != nil || b.Omitted != "too-large" || b.Size < 1_000_000 || b.Digest == "" {
			t.Errorf("the outcome has the body %+v", b)
		}
		w.check()
		return
	}
	t.Error("the order has no outcome")
}
