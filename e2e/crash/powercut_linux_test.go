package crash

import (
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"

	"github.com/caddyrec/caddyrec/e2e/calls"
)

// cutter is a killer that cuts the power: what was not durable by then goes, or
// some of it.
type cutter struct {
	*killer
	*platter
	folder string
	frozen bool
}

func (c *cutter) decide(call calls.Call) calls.Verdict {
	if call.Path != c.folder && !strings.HasPrefix(call.Path, c.platter.store) {
		return calls.Verdict{}
	}
	c.platter.mu.Lock()
	defer c.platter.mu.Unlock()
	if c.frozen {
		return calls.Verdict{Kill: true}
	}
	if v := c.killer.decide(call); v.Kill {
		c.frozen = true
		c.next(call.Thread)
		c.freeze(call.Process)
		return v
	}
	c.see(call)
	return calls.Verdict{}
}

// now cuts the power at whatever moment this is.
func (c *cutter) now(pid int) {
	c.platter.mu.Lock()
	defer c.platter.mu.Unlock()
	if !c.frozen {
		c.frozen = true
		c.freeze(pid)
		syscall.Kill(pid, syscall.SIGKILL)
	}
}

func TestWhateverIsAcknowledgedIsThereAfterAPowerCut(t *testing.T) {
	needCalls(t)
	up := newUpstream(t)
	first, later := newKinds(), newKinds()
	var acknowledged, atCalls, names, files int
	told := newProgress(t, "power cuts", *cuts)
	for round := 0; round < *cuts; {
		told.at(round)
		w := newWorld(t, up)
		k := first
		for end := min(round+lifetime, *cuts); round < end; round++ {
			disk, err := newPlatter(w)
			if err != nil {
				t.Fatal(err)
			}
			c := &cutter{killer: &killer{kinds: k, store: w.Store(), seen: map[string]int{}}, platter: disk, folder: w.Folder}
			if round%5 != 4 {
				c.kind, c.nth = k.next()
			}
			w.Calls = c.decide
			err = w.Start(t.Context(), config)
			first.close()
			if err != nil && !c.hit {
				t.Fatalf("round %d: %v", round, err)
			}
			if err == nil {
				w.load(round, 4+rand.IntN(60))
				c.now(w.Pid())
				w.Kill()
				k = later
			}
			if c.hit {
				atCalls++
			}
			n, m, err := disk.cut()
			if err != nil {
				t.Fatalf("round %d: cutting the power: %v", round, err)
			}
			names, files = names+n, files+m
		}
		w.check()
		for _, items := range w.acknowledged {
			acknowledged += len(items)
		}
		if t.Failed() {
			w.keep()
			t.Fatalf("A PROMISE IS BROKEN within the %d power cuts before round %d; the gateway's log is\n%s", lifetime, round, w.Log())
		}
	}
	t.Logf("%d power cuts, %d of them just before a call; %d names and %d files were as they had been; %d orders were acknowledged: each of these is in the log, in order, once",
		*cuts, atCalls, names, files, acknowledged)
	if acknowledged == 0 || names == 0 || files == 0 {
		t.Error("too little came of it to prove anything")
	}
}
