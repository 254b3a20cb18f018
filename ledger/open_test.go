package ledger

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestDamageInTheSealedPartStopsNothing(t *testing.T) {
	for name, harm := range map[string]func(p *place){
		"a sealed segment is damaged": func(p *place) {
			p.edit("sealed/*/*/*", func(b []byte) []byte { return append(b[:50:50], b[60:]...) })
		},
		"a sealed segment is gone":  func(p *place) { p.drop("sealed") },
		"the tiles are gone":        func(p *place) { p.drop("tile") },
		"a tile is damaged":         func(p *place) { p.edit("tile/0/000.p/*", func(b []byte) []byte { b[0]++; return b }) },
		"the checkpoint is too old": func(p *place) { p.drop("checkpoint") },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			l := p.open()
			commit(t, l, "a", "b", "c")
			closeLog(t, l)
			restart(t, p)
			harm(p)
			l = p.open()
			commit(t, l, "d")
			closeLog(t, l)
			harmed := p.problemsSoFar()
			if strings.Contains(name, "tile") && len(harmed) == 0 {
				t.Error("nothing was reported")
			}
		})
	}
}

func TestOnlyOneProcessWritesALog(t *testing.T) {
	p := newPlace(t)
	l := p.open()
	_, err := Open(p.options())
	if err == nil || !strings.Contains(err.Error(), fmt.Sprint("process id ", os.Getpid())) || !strings.Contains(err.Error(), p.dir) {
		t.Errorf("got %v, want a refusal that names the folder and the process", err)
	}
	closeLog(t, l)
	closeLog(t, p.open())
}

func TestALogGoesOnOnlyUnderItsKey(t *testing.T) {
	p := newPlace(t)
	l := p.open()
	commit(t, l, "a")
	closeLog(t, l)
	other, err := LoadKeys(t.TempDir(), "test")
	if err != nil {
		t.Fatal(err)
	}
	o := p.options()
	o.Keys = other
	if _, err := Open(o); err == nil || !strings.Contains(err.Error(), "another key") {
		t.Errorf("got %v, want a refusal", err)
	}
	p.drop("public.key") // then the checkpoints tell
	if _, err := Open(o); err == nil || !strings.Contains(err.Error(), "another key") {
		t.Errorf("got %v, want a refusal", err)
	}
}

func TestOptionsThatMakeNoLogAreRefused(t *testing.T) {
	p := newPlace(t)
	for name, change := range map[string]func(*Options){
		"no folder":        func(o *Options) { o.Dir = "" },
		"no store":         func(o *Options) { o.Store = nil },
		"no keys":          func(o *Options) { o.Keys = nil },
		"zero keys":        func(o *Options) { o.Keys = &Keys{} },
		"a bad name":       func(o *Options) { o.Log = `a"b` },
		"another log":      func(o *Options) { o.Log = "other" },
		"giant segments":   func(o *Options) { o.SealBytes = 2 << 30 },
		"a negative time":  func(o *Options) { o.SealAfter = -1 },
		"a negative time ": func(o *Options) { o.CheckpointEvery = -1 },
	} {
		o := p.options()
		change(&o)
		if l, err := Open(o); err == nil {
			l.Close()
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestWhatACrashLeftHalfWrittenIsSwept(t *testing.T) {
	p := newPlace(t)
	closeLog(t, p.open())
	left := p.path(tempPrefix + "X")
	write(t, left, []byte("half"))
	closeLog(t, p.open())
	if _, err := os.Stat(left); err == nil {
		t.Error("it is still there")
	}
}
