package chain_test

import (
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// BenchmarkChain drives the whole chain over 16 kept connections, in this
// process: for profiles. Ratios to plain Caddy come from make bench, where each
// part is a process of its own.
func BenchmarkChain(b *testing.B) {
	answer := `{"ok":true,"orders":[` + strings.Repeat(`{"id":12345,"customer":"Ada Byron","sku":"tea-green-100","quantity":2},`, 21) + `{"id":1}]}`
	for name, site := range map[string]string{"plain": "reverse_proxy UPSTREAM", "full": fullChain} {
		b.Run(name, func(b *testing.B) {
			r := start(b, site)
			r.upstream.answer = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				io.WriteString(w, answer)
			}
			if name == "full" {
				r.ready()
			}
			token := r.as("ana", "eng")[1]
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
			const body = `{"amount":10,"note":"one hundred bytes of a request that says nothing of note to anybody","code":"x"}`
			b.ReportAllocs()
			b.ResetTimer()
			var wg sync.WaitGroup
			for c := range 16 {
				wg.Go(func() {
					for i := c; i < b.N; i += 16 {
						req, _ := http.NewRequest("POST", r.url+"/orders", strings.NewReader(body))
						req.Header.Set("Content-Type", "application/json")
						req.Header.Set("Authorization", token)
						resp, err := client.Do(req)
						if err != nil {
							b.Error(err)
							return
						}
						io.Copy(io.Discard, resp.Body)
						resp.Body.Close()
						if resp.StatusCode != 200 {
							b.Errorf("got %d", resp.StatusCode)
							return
						}
					}
				})
			}
			wg.Wait()
		})
	}
}
