package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/caddyrec/caddyrec/jsonscan/jsontest"
)

var benchSchema = `{"type":"object","required":["id","customer","lines"],"additionalProperties":false,"properties":{
"id":{"type":"string","format":"uuid"},"created":{"type":"string","format":"date-time"},"note":{"type":"string","maxLength":200},
"customer":{"type":"object","required":["name","email"],"properties":{"name":{"type":"string","minLength":1},"email":{"type":"string","format":"email"},
"card":{"type":"string","pattern":"^[0-9]{16}$","x-sensitive":true},"address":{"type":"object","properties":{"street":{"type":"string"},"city":{"type":"string"},"country":{"enum":["DE","FR","US"]}}}}},
"lines":{"type":"array","minItems":1,"items":{"type":"object","required":["sku","quantity"],"properties":{"sku":{"type":"string","pattern":"^[A-Z]{3}-[0-9]+$"},
"quantity":{"type":"integer","minimum":1},"price":{"type":"number","minimum":0},"tags":{"type":"array","items":{"type":"string"}}}}}}}`

// benchBody is of about 1.5 KB with 14 lines.
func benchBody(lines int) []byte {
	var b strings.Builder
	b.WriteString(`{"id":"0192f6a0-7c1e-7000-8000-0123456789ab","created":"2026-11-21T20:00:00Z","note":"leave it at the door","customer":{"name":"Ada Lovelace","email":"ada@example.com","card":"4111111111111111","address":{"street":"12 St James's Square","city":"London","country":"DE"}},"lines":[`)
	for i := range lines {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"sku":"ABC-%d","quantity":%d,"price":%d.95,"tags":["new","fragile"]}`, 1000+i, i+1, 10*i)
	}
	b.WriteString(`]}`)
	return []byte(b.String())
}

var benchBodies = []struct {
	name string
	body []byte
}{{"1.5KB", benchBody(14)}, {"100KB", benchBody(1480)}}

// BenchmarkValidate also tells how many times as long the compiler's own
// validator takes, decoding included ("x-v5"), and gjson.Valid ("x-gjson": how
// many times as long as it): medians of rounds taken in turn.
func BenchmarkValidate(b *testing.B) {
	for _, c := range benchBodies {
		b.Run(c.name, func(b *testing.B) {
			s, body := must(b, benchSchema), c.body
			ours := func() {
				if faults, err := s.Validate(body); err != nil || faults != nil {
					b.Fatal(faults, err)
				}
			}
			theirs := func() {
				d := json.NewDecoder(bytes.NewReader(body))
				d.UseNumber()
				var v any
				if d.Decode(&v) != nil || s.compiled.Validate(v) != nil {
					b.Fatal("not valid")
				}
			}
			gj := func() { gjson.ValidBytes(body) }
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				ours()
			}
			b.StopTimer()
			each := jsontest.Medians(1<<20/len(body)/8+1, ours, theirs, gj)
			b.ReportMetric(each[1]/each[0], "x-v5")
			b.ReportMetric(each[0]/each[2], "x-gjson")
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	body := benchBody(14)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := decode(body); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkValidateWideFailure is the most a body of 1 MiB gets out of the
// validator: a fault in every value.
func BenchmarkValidateWideFailure(b *testing.B) {
	s, body := must(b, `{"items":{"type":"string"}}`), []byte("["+strings.Repeat("1,", 512<<10)+"1]")
	b.ReportAllocs()
	for b.Loop() {
		if faults, err := s.Validate(body); err != nil || len(faults) != maxFaults {
			b.Fatal(len(faults), err)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	file := filepath.Join(folder(b, map[string]string{"s.json": benchSchema}), "s.json")
	for b.Loop() {
		if _, err := Load(file); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMarksKey(b *testing.B) {
	m := must(b, benchSchema).Marks()
	customer, card := []byte("customer"), []byte("card")
	b.ReportAllocs()
	for b.Loop() {
		if !m.Marked(m.Key(m.Key(m.Start(), customer), card)) {
			b.Fatal("not marked")
		}
	}
}
