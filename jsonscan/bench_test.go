package jsonscan

import (
	"bytes"
	"fmt"
	"testing"

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

func BenchmarkScan(b *testing.B) {
	for _, doc := range []struct {
		name string
		src  []byte
	}{{"1.5KB", order(1)}, {"100KB", orders(100_000)}} {
		b.Run("jsonscan/"+doc.name, func(b *testing.B) {
			b.SetBytes(int64(len(doc.src)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Check(doc.src, Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("gjson/"+doc.name, func(b *testing.B) {
			b.SetBytes(int64(len(doc.src)))
			for b.Loop() {
				if !gjson.ValidBytes(doc.src) {
					b.Fatal("invalid")
				}
			}
		})
	}
}
