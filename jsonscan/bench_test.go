package jsonscan

import (
	"testing"

	"github.com/tidwall/gjson"

	"github.com/caddyrec/caddyrec/jsonscan/jsontest"
)

// BenchmarkScan scans with everything on: keys decoded and folded and looked up
// in a set, the paths of those found, duplicates. It tells how many times as long
// as gjson.Valid that takes ("x-gjson"): medians of rounds in turn.
func BenchmarkScan(b *testing.B) {
	for _, doc := range []struct {
		name string
		src  []byte
	}{{"1.5KB", jsontest.Order(1)}, {"100KB", jsontest.Orders(100_000)}} {
		report := func(b *testing.B, run func()) {
			b.SetBytes(int64(len(doc.src)))
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
			b.StopTimer()
			each := jsontest.Medians(1<<21/len(doc.src), run, func() { gjson.ValidBytes(doc.src) })
			b.ReportMetric(each[0]/each[1], "x-gjson")
		}
		b.Run("tokens and duplicates/"+doc.name, func(b *testing.B) {
			report(b, func() {
				if _, err := Check(doc.src, Limits{}); err != nil {
					b.Fatal(err)
				}
			})
		})
		b.Run("and keys and paths/"+doc.name, func(b *testing.B) {
			k := newKeyScan()
			report(b, func() {
				if found, err := k.scan(doc.src); found == 0 || err != nil {
					b.Fatal(found, err)
				}
			})
		})
	}
}

// keyScan looks each key up in canonical form, and takes the path of those found.
type keyScan struct {
	s     Scanner
	names map[string]bool
	gate  [256]uint32 // by first byte: the lengths of names
	key   []byte
	path  []byte
}

func newKeyScan() *keyScan {
	k := &keyScan{names: map[string]bool{}}
	for _, name := range []string{"company", "password", "apikey", "token", "secret", "unitprice", "authorization", "sessionid"} {
		k.names[name] = true
		k.gate[name[0]] |= 1 << len(name)
	}
	return k
}

func (k *keyScan) scan(src []byte) (found int, err error) {
	k.s.Reset(src, Limits{})
	for {
		tok, err := k.s.Next()
		if err != nil {
			return 0, err
		}
		switch tok.Kind {
		case Key:
			if tok.Escaped {
				k.key = canonical(k.key[:0], src[tok.Start:tok.End])
			} else {
				k.key = AppendFolded(k.key[:0], src[tok.Start+1:tok.End-1])
			}
			if len(k.key) == 0 || k.gate[k.key[0]]>>len(k.key)&1 == 0 {
				continue
			}
			if k.names[string(k.key)] && !k.s.Duplicate() {
				k.path = k.s.AppendPointer(k.path[:0])
				found++
			}
		case End:
			return found, nil
		}
	}
}

func TestScanningWithKeysAndPathsAllocatesNothing(t *testing.T) {
	k, src := newKeyScan(), jsontest.Orders(10_000)
	if n := testing.AllocsPerRun(20, func() { k.scan(src) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
