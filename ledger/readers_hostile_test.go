package ledger

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestASegmentThatCannotBeUnpackedIsToldInWords(t *testing.T) {
	p, _ := sessions(t)
	file := p.path(p.sealedSegments()[0])
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(whole)
	flipped[len(flipped)-6] ^= 1 // of the checksum
	var long bytes.Buffer
	w := gzip.NewWriter(&long)
	for range maxLine>>20 + 1 {
		w.Write(bytes.Repeat([]byte("x"), 1<<20))
	}
	w.Close()
	for want, content := range map[string][]byte{
		"it is empty":                     {},
		"its end is missing":              whole[:len(whole)-20],
		"it is not packed with gzip":      []byte("something else altogether"),
		"or something else follows":       append(bytes.Clone(whole), "that is no member of a packed file"...),
		"the checksum is another":         flipped,
		"it has a line of more than 64 M": long.Bytes(),
	} {
		write(t, file, content)
		var says []string
		for _, problem := range p.verify().Problems {
			says = append(says, problem.Detail)
		}
		if !strings.Contains(strings.Join(says, "\n"), want) {
			t.Errorf("want %q: verify says %q", want, says)
		}
		err := Walk(os.DirFS(p.dir), 0, func(Line) error { return nil })
		if strings.Contains(want, "follows") || strings.Contains(want, "checksum") { // behind all that is wanted
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q: walk says %v", want, err)
		}
	}
}

func TestWhatAProofLacksIsNotTakenForTheRecord(t *testing.T) {
	for name, spoil := range map[string]func(p *place){
		"reading public.key":             func(p *place) { p.drop("public.key") },
		"see what caddy rec verify says": func(p *place) { p.drop("tile") },
		"begins with record 900000000000": func(p *place) {
			write(p.t, p.path("sealed", "dt=2026-11-22", "hour=00", "900000000000.ndjson.gz"), nil)
		},
	} {
		p, l := sessions(t)
		closeLog(t, l)
		spoil(p)
		_, err := Prove(t.Context(), os.DirFS(p.dir), 12)
		if err == nil || errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), name) {
			t.Errorf("want %q: %v", name, err)
		}
	}
	p, _ := sessions(t)
	if _, err := Prove(t.Context(), os.DirFS(p.dir), 14); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a record that is not there: %v", err)
	}
	file := p.path(latestCheckpoint)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Clean(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Prove(t.Context(), os.DirFS(p.dir), 13); err == nil || !strings.Contains(err.Error(), "reading checkpoint") {
		t.Errorf("a checkpoint that is a folder: %v", err)
	}
}
