package cli

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
)

// filters are some of each kind, wide and narrow.
func filters() (all []filter) {
	for _, sub := range []string{"", "ana", "eve", "mallory", `o"hara\ é <x>`} {
		for _, types := range [][]string{nil, {"denied"}, {"approval", "exchange"}} {
			for _, status := range [][]statusRange{nil, {{200, 299}}, {{401, 401}, {502, 502}}} {
				for _, minutes := range [][2]int{{0, 0}, {2, 0}, {0, 9}, {3, 8}} {
					f := filter{sub: sub, types: types, status: status, claimed: true}
					if n := minutes[0]; n > 0 {
						f.since = began.Add(time.Duration(n) * time.Minute)
					}
					if n := minutes[1]; n > 0 {
						f.until = began.Add(time.Duration(n) * time.Minute)
					}
					all = append(all, f)
				}
			}
		}
	}
	return append(all, filter{session: "s_1", exchanges: map[string]bool{exchangeC: true}}, filter{exchange: exchangeA}, filter{session: `s "`})
}

func TestNoLineThatIsWantedIsPassedOver(t *testing.T) {
	w := newWorld(t)
	w.sample()
	tricky := `"sub":"ana","status":401,"time":"2026","type":"denied"`
	w.commit(record.ExchangeType, func(r *record.Record) {
		asked(exchangeB, "POST", "https://x/"+tricky)(r)
		r.Identity = &record.Identity{Subject: `o"hara\ é <x>`}
		r.Session = &record.Session{ID: `s "`, Key: "sid"}
		r.Request.Body = &record.Body{Content: &tricky}
		r.Response = &record.Response{Status: 200, Replaced: 502, Body: &record.Body{Content: &tricky}}
	})
	wanted, passed := 0, 0
	for _, f := range filters() {
		mustNot(t, ledger.Walk(w.source(), 0, func(l ledger.Line) error {
			r, err := record.Parse(l.Raw)
			mustNot(t, err)
			if f.wants(r) {
				wanted++
			}
			if !f.mayWant(l.Raw) {
				passed++
				if f.wants(r) {
					t.Errorf("%+v passes over record %d", f, r.Seq)
				}
			}
			return nil
		}))
	}
	if wanted == 0 || passed == 0 {
		t.Errorf("%d wanted, %d passed over: this compares nothing", wanted, passed)
	}
}

// BenchmarkMayWant is what a filter makes of lines that are not wanted, of 2 KB.
func BenchmarkMayWant(b *testing.B) {
	content := strings.Repeat(`{"sku":"tea","quantity":2},`, 50)
	r := record.New(record.ExchangeType)
	asked(exchangeA, "POST", "https://orders.example/orders")(r)
	r.Time = record.Time{Time: began}
	r.Request.Body = &record.Body{Content: &content}
	fields := string(r.AppendFields(nil))
	line := fmt.Appendf(nil, `{"seq":1,"prev":"%s","log":"main",%s`, strings.Repeat("A", 44), fields[1:])
	for name, f := range map[string]filter{
		"sub": {sub: "eve"}, "session": {session: "s_2"}, "type": {types: []string{"denied"}}, "status": {status: []statusRange{{500, 599}}},
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(line)))
			for b.Loop() {
				if f.mayWant(line) {
					b.Fatal("it is not wanted")
				}
			}
		})
	}
}
