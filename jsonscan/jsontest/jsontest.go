// Package jsontest has the bodies that are measured on, and how.
package jsontest

import (
	"bytes"
	"fmt"
	"slices"
	"time"
)

// Order is a realistic API body of about 1.5 KB, in which nothing is secret.
func Order(n int) []byte {
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

// Orders is an array of such bodies, of about size bytes.
func Orders(size int) []byte {
	b := []byte(`[`)
	for i := 0; len(b) < size; i++ {
		if i > 0 {
			b = append(b, ',', '\n')
		}
		b = append(b, Order(i)...)
	}
	return append(b, ']')
}

// Medians times functions in turn, n calls at a time, and returns for each what a
// call took in the median of some rounds, in nanoseconds.
func Medians(n int, run ...func()) []float64 {
	const rounds = 9
	times := make([][]float64, len(run))
	for range rounds {
		for i, f := range run {
			start := time.Now()
			for range n {
				f()
			}
			times[i] = append(times[i], float64(time.Since(start))/float64(n))
		}
	}
	all := make([]float64, len(run))
	for i := range all {
		slices.Sort(times[i])
		all[i] = times[i][rounds/2]
	}
	return all
}
