package jsonscan

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tidwall/gjson"
)

// order is a realistic API body of about 1.5 KB.
func order(n int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `{
  "id": "ord_%08d",
  "created_at": "2026-11-21T18:03:%02d.125Z",
  "status": "pending_review",
  "customer": {
    "id": %d,
    "name": "Zo\u00eb Müller-Østergård",
    "company": "Blue Harbour Logistics GmbH",
    "address": {"street": "Lange Reihe 12", "city": "Hamburg", "zip": "20099", "country": "DE"},
    "tags": ["wholesale", "priority", "eu-vat"]
  },
  "amount": 1249.90, "currency": "EUR", "tax_rate": 0.19, "paid": false, "coupon": null,
  "items": [
`, n, n%60, 100000+n)
	for i := range 6 {
		if i > 0 {
			b.WriteString(",\n")
		}
		fmt.Fprintf(&b, `    {"sku": "BX-%04d", "title": "Storage box with lid, %d litres", "quantity": %d, "unit_price": %d.95, "weight_g": %d}`, i*37+n%100, 10+i, i+1, 12+i, 350*i)
	}
	b.WriteString(`
  ],
  "shipping": {"carrier": "DHL", "service": "express", "estimate_days": 2, "insured": true},
  "notes": "Please ring twice; the \"side door\" is on the left.\nLeave with the neighbour if nobody answers.",
  "meta": {"source": "web", "campaign": "autumn-2026", "utm": {"medium": "mail", "term": "boxes"}, "score": 0.8734}
}`)
	return b.Bytes()
}

func orders(size int) []byte {
	b := []byte(`[`)
	for i := 0; len(b) < size; i++ {
		if i > 0 {
			b = append(b, ',', '\n')
		}
		b = append(b, order(i)...)
	}
	return append(b, ']')
}

// BenchmarkScan scans with everything on: keys decoded and folded and looked up
// in a set, the paths of those found, duplicates. It tells how many times as long
// as gjson.Valid that takes ("x-gjson"): medians of rounds in turn.
func BenchmarkScan(b *testing.B) {
	for _, doc := range []struct {
		name string
		src  []byte
	}{{"1.5KB", order(1)}, {"100KB", orders(100_000)}} {
		report := func(b *testing.B, run func()) {
			b.SetBytes(int64(len(doc.src)))
			b.ReportAllocs()
			for b.Loop() {
				run()
			}
			b.StopTimer()
			each := medians(1<<21/len(doc.src), run, func() { gjson.ValidBytes(doc.src) })
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
	k, src := newKeyScan(), orders(10_000)
	if n := testing.AllocsPerRun(20, func() { k.scan(src) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// medians times functions in turn, n calls at a time.
func medians(n int, run ...func()) []float64 {
	const rounds = 9
	times := make([][]float64, len(run))
	for range rounds {
		for i, f := range run {
			start := time.Now()
			for range n {
				f()
			}
			times[i] = append(times[i], float64(time.Since(start)))
		}
	}
	all := make([]float64, len(run))
	for i := range all {
		slices.Sort(times[i])
		all[i] = times[i][rounds/2]
	}
	return all
}
