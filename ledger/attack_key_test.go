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

func TestAStolenOldKeyCannotRewriteWhatTheNewOneSigned(t *testing.T) {
	p := newPlace(t)
	l := p.open()
	commit(t, l, "r0", "r1", "r2", "r3")
	closeLog(t, l)
	restart(t, p)
	stolen := p.keys
	fork := p.copies()
	second := ""
	l = p.open()
	second = p.newKey()
	p.rotate(l)
	commit(t, l, "r4", "r5", "r6", "r7")
	closeLog(t, l)
	p.reload()
	first, list := stolen.Verifier(), p.keyFiles()["test.public"]
	anchor := p.readFile(latestCheckpoint)

	// In place: a record that both keys signed for is changed, and the old key
	// signs what comes of it, at the size of the newest checkpoint or before.
	t.Run("in place", func(t *testing.T) {
		for _, size := range []uint64{4, 8} {
			q := p.copies()
			q.t = t
			q.lines(0, func(l [][]byte) [][]byte {
				l[2] = bytes.Replace(l[2], []byte(`"text":"r`), []byte(`"text":"s`), 1)
				for i := 3; i < len(l); i++ {
					_, rest, _ := bytes.Cut(l[i], []byte(`"log":"test",`))
					l[i] = append(appendHead(nil, uint64(i), tlog.RecordHash(l[i-1]), "test"), rest...)
				}
				return l
			})
			var tree frontier
			Walk(os.DirFS(q.dir), 0, func(l Line) error {
				if tree.size < size {
					tree.add(tlog.RecordHash(l.Raw))
				}
				return nil
			})
			write(t, q.path(filepath.FromSlash(checkpointName(size))), q.signed(stolen, "test", checkpoint{size, tree.root()}))
			for _, key := range []string{first, second, list, ""} {
				want := []string{"damaged 2 id-r2", "damaged 3 id-r3", "checkpoint checkpoints/00000000000000000004"}
				if size == 8 {
					want = []string{"signature checkpoints/00000000000000000008", "damaged 2 id-r2", "damaged 3 id-r3"}
				}
				if got := found(q.verifyWith(key)); !slices.Equal(got, want) {
					t.Errorf("signed at %d: found %q, want %q", size, got, want)
				}
			}
		}
	})

	// A log of its own, from where the old key was the only one, with a
	// succession to the thief's key.
	t.Run("a fork", func(t *testing.T) {
		thief, err := LoadKeys(t.TempDir(), "test")
		if err != nil {
			t.Fatal(err)
		}
		fork.t, fork.store = t, nil
		q := newPlace(t)
		write(t, filepath.Join(thief.dir, "test.next.key"), mustRead(t, filepath.Join(thief.dir, "test.signing.key")))
		thief.signer, thief.public = stolen.signer, stolen.public
		q.keys = thief
		if err := os.CopyFS(q.dir, os.DirFS(fork.dir)); err != nil {
			t.Fatal(err)
		}
		l := q.open()
		commit(t, l, "s4", "s5")
		q.rotate(l)
		commit(t, l, "s6", "s7", "s8", "s9")
		closeLog(t, l)
		if r := q.verifyWith(list); !slices.ContainsFunc(r.Problems, func(p Problem) bool {
			return p.Kind == kindKey && strings.Contains(p.Detail, "never passed to the key")
		}) {
			t.Errorf("with both keys: found %q", found(r))
		}
		if got := found(q.verifyWith(second)); !slices.Contains(got, "signature "+latestCheckpoint) {
			t.Errorf("with the new key: found %q", got)
		}
		if got := found(q.verifyWith(first, anchor)); !slices.Contains(got, "signature ") {
			t.Errorf("with the first key, against a checkpoint kept elsewhere: found %q", got)
		}
		// Nothing else can tell: this is what a first key's theft costs whoever
		// knows no newer one.
		if got := found(q.verifyWith(first)); len(got) > 0 {
			t.Errorf("with the first key alone: found %q", got)
		}
	})
}
