package rerun

import (
	"testing"

	"github.com/caddyrec/caddyrec/record"
)

func TestWhatTheGatewayRefusedIsNotSentAgain(t *testing.T) {
	const id = "019aa7a0-0000-7000-8000-000000000001"
	problem := func(reason, instance string) string {
		return `{"type":"urn:caddyrec:problem:` + reason + `","status":409,"instance":"urn:uuid:` + instance + `","reason":"` + reason + `"}`
	}
	for _, c := range []struct {
		name, body, upstream, state string
		sent                        bool
	}{
		{"the request was not the approved one", problem("approval-mismatch", id), "", "", false},
		{"the approval was used before", problem("approval-used", id), "", "used", false},
		{"it waits", problem("approval-pending", id), "", "pending", false},
		{"it ran and failed", problem("approved-failed", id), "", "used", true},
		{"it ran, and its answer was withheld", problem("response-invalid", id), "", "", true},
		{"another gateway behind this one refused it", problem("approval-mismatch", "019aa7a0-0000-7000-8000-000000000002"), "", "", true},
		{"an upstream says so", problem("approval-mismatch", id), "orders:8080", "", true},
		{"a problem of the API's own", `{"title":"no such order","status":409}`, "", "", true},
	} {
		r := &record.Record{Type: record.ExchangeType, Exchange: id, Request: &record.Request{Method: "POST", URL: "https://orders.example/refunds"},
			Response: &record.Response{Status: 409, Upstream: c.upstream, Body: &record.Body{Content: &c.body, Type: "application/problem+json"}}}
		if c.state != "" {
			r.Approval = &record.Approval{State: c.state}
		}
		if _, sent := FromRecord(r); sent != c.sent {
			t.Errorf("%s: sent again: %v", c.name, sent)
		}
	}
}
