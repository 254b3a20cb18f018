package ledger

import (
	"fmt"
	"os"
	"testing"
	"time"
)

// days makes a log with one sealed segment of three records for each of n days,
// and an open one of today's records.
func days(t *testing.T, n int) (*place, *Log) {
	t.Helper()
	p := newPlace(t)
	for day := range n {
		l := p.open()
		for i := range 3 {
			at := firstDay.AddDate(0, 0, day).Add(time.Duration(i) * time.Hour)
			text := fmt.Appendf(nil, `{"id":"%d-%d","time":%q,"type":"test"}`, day, i, at.Format("2006-01-02T15:04:05.000000Z"))
			if _, err := l.Commit(t.Context(), text); err != nil {
				t.Fatal(err)
			}
		}
		closeLog(t, l)
	}
	l := p.open()
	allSealed(t, l)
	commit(t, l, "today")
	return p, l
}

// allSealed waits until the sealer has been through all that is pending. It
// takes a wake-up only when it has nothing to do, and one waits for it at most:
// when the third is on its way, all that came before the first is done.
func allSealed(t testing.TB, l *Log) {
	t.Helper()
	for range 3 {
		l.sealer.wake <- struct{}{}
	}
	if n := l.Stats().Unsealed; n > 0 {
		t.Fatalf("%d segments could not be sealed", n)
	}
}

// followed seals what l has, and one segment behind it, so that all of the first
// may be purged. It returns the log, opened again.
func (p *place) followed(l *Log) *Log {
	p.t.Helper()
	closeLog(p.t, l)
	l = p.open()
	commit(p.t, l, "later")
	closeLog(p.t, l)
	l = p.open()
	allSealed(p.t, l)
	return l
}

func purge(t *testing.T, l *Log, p Purge) []Purged {
	t.Helper()
	done, err := l.Purge(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func gone(done []Purged) (first []uint64) {
	for _, d := range done {
		if d.Kept == "" {
			first = append(first, d.First)
		}
	}
	return first
}

func (p *place) sealedFirsts() (all []uint64) {
	p.t.Helper()
	sealed, err := segments(fsSource{os.DirFS(p.dir)}, sealedFolder)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, s := range sealed {
		all = append(all, s.first)
	}
	return all
}

// total is how many records the log has had.
func (p *place) total() (n uint64) {
	p.t.Helper()
	if err := Walk(os.DirFS(p.dir), 0, func(line Line) error {
		n = line.Seq + 1
		return nil
	}); err != nil {
		p.t.Fatal(err)
	}
	return n
}
