package ledger

import (
	"bytes"
	"crypto/rand"
	"testing"
	"testing/fstest"

	"golang.org/x/mod/sumdb/note"
)

// FuzzIndexesAreReadOrRefused gives readIndex and the readers of its table
// whatever may lie in a store.
func FuzzIndexesAreReadOrRefused(f *testing.F) {
	table := newIndexTable()
	for seq := range uint64(4) {
		table.add(seq, of("exchange", "s1", "x1"))
	}
	table.add(5, seen(0, "a", "ana", "s1"))
	table.add(4, of("approval.voted", "", "x2"))
	f.Add(table.text(), []byte("note"))
	f.Add([]byte("session \"a\" 1-3,5\nexchange \"b\" 7\n"), []byte(""))
	f.Add([]byte("session \"a\" 1\nsubjects\nsubject \"ana\" \"\" \"a\" 2026-11-21T18:00:00Z 2026-11-21T18:00:00Z\n"), []byte(""))
	f.Add([]byte("session \"a\" 5-1\nexchange \"b\" 18446744073709551615-18446744073709551615"), []byte("\n\n"))
	_, public, err := note.GenerateKey(rand.Reader, origin("test"))
	if err != nil {
		f.Fatal(err)
	}
	ring, err := parseKeyring(public)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text, signed []byte) {
		x := &signedIndex{signed: signed, table: text}
		src := fsSource{fstest.MapFS{indexName(0): {Data: x.pack()}}}
		if _, err := readIndex(src, 0, ring); err == nil {
			t.Fatal("it was signed by nobody, and was taken")
		}
		seqs, err := indexed(text, indexSession, []byte(`"a"`))
		if err == nil {
			for i := 1; i < len(seqs); i++ {
				if seqs[i] <= seqs[i-1] {
					t.Fatalf("seqs do not ascend: %v", seqs)
				}
			}
		}
		names := subjectNames{subject: []byte(`"ana"`)}
		if all, err := names.in(text); err == nil {
			for _, s := range all {
				if s.until.Before(s.from) || !bytes.Contains(text, []byte(s.session)) {
					t.Fatalf("%+v is not in the table", s)
				}
			}
		}
		if loose, err := looseIn(text); err == nil {
			for exchange := range loose {
				if !bytes.Contains(text, []byte(exchange)) {
					t.Fatalf("%q is not in the table", exchange)
				}
			}
		}
	})
}
