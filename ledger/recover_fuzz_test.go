package ledger

import (
	"bytes"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
)

func FuzzRecover(f *testing.F) {
	line := func(seq int, prev, rest string) string {
		return fmt.Sprintf("{\"seq\":%d,\"prev\":%q,\"log\":\"test\",%s}\n", seq, prev, rest)
	}
	first := line(0, "", `"a":1`)
	var h leafHasher
	second := line(1, h.sum([]byte(first[:len(first)-1])).String(), `"b":2`)
	for _, s := range []string{"", first, first + second, first + second[:40], first + "\x00\x00" + second, second + first, first + first, "{}\n", "\n\n", first + strings.Repeat("\x00", 5000)} {
		f.Add([]byte(s))
	}
	keys, err := LoadKeys(f.TempDir(), "test")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		const name = "open/000000000000.ndjson"
		files := fstest.MapFS{name: {Data: text}}
		l := &Log{opts: Options{Log: "test", Keys: keys}, disk: readOnly{files_: files}}
		state := &recovered{base: &tiling{}}
		if err := l.replay(state, segment{name: name}, noLimit, &checkpoints{}); err != nil {
			t.Fatal(err)
		}
		size := int64(0)
		if len(state.jobs) > 0 {
			size = state.jobs[0].size
		}
		kept, tail := text[:size], bytes.TrimRight(text[size:], "\x00")
		if n := bytes.Count(kept, []byte("\n")); uint64(n) != state.tree.size || n > 0 != (size > 0) {
			t.Errorf("%d bytes with %d lines were kept as %d records", size, n, state.tree.size)
		}
		if int64(len(tail)) != state.cut {
			t.Errorf("%d bytes were cut, %d told", len(tail), state.cut)
		}
		if size == 0 {
			return
		}
		signed, err := checkpoint{state.tree.size, state.tree.root()}.sign("test", keys.signer)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Verify(t.Context(), fstest.MapFS{name: {Data: kept}, latestCheckpoint: {Data: signed}}, VerifyOptions{Key: keys.Verifier()})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range r.Problems {
			// A line that is no JSON is kept when the next one vouches for it.
			if !strings.Contains(p.Detail, "no strict JSON") {
				t.Errorf("what was kept does not verify: %+v", p)
			}
		}
	})
}

// readOnly is a disk of files that are only read.
type readOnly struct {
	disk
	files_ fs.FS
}

func (r readOnly) files() fs.FS { return r.files_ }
