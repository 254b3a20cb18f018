package ledger

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// full makes a disk on which nothing more has a place.
func (f *faulty) full() {
	f.set(func(f *faulty) {
		f.extend, f.create_, f.replac = always(syscall.ENOSPC), always(syscall.ENOSPC), always(syscall.ENOSPC)
	})
}

// space takes back what full did.
func (f *faulty) space() {
	f.set(func(f *faulty) { f.extend, f.create_, f.replac = nil, nil, nil })
}

func TestALogThatCannotBeginItsSegmentStartsAndRefusesUntilItCan(t *testing.T) {
	for name, c := range map[string]struct {
		fault  error
		reason string
	}{
		"full":      {syscall.ENOSPC, reasonFull},
		"quota":     {syscall.EDQUOT, reasonFull},
		"read-only": {syscall.EROFS, reasonUnavailable},
		"broken":    {syscall.EIO, reasonUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			l := p.open()
			commit(t, l, "a")
			closeLog(t, l)
			d := p.faulty()
			d.create_, d.replac = always(c.fault), always(c.fault)
			l = p.open(func(o *Options) { o.disk = d })
			for range 2 {
				if _, err := l.Commit(t.Context(), fields("refused")); reasonOf(err) != c.reason {
					t.Errorf("got %v, want %s", err, c.reason)
				}
			}
			if got := p.problemsSoFar(); len(got) == 0 || !errors.Is(got[0], c.fault) {
				t.Errorf("problems: %v, want the fault", got)
			}
			d.space()
			commit(t, l, "b")
			closeLog(t, l)
			hasTexts(t, p.read(), "a", "b")
			p.verified()
		})
	}
}

func TestALogThatMayNotWriteItsFolderDoesNotStart(t *testing.T) {
	p := newPlace(t)
	d := p.faulty()
	d.create_ = always(syscall.EACCES)
	o := p.options()
	o.disk = d
	if l, err := Open(o); !errors.Is(err, fs.ErrPermission) {
		if err == nil {
			l.Close()
		}
		t.Errorf("got %v, want the operator's mistake to be told at the start", err)
	}
}

func TestWhatARecoveryCutIsToldOnceThereIsSpace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, file, text := crashed(t, "a", "b")
		write(t, file, text[:len(text)-9])
		d := p.faulty()
		d.full()
		l := p.open(func(o *Options) { o.disk, o.retry = d, 0 })
		if _, err := l.Commit(t.Context(), fields("refused")); reasonOf(err) != reasonFull {
			t.Errorf("got %v, want %s", err, reasonFull)
		}
		d.space()
		time.Sleep(3 * time.Second) // the bubble's clock
		commit(t, l, "c")
		closeLog(t, l)
		lines := p.read()
		if len(lines) != 3 || !strings.Contains(lines[1], `"gateway.recovered"`) {
			t.Errorf("the records are %q, want one that tells of the cut in the middle", lines)
		}
		p.verified()
	})
}

func TestALogOnAFullDiskCanBeClosedBeforeItEverBegan(t *testing.T) {
	p, file, text := crashed(t, "a", "b")
	write(t, file, text[:len(text)-9])
	d := p.faulty()
	d.full()
	l := p.open(func(o *Options) { o.disk, o.retry = d, time.Hour })
	l.Close() // has no place for its checkpoint
	d.space()
	closeLog(t, p.open())
	hasTexts(t, p.read()[:1], "a")
	p.verified()
}

func TestFindingThePublicKeyMakesNoFile(t *testing.T) {
	p := newPlace(t)
	closeLog(t, p.open())
	before, err := os.Stat(p.dir)
	if err != nil {
		t.Fatal(err)
	}
	l := &Log{opts: p.options()}
	if l.root, err = os.OpenRoot(p.dir); err != nil {
		t.Fatal(err)
	}
	defer l.root.Close()
	if err := l.takeKeys(); err != nil {
		t.Error(err)
	}
	if after, err := os.Stat(p.dir); err != nil || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("the folder was changed, which a full disk would not let: %v", err)
	}
}
