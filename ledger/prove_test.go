package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// proved makes the proof of a record and checks it alone.
func (p *place) proved(seq uint64) []byte {
	p.t.Helper()
	file, err := Prove(p.t.(*testing.T).Context(), os.DirFS(p.dir), seq)
	if err != nil {
		p.t.Fatal(err)
	}
	r, err := VerifyProof(file, p.keys.Verifier())
	if err != nil {
		p.t.Fatal(err)
	}
	if len(r.Problems) > 0 || r.Log != "test" || r.Seq != seq || r.Size <= seq || len(r.KeyHash) != 8 || len(r.Record) == 0 {
		p.t.Errorf("record %d: %+v", seq, r)
	}
	return file
}

func TestEveryRecordHasAProofThatStandsAlone(t *testing.T) {
	p := evidenceLog(t)
	lines := p.read()
	for seq, line := range lines {
		file := p.proved(uint64(seq))
		if !bytes.HasPrefix(file, []byte(line+"\n")) {
			t.Errorf("record %d: the file does not begin with its line:\n%s", seq, file)
		}
		want := "\n\ncaddyrec/test\n8\n"
		if seq >= 8 {
			want = "\n\ncaddyrec/test\n12\n"
		}
		if !bytes.Contains(file, []byte(want)) {
			t.Errorf("record %d is not proved under %q:\n%s", seq, want, file)
		}
	}
	if _, err := Prove(t.Context(), os.DirFS(p.dir), 12); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a record that is not there: %v", err)
	}
}

func TestAProofOfALargeLogReadsFewFilesAndTakesLittleRoom(t *testing.T) {
	p := manyTiles(t)
	l := p.open()
	commit(t, l, "y", "z")
	closeLog(t, l)
	for seq := uint64(0); seq < 1282; seq += 61 {
		count := &countingFS{FS: os.DirFS(p.dir)}
		file, err := Prove(t.Context(), count, seq)
		if err != nil {
			t.Fatal(err)
		}
		if line, _, _ := bytes.Cut(file, []byte("\n")); len(file)-len(line) > 2048 {
			t.Errorf("record %d: %d bytes beside the record", seq, len(file)-len(line))
		}
		// The key, one segment, one checkpoint, and of each level of the tree
		// one tile on the record's way and one at the edge.
		if count.files > 3+2*2 {
			t.Errorf("record %d: %d files were opened", seq, count.files)
		}
	}
	p.proved(1280)
	p.proved(1281)

	// A log of 2^36 records with the longest name.
	name := strings.Repeat("n", 64)
	keys, err := LoadKeys(t.TempDir(), name)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := checkpoint{size: 1 << 36}.sign(name, keys.signer)
	if err != nil {
		t.Fatal(err)
	}
	large := proof{index: 1<<36 - 1, hashes: make(tlog.RecordProof, 36), signed: signed}
	if n := len(large.text()); n > 2048 {
		t.Errorf("the largest proof is of %d bytes", n)
	}
}

// countingFS counts the files that are opened; folders do not count.
type countingFS struct {
	fs.FS
	files int
}

func (c *countingFS) Open(name string) (fs.File, error) {
	f, err := c.FS.Open(name)
	if err == nil {
		if info, err := f.Stat(); err == nil && !info.IsDir() {
			c.files++
		}
	}
	return f, err
}

func TestARecordThatNoCheckpointCoversYetHasNoProof(t *testing.T) {
	p, _, _ := crashed(t, "a", "b")
	if _, err := Prove(t.Context(), os.DirFS(p.dir), 1); !errors.Is(err, ErrNotSigned) {
		t.Errorf("without a checkpoint: %v", err)
	}
	p = evidenceLog(t)
	write(t, p.path(latestCheckpoint), p.readFile("checkpoints/*8"))
	if _, err := Prove(t.Context(), os.DirFS(p.dir), 9); !errors.Is(err, ErrNotSigned) || !strings.Contains(err.Error(), "8 records") {
		t.Errorf("with an older one: %v", err)
	}
	p.proved(7)
}

func TestARecordThatWasChangedHasNoProof(t *testing.T) {
	for _, first := range []int{4, 8} {
		p := evidenceLog(t)
		p.lines(first, func(l [][]byte) [][]byte {
			l[1] = bytes.Replace(l[1], []byte(`"text":"r`), []byte(`"text":"s`), 1)
			return l
		})
		if _, err := Prove(t.Context(), os.DirFS(p.dir), uint64(first+1)); err == nil || errors.Is(err, ErrNotSigned) {
			t.Errorf("record %d: %v", first+1, err)
		}
	}
}

func TestEachChangedByteOfAProofIsFound(t *testing.T) {
	p := evidenceLog(t)
	good := p.proved(6)
	for at := range good {
		for _, bit := range []byte{1, 4, 32, 128} {
			bad := bytes.Clone(good)
			bad[at] ^= bit
			if r, err := VerifyProof(bad, p.keys.Verifier()); err != nil || len(r.Problems) == 0 {
				t.Fatalf("byte %d of\n%s\nis changed, and the proof holds (%v)", at, bad, err)
			}
		}
	}
	for n := range good {
		if r, err := VerifyProof(good[:n], p.keys.Verifier()); err != nil || len(r.Problems) == 0 {
			t.Fatalf("cut at %d, and the proof holds (%v)", n, err)
		}
	}
}

func TestAProofsReportNamesWhatIsForged(t *testing.T) {
	p := evidenceLog(t)
	good, other := p.proved(6), p.proved(9)
	line := func(file []byte) []byte { l, _, _ := bytes.Cut(file, []byte("\n")); return l }
	note := func(file []byte) []byte { return file[bytes.Index(file, []byte("\n\n"))+2:] }
	replace := func(old, with string) []byte {
		if !bytes.Contains(good, []byte(old)) {
			t.Fatalf("%q is not in\n%s", old, good)
		}
		return bytes.Replace(good, []byte(old), []byte(with), 1)
	}
	parsed, err := parseProof(good)
	if err != nil {
		t.Fatal(err)
	}
	hash := parsed.hashes[1].String()
	for name, c := range map[string]struct {
		file []byte
		want string // of the problems' kinds and details
	}{
		"the record's text":         {replace(`"text":"r6`, `"text":"s6`), "proof: the tree of 8 records that was signed does not have this record at index 6"},
		"the record's seq":          {replace(`{"seq":6`, `{"seq":7`), "proof: the record says that it is record 7, the proof is for index 6; proof: the tree of 8"},
		"the record's log":          {replace(`"log":"test"`, `"log":"tess"`), `damaged: the record is of log "tess", the key of "test"; proof: the tree of 8`},
		"the record's JSON":         {replace(`"}`, `"`), "damaged: the record is no strict JSON; proof: the tree of 8"},
		"no record":                 {replace(`{"seq":6,`, `{"sep":6,`), "damaged: the record does not begin as records do; proof: the tree of 8"},
		"another record":            {bytes.Replace(good, line(good), line(other), 1), "proof: the record says that it is record 9, the proof is for index 6; proof: the tree of 8"},
		"the format":                {replace("tlog-proof@v1", "tlog-proof@v2"), "proof: the file is no proof"},
		"the index":                 {replace("\nindex 6\n", "\nindex 5\n"), "proof: the record says that it is record 6, the proof is for index 5; proof: the tree of 8"},
		"the index's spelling":      {replace("\nindex 6\n", "\nindex 06\n"), "proof: the line of the record's index is damaged"},
		"an index beyond":           {replace("\nindex 6\n", "\nindex 8\n"), "proof: the record says that it is record 6, the proof is for index 8; proof: the checkpoint is signed for 8 records, which record 8 is not among"},
		"a hash":                    {replace(hash, tlog.RecordHash(nil).String()), "proof: the tree of 8 records"},
		"a hash's coding":           {replace(hash, hash[:43]+"!"), "proof: hash 2 is damaged"},
		"a hash too few":            {replace(hash+"\n", ""), "proof: the tree of 8 records"},
		"a hash too many":           {replace(hash+"\n", hash+"\n"+hash+"\n"), "proof: the tree of 8 records"},
		"the checkpoint's log":      {replace("\ncaddyrec/test\n", "\ncaddyrec/tess\n"), "signature: the checkpoint does not hold: invalid signature"},
		"the checkpoint's size":     {replace("\n8\n", "\n9\n"), "signature: the checkpoint does not hold: invalid signature"},
		"another checkpoint":        {bytes.Replace(good, note(good), note(other), 1), "proof: the tree of 12 records"},
		"no checkpoint":             {bytes.Replace(good, note(good), nil, 1), "signature: the checkpoint does not hold: malformed note"},
		"the signature":             {replace("\n— caddyrec/test ", "\n— caddyrec/tess "), "signature: the checkpoint is not signed with a key given"},
		"another key's signature":   {bytes.Replace(good, note(good), p.signed(otherKey(t), "test", checkpoint{8, tlog.Hash{}}), 1), "signature: the checkpoint is not signed with a key given"},
		"a line behind the end":     {append(bytes.Clone(good), "more\n"...), "signature: the checkpoint does not hold: malformed note"},
		"a file of something else":  {[]byte("hello\n"), "proof: the file is no proof"},
		"a file with nothing in it": {nil, "proof: the file is no proof"},
	} {
		r, err := VerifyProof(c.file, p.keys.Verifier())
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, q := range r.Problems {
			all = append(all, q.Kind+": "+q.Detail)
		}
		if got := strings.Join(all, "; "); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: found %q, want %q", name, got, c.want)
		}
	}
	if _, err := VerifyProof(good, "no key"); err == nil {
		t.Error("a bad key was used")
	}
}

func TestARecordIsProvedWhileItsLogIsWrittenAndSealed(t *testing.T) {
	p := newPlace(t)
	l := p.open(func(o *Options) { o.SealBytes = 4000 })
	commit(t, l, "first")
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				commit(t, l, fmt.Sprint(i))
			}
		}
	}()
	seq := uint64(0)
	for proofs := 0; proofs < 50; {
		file, err := Prove(t.Context(), os.DirFS(p.dir), seq)
		if errors.Is(err, ErrNotSigned) || errors.Is(err, fs.ErrNotExist) {
			continue // it comes within the millisecond
		}
		if err != nil {
			t.Fatal(err)
		}
		if r, err := VerifyProof(file, p.keys.Verifier()); err != nil || len(r.Problems) > 0 {
			t.Fatal(err, r.Problems)
		}
		proofs++
		seq += 3
	}
	close(stop)
	<-done
	closeLog(t, l)
}

func FuzzProof(f *testing.F) {
	keys, err := LoadKeys(f.TempDir(), "test")
	if err != nil {
		f.Fatal(err)
	}
	line := []byte(`{"seq":0,"prev":"","log":"test","id":"x"}`)
	signed, err := checkpoint{1, tlog.RecordHash(line)}.sign("test", keys.signer)
	if err != nil {
		f.Fatal(err)
	}
	good := (&proof{line: line, signed: signed}).text()
	f.Add(good)
	f.Add(bytes.Replace(good, []byte("index 0\n"), []byte("index 0\n"+tlog.RecordHash(nil).String()+"\n"), 1))
	f.Fuzz(func(t *testing.T, text []byte) {
		if p, err := parseProof(text); err == nil && !bytes.Equal(p.text(), text) {
			t.Errorf("read as another:\n%s", p.text())
		}
		r, err := VerifyProof(text, keys.Verifier())
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Problems) == 0 && !bytes.HasPrefix(text, line) {
			t.Errorf("a record that was not signed is proved:\n%s", text)
		}
	})
}

func FuzzSuccession(f *testing.F) {
	a, err := LoadKeys(f.TempDir(), "test")
	if err != nil {
		f.Fatal(err)
	}
	b, err := LoadKeys(f.TempDir(), "test")
	if err != nil {
		f.Fatal(err)
	}
	s := succession{checkpoint: checkpoint{size: 7}, from: a.public, to: b.public}
	good, err := s.sign("test", a.signer, b.signer)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := openSuccession(successionName(7), text, origin("test"))
		if err == nil && got.from.text == a.public.text && (got.to.text != b.public.text || got.size != 7) {
			t.Errorf("%v is taken from\n%s", got, text)
		}
	})
}
