package jsonscan

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestRepeatedKeysAreFoundHoweverTheyAreWritten(t *testing.T) {
	many := func(last string) string {
		var b strings.Builder
		for i := range 100 {
			fmt.Fprintf(&b, `"k%d":%d,`, i, i)
		}
		return "{" + b.String() + last + ":1}"
	}
	for _, c := range []struct {
		src, pointer string
		dup          bool
	}{
		{`{"a":1,"b":2}`, "", false},
		{`{"a":1,"a":2}`, "/a", true},
		{`{"a":1,"\u0061":2}`, "/a", true},
		{`{"\u0061":1,"a":2}`, "/a", true},
		{`{"\u0061":1,"\u0061":2}`, "/a", true},
		{`{"\ud83d\ude00":1,"😀":2}`, "/😀", true},
		{`{"":1,"":2}`, "/", true},
		{`{"a":1,"A":2}`, "", false},
		{`{"a":{"a":{"a":1}}}`, "", false},
		{`[{"a":1},{"a":1}]`, "", false},
		{`[{"x":{"y":1}},{"x":{"y":1,"z":[],"y":2}}]`, "/1/x/y", true},
		{`{"a/b":1,"a\/b":2}`, "/a~1b", true},
		{many(`"k100"`), "", false},
		{many(`"k0"`), "/k0", true},
		{many(`"k\u00399"`), "/k99", true},
	} {
		rep, err := Check([]byte(c.src), Limits{})
		if err != nil || rep.Duplicate != c.dup || rep.DuplicatePointer != c.pointer {
			t.Errorf("%.60s: %+v, %v", c.src, rep, err)
		}
	}
}

// TestDuplicatesAgreeWithAMap builds random nested objects of all sizes, so
// that the table grows, shrinks and is left half way.
func TestDuplicatesAgreeWithAMap(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var s Scanner
	for range 300 {
		var b bytes.Buffer
		var want []bool
		var object func(depth int)
		object = func(depth int) {
			seen := map[string]bool{}
			b.WriteByte('{')
			for i := range r.IntN(60) {
				if i > 0 {
					b.WriteByte(',')
				}
				k := fmt.Sprintf("k%d", r.IntN(80))
				want = append(want, seen[k])
				seen[k] = true
				if r.IntN(4) == 0 {
					fmt.Fprintf(&b, `"\u006b%s":`, k[1:])
				} else {
					fmt.Fprintf(&b, `"%s":`, k)
				}
				if depth < 5 && r.IntN(12) == 0 {
					object(depth + 1)
				} else {
					b.WriteByte('0')
				}
			}
			b.WriteByte('}')
		}
		object(0)
		src := b.Bytes()
		if r.IntN(5) == 0 { // break off, so that Reset has something to clear
			src = src[:len(src)/2]
		}
		s.Reset(src, Limits{})
		n := 0
		for {
			tok, err := s.Next()
			if err != nil || tok.Kind == End {
				break
			}
			if tok.Kind == Key {
				if s.Duplicate() != want[n] {
					t.Fatalf("key %d of %s: duplicate %v, want %v", n, src, s.Duplicate(), want[n])
				}
				n++
			}
		}
		for _, v := range s.names.table {
			if v != 0 && s.err == nil {
				t.Fatal("a closed document leaves keys in the table")
			}
		}
	}
}

// probes is how far, in all, the keys in the table lie from where they belong.
func probes(n *names) (sum int) {
	mask := len(n.table) - 1
	for at, v := range n.table {
		if v != 0 {
			sum += (at - int(n.list[v-1].hash)) & mask
		}
	}
	return sum
}

func TestKeysAreFoundInAFewProbesWhateverTheDocument(t *testing.T) {
	wide := func(n int) []byte {
		b := []byte(`{`)
		for i := range n {
			b = fmt.Appendf(b, `"%d":0,`, i)
		}
		return b
	}
	// The same twenty keys in each of five hundred objects, all open at once.
	var deep []byte
	for range 500 {
		deep = append(deep, '{')
		for i := range 20 {
			deep = fmt.Appendf(deep, `"%d":0,`, i)
		}
		deep = append(deep, `"x":`...)
	}
	for _, src := range [][]byte{wide(1000), wide(10_000), wide(100_000), deep} {
		var s Scanner
		s.Reset(src, Limits{})
		for {
			if _, err := s.Next(); err != nil {
				break
			}
		}
		if s.names.used < 900 || probes(&s.names) > 2*s.names.used {
			t.Errorf("%d bytes: %d keys lie %d probes away", len(src), s.names.used, probes(&s.names))
		}
		if max := 4*s.names.used + 64; len(s.names.table) > max {
			t.Errorf("%d keys take a table of %d", s.names.used, len(s.names.table))
		}
	}
}

func TestALargeDocumentLeavesNoLargeScanner(t *testing.T) {
	var s Scanner
	b := []byte(`{`)
	for i := range 100_000 {
		b = fmt.Appendf(b, `"\u0020%d":0,`, i)
	}
	b = append(b, `"`+strings.Repeat(`\n`, keepBytes)+`":`...)
	b = append(b, strings.Repeat("[", 5000)...)
	s.Reset(b, Limits{Depth: 10_000})
	for {
		if _, err := s.Next(); err != nil {
			break
		}
	}
	if len(s.stack) != 5001 || len(s.names.list) != 100_001 {
		t.Fatalf("the scanner stopped early: %v", s.err)
	}
	s.Reset(nil, Limits{})
	if cap(s.stack) > keepFrames || cap(s.names.list) > keepNames || len(s.names.table) > keepTable || cap(s.buf) > keepBytes {
		t.Errorf("kept %d frames, %d names, a table of %d, %d bytes",
			cap(s.stack), cap(s.names.list), len(s.names.table), cap(s.buf))
	}
}

func TestTokensOfPointersAreEscapedAndBack(t *testing.T) {
	for name, token := range map[string]string{"": "", "a/b": "a~1b", "m~n": "m~0n", "~1": "~01", "~~//": "~0~0~1~1", "~0/": "~00~1"} {
		if got := EscapeToken(name); got != token {
			t.Errorf("%q is %q, not %q", name, token, got)
		}
		if got := UnescapeToken(token); got != name {
			t.Errorf("%q is of %q, not %q", token, name, got)
		}
	}
}
