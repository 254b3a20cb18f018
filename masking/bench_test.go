package masking

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/tidwall/gjson"
)

// order is a realistic API body of about 1.5 KB in which nothing is secret.
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

// BenchmarkJSON measures masking beside gjson.Valid: names and paths alone,
// then with every detector, then with secrets in the body.
func BenchmarkJSON(b *testing.B) {
	names := must(New(Config{Detect: []string{"off"}, Paths: []string{"/customer/notes/**", "/items/*/serial", "/**/internal"}}))
	all := must(New(Config{Paths: []string{"/customer/notes/**", "/items/*/serial", "/**/internal"}}))
	for _, doc := range []struct {
		name string
		src  []byte
	}{{"1.5KB", order(1)}, {"100KB", orders(100_000)}} {
		secret := bytes.ReplaceAll(doc.src, []byte(`"sku"`), []byte(`"password"`))
		secret = bytes.ReplaceAll(secret, []byte("ring twice"), []byte("mail ann@example.org"))
		run := func(name string, src []byte, p *Policy) {
			b.Run(name+"/"+doc.name, func(b *testing.B) {
				b.SetBytes(int64(len(src)))
				b.ReportAllocs()
				var out []byte
				for b.Loop() {
					var err error
					if out, _, err = p.JSON(nil, src, nil); err != nil {
						b.Fatal(err)
					}
				}
				_ = out
			})
		}
		b.Run("gjson/"+doc.name, func(b *testing.B) {
			b.SetBytes(int64(len(doc.src)))
			for b.Loop() {
				if !gjson.ValidBytes(doc.src) {
					b.Fatal("invalid")
				}
			}
		})
		run("names+paths", doc.src, names)
		run("all", doc.src, all)
		run("all+secrets", secret, all)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
