package ledger

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestASessionsRecordsAreFoundWithoutReadingTheOtherSegments(t *testing.T) {
	p, l := sessions(t)
	for name, r := range map[string]*Reader{
		"folder": newReader(t, os.DirFS(p.dir), p.keys.Verifier()),
		"log":    l.Reader(),
		"store":  newReader(t, NewStoreFolder(t.Context(), p.store, "test", os.DirFS(p.dir)), p.keys.Verifier()),
	} {
		t.Run(name, func(t *testing.T) {
			found := wantSeqs(t, r, "s1", 0, 2, 5, 9, 12)
			if found.Next != 14 {
				t.Errorf("next is %d", found.Next)
			}
			wantSeqs(t, r, "s3", 11)
			wantSeqs(t, r, "nobody")
			want := []string{"0 signed", "2 signed", "5 signed", "9 signed", "12 signed"}
			if got := proofs(t, r, found.Seqs...); !slices.Equal(got, want) {
				t.Errorf("got %v", got)
			}
		})
	}
	files := &opened{FS: os.DirFS(p.dir)}
	wantSeqs(t, newReader(t, files, ""), "s3", 11)
	if files.count("index/") != 3 || files.count("sealed/") != files.count("sealed/dt=2026-11-21/hour=18/000000000008") {
		t.Errorf("opened %v", files.names)
	}
	p.verified()
	p.noProblems()
}

func TestANewRecordIsSeenAndSoIsASealMeanwhile(t *testing.T) {
	p, l := sessions(t)
	r := newReader(t, os.DirFS(p.dir), "")
	before := wantSeqs(t, r, "s1", 0, 2, 5, 9, 12)
	more := func(want ...uint64) {
		t.Helper()
		found, err := r.More(context.Background(), before)
		if err != nil || !slices.Equal(found.Seqs, want) {
			t.Fatalf("now at %v (%v), want %v", found.Seqs, err, want)
		}
		before = found
	}
	commitOf(t, l, of("approval.voted", "", "x6"))
	wantSeqs(t, r, "s1", 0, 2, 5, 9, 12, 14)
	more(0, 2, 5, 9, 12, 14)
	commitOf(t, l, of("approval.requested", "", "x20"))
	more(0, 2, 5, 9, 12, 14)
	p.after(func() bool { return len(p.sealedSegments()) == 4 })
	commitOf(t, l, of("exchange", "s1", "x10"))
	found := wantSeqs(t, r, "s1", 0, 2, 5, 9, 12, 14, 16)
	more(0, 2, 5, 9, 12, 14, 16)
	p.after(func() bool { return p.newestSize() == 17 })
	commitOf(t, l, of("exchange", "s1", "x20"))
	more(0, 2, 5, 9, 12, 14, 15, 16, 17) // of whom the request for approval was is known only now
	if got := proofs(t, r, found.Seqs...); len(got) != 7 || got[5] != "14 signed" || got[6] != "16 signed" {
		t.Errorf("got %v", got)
	}
}

func TestARecordThatNoCheckpointIsSignedForYetSaysSo(t *testing.T) {
	p := newPlace(t)
	l := p.open(func(o *Options) { o.CheckpointEvery = time.Hour })
	commitOf(t, l, of("exchange", "s1", "x1"), of("exchange", "s1", "x2"))
	r := newReader(t, os.DirFS(p.dir), "")
	if got := proofs(t, r, wantSeqs(t, r, "s1", 0, 1).Seqs...); !slices.Equal(got, []string{"0 unsigned", "1 unsigned"}) {
		t.Errorf("got %v", got)
	}
}

func TestADamagedRecordIsGivenAsDamagedAndTheOthersAsSigned(t *testing.T) {
	const sealed, open = "sealed/*/*/000000000000.ndjson.gz", "open/*.ndjson"
	for _, c := range []struct {
		name, pattern string
		change        func(text string) string
		want          []string
	}{
		{"a sealed body", sealed, func(s string) string { return strings.Replace(s, `"x0"`, `"xx"`, 1) },
			[]string{"0 signed", "2 damaged", "5 signed", "9 signed", "12 signed"}},
		{"a sealed line gone", sealed, func(s string) string {
			lines := strings.SplitAfter(s, "\n")
			return lines[0] + lines[1] + lines[3]
		}, []string{"0 signed", "2 damaged", "5 signed", "9 signed", "12 signed"}},
		{"a sealed line that says it is another", sealed, func(s string) string { return strings.Replace(s, `{"seq":0,`, `{"seq":3,`, 1) },
			[]string{"0 damaged", "2 signed", "5 signed", "9 signed", "12 signed"}},
		{"an open body", open, func(s string) string { return strings.Replace(s, `"x6"`, `"xx"`, 1) },
			[]string{"0 signed", "2 signed", "5 signed", "9 signed", "12 damaged"}},
		{"an open record that has left its session", open, func(s string) string { return strings.Replace(s, `"s1"`, `"s9"`, 1) },
			[]string{"0 signed", "2 signed", "5 signed", "9 signed", "12 damaged"}},
		{"an open record after it that names another before it", open, func(s string) string {
			first, second, _ := strings.Cut(s, "\n")
			i := strings.Index(second, `"prev":"`) + len(`"prev":"`)
			return first + "\n" + second[:i] + strings.Repeat("A", 43) + second[i+43:]
		}, []string{"0 signed", "2 signed", "5 signed", "9 signed", "12 damaged"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, l := sessions(t)
			closeLog(t, l)
			file := p.only(c.pattern)
			text := string(mustRead(t, file))
			if c.pattern == sealed {
				write(t, file, packed(t, strings.NewReader(c.change(unpackedText(t, text)))))
			} else {
				write(t, file, []byte(c.change(text)))
			}
			r := newReader(t, os.DirFS(p.dir), p.keys.Verifier())
			found, err := r.Session(context.Background(), "s1")
			if err != nil {
				t.Fatal(err)
			}
			if got := proofs(t, r, found.Seqs...); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestASegmentThatCannotBeUnpackedGivesItsRecordsAsDamaged(t *testing.T) {
	p, l := sessions(t)
	closeLog(t, l)
	write(t, p.only("sealed/*/*/000000000008.ndjson.gz"), []byte("no gzip"))
	r := newReader(t, os.DirFS(p.dir), "")
	if got := proofs(t, r, 0, 9, 12); !slices.Equal(got, []string{"0 signed", "9 damaged", "12 signed"}) {
		t.Errorf("got %v", got)
	}
}

func TestEntriesEndsWithTheCallersError(t *testing.T) {
	p, _ := sessions(t)
	enough := errors.New("enough")
	n := 0
	err := newReader(t, os.DirFS(p.dir), "").Entries(context.Background(), []uint64{0, 2, 12}, func(Entry) error {
		if n++; n == 2 {
			return enough
		}
		return nil
	})
	if err != enough || n != 2 {
		t.Errorf("%d records, %v", n, err)
	}
}

func unpackedText(t *testing.T, packed string) string {
	t.Helper()
	z, err := gzip.NewReader(strings.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func BenchmarkIndexingARecord(b *testing.B) {
	lines := make([][]byte, 64)
	for i := range lines {
		lines[i] = of("exchange", fmt.Sprintf("s%d", i%7), fmt.Sprintf("019aa7a0-0000-7000-8000-0000000000%02d", i))
		lines[i] = bytes.Replace(lines[i], []byte(`,"session"`), []byte(`,"identity":{"iss":"https://id.example","sub":"ana"},"session"`), 1)
		lines[i] = append(appendHead(nil, uint64(i+1), [32]byte{}, "test"), lines[i][1:]...)
	}
	table := newIndexTable()
	seq := uint64(0)
	for b.Loop() {
		table.add(seq, lines[seq%64])
		seq++
	}
}

func TestAPurgeTakesTheIndexWithItAndItsRecordsAreGivenAsPurged(t *testing.T) {
	p, l := days(t, 3)
	if done := gone(purge(t, l, Purge{Before: firstDay.AddDate(0, 0, 1), Why: "test"})); !slices.Equal(done, []uint64{0}) {
		t.Fatalf("purged %v", done)
	}
	if _, err := os.Stat(p.path(indexName(0))); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the index of the segment: %v", err)
	}
	var got []Entry
	err := newReader(t, os.DirFS(p.dir), "").Entries(t.Context(), []uint64{1, 4}, func(e Entry) error {
		got = append(got, e)
		return nil
	})
	if err != nil || len(got) != 2 || !got[0].Purged || got[1].Proof != Signed {
		t.Errorf("got %+v, %v", got, err)
	}
	wantSeqs(t, l.Reader(), "s1")
}
