package cli

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/caddyrec/caddyrec/ledger"
)

// listingFS counts how often the folder of all sealed segments is opened: to list
// it takes a few times.
type listingFS struct {
	fs.FS
	listed int
}

func (f *listingFS) Open(name string) (fs.File, error) {
	if name == "sealed" {
		f.listed++
	}
	return f.FS.Open(name)
}

// manySegments is a log of so many segments, a record each, of which some are
// damaged.
func manySegments(n int, damaged func(i int) bool) *listingFS {
	files := fstest.MapFS{}
	for i := range n {
		var b bytes.Buffer
		if !damaged(i) {
			z := gzip.NewWriter(&b)
			fmt.Fprintf(z, `{"seq":%d,"prev":"%s","log":"main","id":"x","time":"2026-11-21T10:00:00.000000Z","type":"intent"}`+"\n", i, strings.Repeat("A", 43)+"=")
			z.Close()
		}
		files[fmt.Sprintf("sealed/dt=2026-11-21/hour=10/%012d.ndjson.gz", i)] = &fstest.MapFile{Data: b.Bytes()}
	}
	return &listingFS{FS: files}
}

func TestDamagedSegmentsDoNotHaveTheLogListedForEachOne(t *testing.T) {
	for name, c := range map[string]struct {
		want    filter
		last    int
		damaged func(i int) bool
	}{
		"all, a session":             {filter{session: "s_1"}, 0, func(int) bool { return true }},
		"every other, a session":     {filter{session: "s_1"}, 5, func(i int) bool { return i%2 == 1 }},
		"the first, somebody's last": {filter{sub: "nobody"}, 5, func(i int) bool { return i == 0 }},
	} {
		files := manySegments(300, c.damaged)
		l := list{con: newScreen().console, src: &source{FS: files, log: "main"}, want: c.want, last: c.last}
		if err := l.records(); err == nil {
			t.Errorf("%s: no error", name)
		}
		if files.listed > 6*(mostFaults+3) {
			t.Errorf("%s: the folder was opened %d times", name, files.listed)
		}
	}
}

func TestWhatIsBehindDamagedSegmentsIsReadOn(t *testing.T) {
	files := manySegments(20, func(i int) bool { return i%5 == 0 })
	src := &source{FS: files, log: "main"}
	var all []stretch
	for i := range uint64(20) {
		all = append(all, stretch{i, i + 1})
	}
	all[19].to = toTheEnd
	var seqs []uint64
	err := src.walkOn(all, func(l ledger.Line) error {
		seqs = append(seqs, l.Seq)
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "000000000000") || fmt.Sprint(seqs) != "[1 2 3 4 6 7 8 9 11 12 13 14 16 17 18 19]" {
		t.Errorf("read %d, error %v", seqs, err)
	}
}

func TestAWalkThatGivesUpSaysWhereFrom(t *testing.T) {
	walk := func(n int) error {
		var all []stretch
		for i := range uint64(n) {
			all = append(all, stretch{i, i + 1})
		}
		all[n-1].to = toTheEnd
		src := &source{FS: manySegments(n, func(int) bool { return true }), log: "main"}
		return src.walkOn(all, func(ledger.Line) error { return nil })
	}
	if err := walk(mostFaults); err == nil || strings.Contains(err.Error(), "gave up") {
		t.Errorf("all were looked at: %v", err)
	}
	err := walk(mostFaults + 1)
	if err == nil || !strings.Contains(err.Error(), "000000000000") || !strings.Contains(err.Error(), fmt.Sprintf("gave up, and did not look at the one of record %d", mostFaults)) {
		t.Errorf("one was not looked at: %v", err)
	}
}
