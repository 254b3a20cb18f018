package chain_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

// A replay sends a request once those are answered that had been before it began.
func TestARequestBeganOnRecordAfterTheOneBeforeHadItsAnswer(t *testing.T) {
	r := start(t, "session_record {\nmax_body 4MiB\n}\nreverse_proxy UPSTREAM")
	long := `["` + strings.Repeat(`some text of an order","`, 40_000) + `"]` // which takes a while to mask
	r.upstream.answer = func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if q.URL.Path == "/long" {
			w.Write([]byte(long))
			return
		}
		w.Write([]byte("[]"))
	}
	r.do("GET", "/short", "")
	r.do("GET", "/long", "")
	var ended time.Time
	for _, ex := range r.records(ofType(record.ExchangeType)) {
		if ex.Response.Body.Omitted != "" {
			t.Fatalf("the answer is not recorded: %s", ex.Response.Body.Omitted)
		}
		if began := ex.Time.Add(-time.Duration(ex.Timing.Total) * time.Microsecond); began.Before(ended) {
			t.Errorf("record %d began %v before the one before it ended", ex.Seq, ended.Sub(began))
		}
		ended = ex.Time.Time
	}
}
