package ledger

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// evidenceLog is a log of 12 records: 0 to 3 and 4 to 7 in sealed segments, 8
// to 11 in the open one, with a checkpoint at its end.
func evidenceLog(t *testing.T) *place {
	t.Helper()
	p := newPlace(t)
	for i := range 3 {
		l := p.open()
		for j := range 4 {
			commit(t, l, fmt.Sprint("r", i*4+j))
		}
		closeLog(t, l)
		if i < 2 {
			restart(t, p)
		}
	}
	p.noProblems()
	return p
}

// lines edits the lines, without newlines, of the segment that begins with
// record first.
func (p *place) lines(first int, change func([][]byte) [][]byte) {
	p.t.Helper()
	edit := func(text []byte) []byte {
		lines := bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
		return append(bytes.Join(change(lines), []byte("\n")), '\n')
	}
	if first == 8 {
		p.edit("open/*8.ndjson", edit)
		return
	}
	p.edit(fmt.Sprintf("sealed/*/*/*%d.ndjson.gz", first), func(packed []byte) []byte {
		z, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			p.t.Fatal(err)
		}
		text, err := io.ReadAll(z)
		if err != nil {
			p.t.Fatal(err)
		}
		var out bytes.Buffer
		w := gzip.NewWriter(&out)
		w.Write(edit(text))
		w.Close()
		return out.Bytes()
	})
}

// found lists the problems as "kind seq id", or "kind file" when they are about
// no record.
func found(r *Report) (all []string) {
	for _, p := range r.Problems {
		switch {
		case p.Seq < 0 || p.Kind == kindCheckpoint:
			all = append(all, p.Kind+" "+p.Segment)
		case p.Kind == kindMissing:
			all = append(all, fmt.Sprintf("missing %d+%d", p.Seq, p.Count))
		default:
			all = append(all, strings.TrimSpace(fmt.Sprint(p.Kind, " ", p.Seq, " ", p.ID)))
		}
	}
	return all
}

const (
	latest12 = "checkpoint checkpoint"
	stored12 = "checkpoint checkpoints/00000000000000000012"
)

func TestAReportTellsWhatWasRead(t *testing.T) {
	p := evidenceLog(t)
	var calls, last, of int64
	r, err := Verify(t.Context(), os.DirFS(p.dir), VerifyOptions{Progress: func(done, total int64) { calls, last, of = calls+1, done, total }})
	if err != nil {
		t.Fatal(err)
	}
	when := time.Date(2026, 11, 21, 18, 0, 0, 0, time.UTC)
	bytes := int64(0)
	for _, line := range p.read() {
		bytes += int64(len(line)) + 1
	}
	if r.Log != "test" || r.Records != 12 || r.Segments != 3 || r.Bytes != bytes || !r.First.Equal(when) || !r.Last.Equal(when) ||
		r.Checkpoints != 4 || r.KeySource != "ledger" || len(r.KeyHash) != 8 || len(r.Problems) != 0 {
		t.Errorf("%+v", r)
	}
	if calls != 3 || last != of || of == 0 {
		t.Errorf("progress was told %d times, at last %d of %d", calls, last, of)
	}
	if r := p.verify(); r.KeySource != "given" {
		t.Errorf("key source is %s", r.KeySource)
	}
}

func TestVerifySaysWhenItCannot(t *testing.T) {
	p := evidenceLog(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Verify(ctx, os.DirFS(p.dir), VerifyOptions{}); err == nil {
		t.Error("a canceled verification gave a report")
	}
	if _, err := Verify(t.Context(), os.DirFS(p.dir), VerifyOptions{Key: "no key"}); err == nil {
		t.Error("a bad key was used")
	}
	p.drop("public.key")
	if _, err := Verify(t.Context(), os.DirFS(p.dir), VerifyOptions{}); err == nil || !strings.Contains(err.Error(), "public.key") {
		t.Errorf("without a key: %v", err)
	}
	if _, err := Verify(t.Context(), fstest.MapFS{}, VerifyOptions{Key: p.keys.Verifier()}); err == nil || !strings.Contains(err.Error(), "no log") {
		t.Errorf("without a log: %v", err)
	}
}

func TestALogBeingWrittenVerifies(t *testing.T) {
	p := newPlace(t)
	l := p.open(func(o *Options) { o.SealBytes = 4000 })
	commit(t, l, "first")
	stop := underLoad(t, l)
	for range 20 {
		p.verified()
	}
	stop()
	closeLog(t, l)
	p.verified()
}

func TestALogOfManyTilesVerifies(t *testing.T) {
	p := manyTiles(t)
	if r := p.verified(); r.Records != 1280 {
		t.Errorf("%d records", r.Records)
	}
	p.edit("tile/0/001", func(b []byte) []byte { b[32*7]++; return b })
	if got := found(p.verify()); !slices.Equal(got, []string{"tile tile/0/001"}) {
		t.Errorf("found %q", got)
	}
}
