package caddyrec

import (
	"strings"
	"testing"

	"golang.org/x/time/rate"

	"github.com/caddyrec/caddyrec/record"
)

func TestAllThatAClientCanMakeLargeCountsAgainstAFlood(t *testing.T) {
	n := &denials{bytes: rate.NewLimiter(1, 100_000)}
	kept := 0
	for range 40 {
		r := record.New(record.Denied)
		content := strings.Repeat("c", 5_000)
		r.Request = &record.Request{URL: "http://x/" + strings.Repeat("u", 5_000), Body: &record.Body{Content: &content, Size: 5_000}}
		for range 60 {
			r.Masked = append(r.Masked, record.Masked{Part: "url", Pointer: strings.Repeat("p", 100), Rule: "schema", Action: "mask", Count: 1})
		}
		n.bound(r)
		size := len(r.AppendFields(nil))
		if r.Request.Body.Content != nil {
			kept += size
			continue
		}
		if size > 1_000 || r.Request.Body.Omitted != "flood" || len(r.Masked) != 1 || r.Masked[0].Count != 60 || !strings.HasSuffix(r.Request.URL, "…") {
			t.Errorf("%d bytes are left: %+v %+v", size, r.Request, r.Masked)
		}
	}
	if kept < 50_000 || kept > 101_000 {
		t.Errorf("%d bytes passed, not 100,000", kept)
	}
}
