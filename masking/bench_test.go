package masking

import (
	"bytes"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/caddyrec/caddyrec/jsonscan/jsontest"
)

// BenchmarkJSON measures masking beside gjson.Valid: names and paths alone,
// then with every detector, then with secrets in the body.
func BenchmarkJSON(b *testing.B) {
	names := must(New(Config{Detect: []string{"off"}, Paths: []string{"/customer/notes/**", "/items/*/serial", "/**/internal"}}))
	all := must(New(Config{Paths: []string{"/customer/notes/**", "/items/*/serial", "/**/internal"}}))
	for _, doc := range []struct {
		name string
		src  []byte
	}{{"1.5KB", jsontest.Order(1)}, {"100KB", jsontest.Orders(100_000)}} {
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
