package ledger

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

func TestVerifyNamesWhatAnAttackerDid(t *testing.T) {
	flip := func(first, n int) func(*place) {
		return func(p *place) {
			p.lines(first, func(l [][]byte) [][]byte {
				l[n] = bytes.Replace(l[n], []byte(`"text":"r`), []byte(`"text":"s`), 1)
				return l
			})
		}
	}
	line := func(first int, change func([][]byte) [][]byte) func(*place) {
		return func(p *place) { p.lines(first, change) }
	}
	cases := map[string]struct {
		do   func(*place)
		want []string
	}{
		"flip a byte in the first record":           {flip(0, 0), []string{"damaged 0 id-r0"}},
		"flip a byte in a sealed record":            {flip(4, 2), []string{"damaged 6 id-r6"}},
		"flip a byte in a sealed segment's last":    {flip(4, 3), []string{"damaged 7 id-r7"}},
		"flip a byte in an open record":             {flip(8, 1), []string{"damaged 9 id-r9"}},
		"flip a byte in the open segment's first":   {flip(8, 0), []string{"damaged 8 id-r8"}},
		"flip a byte in the very last record":       {flip(8, 3), []string{stored12, latest12, "damaged 11 id-r11"}},
		"flip bytes in two records":                 {func(p *place) { flip(0, 1)(p); flip(8, 2)(p) }, []string{"damaged 1 id-r1", "damaged 10 id-r10"}},
		"flip bytes in two neighbours, sealed":      {func(p *place) { flip(0, 1)(p); flip(0, 2)(p) }, []string{"damaged 1 id-r1", "damaged 2 id-r2"}},
		"flip bytes in two neighbours, open":        {func(p *place) { flip(8, 1)(p); flip(8, 2)(p) }, []string{"damaged 9 id-r9", "damaged 10 id-r10"}},
		"change a seq, sealed":                      {line(0, func(l [][]byte) [][]byte { l[1][7] = '2'; return l }), []string{"damaged 1 id-r1"}},
		"change a seq, open":                        {line(8, func(l [][]byte) [][]byte { l[1][7] = '8'; return l }), []string{"damaged 9 id-r9"}},
		"change a prev, sealed":                     {line(0, func(l [][]byte) [][]byte { l[2][20] ^= 1; return l }), []string{"damaged 2 id-r2"}},
		"change a prev, open":                       {line(8, func(l [][]byte) [][]byte { l[2][20] ^= 1; return l }), []string{"damaged 10 id-r10"}},
		"break a record's JSON":                     {line(8, func(l [][]byte) [][]byte { l[1][len(l[1])-2] = 'x'; return l }), []string{"damaged 9 id-r9"}},
		"put a newline into a record, sealed":       {line(0, func(l [][]byte) [][]byte { l[1][60] = '\n'; return l }), []string{"damaged 1", "damaged 1"}},
		"put a NUL into a record, open":             {line(8, func(l [][]byte) [][]byte { l[1][3] = 0; return l }), []string{"damaged 9 id-r9"}},
		"drop a record, sealed":                     {line(4, func(l [][]byte) [][]byte { return slices.Delete(l, 1, 2) }), []string{"missing 5+1"}},
		"drop the first record":                     {line(0, func(l [][]byte) [][]byte { return l[1:] }), []string{"missing 0+1"}},
		"drop a segment's last, sealed":             {line(4, func(l [][]byte) [][]byte { return l[:3] }), []string{"missing 7+1"}},
		"drop a record, open":                       {line(8, func(l [][]byte) [][]byte { return slices.Delete(l, 1, 2) }), []string{"missing 9+1"}},
		"drop two records, sealed":                  {line(4, func(l [][]byte) [][]byte { return slices.Delete(l, 1, 3) }), []string{"missing 5+2"}},
		"drop the last record":                      {line(8, func(l [][]byte) [][]byte { return l[:3] }), []string{"missing 11+1", stored12, latest12}},
		"drop two records, open":                    {line(8, func(l [][]byte) [][]byte { return slices.Delete(l, 1, 3) }), []string{"missing 9+2", stored12, latest12}},
		"swap two records, sealed":                  {line(4, func(l [][]byte) [][]byte { l[1], l[2] = l[2], l[1]; return l }), []string{"reordered 5 id-r5"}},
		"swap two records, open":                    {line(8, func(l [][]byte) [][]byte { l[1], l[2] = l[2], l[1]; return l }), []string{"reordered 9 id-r9"}},
		"duplicate a record, sealed":                {line(4, func(l [][]byte) [][]byte { return slices.Insert(l, 2, l[1]) }), []string{"duplicate 5 id-r5"}},
		"duplicate a record, open":                  {line(8, func(l [][]byte) [][]byte { return append(l, l[1]) }), []string{"duplicate 9 id-r9"}},
		"put a record into another segment":         {func(p *place) { p.moveLine() }, []string{"reordered 1 id-r1"}},
		"insert a line of one's own, sealed":        {line(4, func(l [][]byte) [][]byte { return slices.Insert(l, 2, []byte(`{"seq":6}`)) }), []string{"inserted 5"}},
		"cut a sealed segment's file":               {func(p *place) { p.edit("sealed/*/*/*4.ndjson.gz", func(b []byte) []byte { return b[:len(b)-9] }) }, []string{"segment " + sealed4}},
		"make a sealed segment no gzip":             {func(p *place) { p.edit("sealed/*/*/*4.ndjson.gz", func(b []byte) []byte { return []byte("gone") }) }, []string{"segment " + sealed4, "missing 4+4"}},
		"delete a sealed segment":                   {func(p *place) { os.Remove(p.only("sealed/*/*/*4.ndjson.gz")) }, []string{"missing 4+4"}},
		"delete the first segment":                  {func(p *place) { os.Remove(p.only("sealed/*/*/*0.ndjson.gz")) }, []string{"missing 0+4"}},
		"delete the open segment":                   {func(p *place) { p.drop("open") }, []string{"missing 8+4", stored12, latest12}},
		"delete all segments":                       {func(p *place) { p.drop("open", "sealed") }, []string{"missing 0+12", "checkpoint checkpoints/00000000000000000004", "checkpoint checkpoints/00000000000000000008", stored12, latest12}},
		"copy a sealed segment":                     {func(p *place) { p.copySegment() }, []string{"duplicate " + strings.Replace(sealed4, "hour=18", "hour=19", 1)}},
		"forge a checkpoint with another key":       {func(p *place) { p.forge("checkpoint", 12) }, []string{"signature checkpoint"}},
		"forge a stored checkpoint":                 {func(p *place) { p.forge("checkpoints/00000000000000000008", 8) }, []string{"signature checkpoints/00000000000000000008"}},
		"make a checkpoint another's":               {func(p *place) { p.edit("checkpoints/*8", func([]byte) []byte { return p.readFile("checkpoints/*4") }) }, []string{"checkpoint checkpoints/00000000000000000008"}},
		"delete the newest checkpoint":              {func(p *place) { p.drop("checkpoint") }, []string{"checkpoint checkpoint"}},
		"change a tile":                             {func(p *place) { p.edit("tile/0/000.p/8", func(b []byte) []byte { b[40]++; return b }) }, []string{"tile tile/0/000.p/8"}},
		"delete a tile":                             {func(p *place) { p.drop("tile/0/000.p/8") }, []string{"tile tile/0/000.p/8"}},
		"change a record and its tile":              {func(p *place) { flip(4, 1)(p); p.retile() }, []string{"damaged 5 id-r5", "tile tile/0/000.p/8"}},
		"replace the key beside the log":            {func(p *place) { p.edit("public.key", func([]byte) []byte { return []byte(otherKey(p.t).Verifier()) }) }, []string{"key public.key"}},
		"rewrite the open segment from a record on": {func(p *place) { p.rewrite(9) }, []string{stored12, latest12, "damaged 11 id-r11"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := evidenceLog(t)
			p.verified()
			c.do(p)
			if got := found(p.verify()); !slices.Equal(got, c.want) {
				t.Errorf("found %q\nwant  %q", got, c.want)
			}
		})
	}
}

const sealed4 = "sealed/dt=2026-11-21/hour=18/000000000004.ndjson.gz"

func (p *place) readFile(pattern string) []byte {
	p.t.Helper()
	text, err := os.ReadFile(p.only(pattern))
	if err != nil {
		p.t.Fatal(err)
	}
	return text
}

func (p *place) moveLine() {
	var moved []byte
	p.lines(0, func(l [][]byte) [][]byte { moved = l[1]; return l })
	p.lines(4, func(l [][]byte) [][]byte { return slices.Insert(l, 1, moved) })
}

func (p *place) copySegment() {
	write(p.t, p.path(filepath.FromSlash(strings.Replace(sealed4, "hour=18", "hour=19", 1))), p.readFile("sealed/*/*/*4.ndjson.gz"))
}

func otherKey(t testing.TB) *Keys {
	k, err := LoadKeys(t.TempDir(), "test")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// forge signs a checkpoint of another root with another key of the same name.
func (p *place) forge(name string, size uint64) {
	signed, err := checkpoint{size, tlog.RecordHash(nil)}.sign("test", otherKey(p.t).signer)
	if err != nil {
		p.t.Fatal(err)
	}
	write(p.t, p.path(filepath.FromSlash(name)), signed)
}

// retile makes the leaf tile fit the records of the sealed segments as they are
// now.
func (p *place) retile() {
	p.edit("tile/0/000.p/8", func(b []byte) []byte {
		b = b[:0]
		Walk(os.DirFS(p.dir), 0, func(l Line) error {
			if l.Seq < 8 {
				h := tlog.RecordHash(l.Raw)
				b = append(b, h[:]...)
			}
			return nil
		})
		return b
	})
}

// rewrite changes an open record and makes the chain behind it anew.
func (p *place) rewrite(seq int) {
	p.lines(8, func(l [][]byte) [][]byte {
		l[seq-8] = bytes.Replace(l[seq-8], []byte(`"text":"r`), []byte(`"text":"s`), 1)
		for i := seq - 8 + 1; i < len(l); i++ {
			_, rest, _ := bytes.Cut(l[i], []byte(`"log":"test",`))
			l[i] = append(appendHead(nil, uint64(8+i), tlog.RecordHash(l[i-1]), "test"), rest...)
		}
		return l
	})
}

func TestEveryFlippedBitIsFoundAndNamesItsRecord(t *testing.T) {
	for _, first := range []int{4, 8} {
		p := evidenceLog(t)
		var lines [][]byte
		p.lines(first, func(l [][]byte) [][]byte {
			for _, line := range l {
				lines = append(lines, bytes.Clone(line))
			}
			return l
		})
		for n, line := range lines {
			for at := 0; at < len(line); at += 2 + at%5 {
				p.lines(first, func(l [][]byte) [][]byte {
					for i := range lines {
						l[i] = bytes.Clone(lines[i])
					}
					l[n][at] ^= 1 << (at % 7)
					return l
				})
				r := p.verify()
				if !slices.ContainsFunc(r.Problems, func(q Problem) bool { return q.Kind == kindDamaged && q.Seq == int64(first+n) }) {
					t.Fatalf("byte %d of record %d: found %q", at, first+n, found(r))
				}
				for _, q := range r.Problems {
					if q.Kind == kindDamaged && q.Seq != int64(first+n) {
						t.Errorf("byte %d of record %d: found %q", at, first+n, found(r))
					}
				}
				// The edit helper splits at newlines: start from the good text.
				p.restore(first, lines)
			}
		}
	}
}

func (p *place) restore(first int, lines [][]byte) {
	p.lines(first, func([][]byte) [][]byte { return slices.Clone(lines) })
}
