package ledger

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestSinceTellsWhatSomebodyDidToTheSegmentsItReads(t *testing.T) {
	start := time.Date(2026, 11, 21, 12, 30, 0, 0, time.UTC)
	change := func(line []byte) []byte { return bytes.Replace(line, []byte(`"text"`), []byte(`"taxt"`), 1) }
	remove := func(p *place, first int) {
		if err := os.Remove(p.only(fmt.Sprintf("sealed/*/*/*%d.ndjson.gz", first))); err != nil {
			p.t.Fatal(err)
		}
	}
	purged := func(p *place, first, end int) {
		write(p.t, p.path(filepath.FromSlash(purgedName(uint64(first)))), fmt.Appendf(nil, `{"first":%d,"end":%d}`, first, end))
	}
	for name, c := range map[string]struct {
		after time.Duration // from segment 4 on
		do    func(p *place)
	}{
		"nothing": {2*time.Hour + time.Second, nil},
		"a record is changed": {2*time.Hour + time.Second, func(p *place) {
			p.lines(6, func(l [][]byte) [][]byte { l[0] = change(l[0]); return l })
		}},
		"the last of a segment is changed": {2*time.Hour + time.Second, func(p *place) {
			p.lines(4, func(l [][]byte) [][]byte { l[1] = change(l[1]); return l })
		}},
		"the newest is changed": {2*time.Hour + time.Second, func(p *place) {
			p.edit("open/*10.ndjson", change)
		}},
		"a segment is gone, as if it was purged": {2*time.Hour + time.Second, func(p *place) {
			remove(p, 6)
			purged(p, 6, 8)
		}},
		"the first segment is gone": {time.Minute, func(p *place) { remove(p, 0) }},
		"the first segment is gone, as if it was purged": {time.Minute, func(p *place) {
			remove(p, 0)
			purged(p, 0, 2)
		}},
		"a later record says that it is old": {2*time.Hour + time.Second, func(p *place) {
			var last []byte
			p.lines(6, func(l [][]byte) [][]byte { last = bytes.Replace(l[1], []byte("2026"), []byte("2025"), 1); return l })
			p.lines(6, func(l [][]byte) [][]byte { return l[:1] })
			old := p.only("sealed/*/*/*6.ndjson.gz")
			text, err := os.ReadFile(old)
			if err != nil {
				p.t.Fatal(err)
			}
			write(p.t, filepath.Join(filepath.Dir(old), "000000000007.ndjson.gz"), text)
			p.lines(7, func([][]byte) [][]byte { return [][]byte{last} })
		}},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPlace(t)
			l := hours(t, p, start)
			allSealed(t, l)
			commit(t, l, "newest")
			if c.do != nil {
				c.do(p)
			}
			if err := l.Since(t.Context(), start.Add(c.after), func(Line) error { return nil }); (err != nil) != (c.do != nil) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestSinceBeginsBehindWhatWasPurgedOnRecord(t *testing.T) {
	p, l := days(t, 3)
	if n := len(gone(purge(t, l, Purge{Before: firstDay.AddDate(0, 0, 1)}))); n == 0 {
		t.Fatal("nothing was purged")
	}
	for range 2 { // told by the process that purged, and by another
		first := p.sealedFirsts()[0]
		next := first
		err := l.Since(t.Context(), time.Time{}, func(line Line) error {
			if line.Seq != next {
				t.Errorf("record %d where %d should be", line.Seq, next)
			}
			next++
			return nil
		})
		if err != nil || first == 0 || next != p.total() {
			t.Errorf("from %d to %d: %v", first, next, err)
		}
		closeLog(t, l)
		l = p.open()
	}
}
