package record

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	if err := c.AddResource("record", bytes.NewReader(Schema)); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("record")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// full has a value in every field, so that a field the schema does not know,
// or knows otherwise, fails the test.
func full() *Record {
	content := `{"card":"[masked]"}`
	now := Now()
	r := New(ExchangeType)
	r.Identity = &Identity{Issuer: "https://id.example", Subject: "ana", Groups: []string{"eng"}}
	r.Session = &Session{ID: "s", Key: "sid", IssuedAt: 1, Expires: 2, AuthTime: 1, ACR: "1", AMR: []string{"pwd"}}
	r.Client = &Client{IP: "::1", PeerIP: "::1", UserAgent: "curl"}
	body := Body{Content: &content, Encrypted: "0123456789abcdef:AAAA", Type: "application/json", Encoding: "gzip", Size: 3, Digest: "hmac-sha256:0a0b0c0d:" + strings.Repeat("A", 43) + "=", Omitted: "too-large", Truncated: true}
	r.Request = &Request{Method: "POST", URL: "https://x/", Proto: "HTTP/1.1", Headers: map[string]string{"accept": "*/*"}, Body: &body}
	r.Response = &Response{Status: 200, Headers: map[string]string{"content-type": "x"}, Body: &body, Trailers: map[string]string{"server-timing": "x"}, Masked: true, Withheld: "response-invalid", Replaced: 502, Error: "canceled", ErrorID: "x", Upstream: "orders:8080"}
	v := &Verdict{ID: "a", Version: "1", Digest: strings.Repeat("a", 64), Verdict: "invalid", Mode: "enforce", Faults: []Fault{{Pointer: "/a", Keyword: "type", Schema: "/properties/a/type"}}}
	r.Schema = &Schemas{Request: v, Response: v}
	r.Masked = []Masked{{Part: "request", Pointer: "/a", Rule: "key:password", Action: "mask", Count: 2}}
	r.Approval = &Approval{ID: NewID(), State: "used", Binding: "b", Requester: r.Identity, Voter: r.Identity, Decision: "approve", Reason: "fine", Votes: []Vote{{Voter: *r.Identity, Decision: "approve", Time: now}}, Expires: &now}
	r.Denial = &Denial{By: "oidc_auth", Status: 401, Reason: "expired", Suppressed: 3, Unverified: r.Identity}
	r.Chunk = &Part{Index: 1, Offset: 2, Body: body}
	r.Gateway = &Gateway{Version: "v", Cut: 1, Segment: "x", Since: &now, Reason: "ledger-full", Failed: 2}
	r.Retention = &Retention{Hold: "h", From: &now, Until: &now, Segment: "x", First: 1, Records: 2, Why: "w", By: "b"}
	r.Key = &Key{ID: NewID(), Kid: "0a0b0c0d0e0f0102", Service: "main", Purpose: "p", Subject: r.Identity, Sessions: []string{"s_1"}, From: &now, Until: &now, Client: "ip:::1",
		MaxFrames: 1, Issued: &now, Expires: &now, Session: "s_1", Frames: 2, Reason: "expired", By: "b", Suppressed: 3}
	r.Replay = &Replay{ID: NewID(), Session: "s", Filter: "--sub ana", Target: "https://test.example", Baselines: []string{"https://good.example"}, Unsafe: true, Allowed: "marked", Resumed: true, By: "b",
		Requests: 6, Sent: 5, Matched: 1, Differed: 2, Failed: 1, Skipped: 1, Unknown: 1, Outcome: "differs", Plan: strings.Repeat("c", 64), State: strings.Repeat("b", 64), Report: strings.Repeat("a", 64)}
	r.Timing = &Timing{Upstream: 1, Total: 2}
	r.Originals = "0123456789abcdef:AAAA"
	r.Opened = &Opened{Record: NewID(), Seq: 1, Why: "w", By: "b"}
	r.DataKeys = []DataKey{{ID: "0123456789abcdef", For: "contents", To: []string{"age1x"}, Wrapped: "AAAA"}}
	r.Exchange = NewID()
	return r
}

func TestEveryFieldOfARecordIsInThePublishedSchema(t *testing.T) {
	r := full()
	r.Log = "main"
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	if err := compiled(t).Validate(v); err != nil {
		t.Fatalf("%#v", err)
	}
	for name, value := range v.(map[string]any) {
		if value == nil {
			t.Errorf("full leaves %s empty", name)
		}
	}
}

func TestTheSchemaRefusesWhatARecordMustHave(t *testing.T) {
	s := compiled(t)
	for _, missing := range []string{"seq", "prev", "log", "id", "time", "type", "request", "response", "client", "timing", "exchange"} {
		r := full()
		r.Log = "main"
		text, _ := json.Marshal(r)
		var v map[string]any
		if err := json.Unmarshal(text, &v); err != nil {
			t.Fatal(err)
		}
		delete(v, missing)
		if s.Validate(v) == nil {
			t.Errorf("an exchange record without %s passes", missing)
		}
	}
}

func TestFieldsLeaveOutWhatTheLedgerPutsOnAndStayOnOneLine(t *testing.T) {
	r := full()
	text := "a\nb <&> \u2028"
	r.Request.Body.Content = &text
	got := r.AppendFields(nil)
	var v map[string]any
	if err := json.Unmarshal(got, &v); err != nil {
		t.Fatal(err)
	}
	for _, k := range []string{"seq", "prev", "log", "data_keys"} {
		if _, ok := v[k]; ok {
			t.Errorf("%s is in the fields", k)
		}
	}
	if bytes.ContainsAny(got, "\n") || !bytes.HasPrefix(got, []byte(`{"id":`)) {
		t.Errorf("not one line beginning with the id: %.80s", got)
	}
	back, err := Parse(got)
	if err != nil {
		t.Fatal(err)
	}
	if *back.Request.Body.Content != text || !back.Time.Equal(r.Time.Truncate(1000)) {
		t.Errorf("a record does not come back as it was written")
	}
}

func TestTheSchemaKnowsTheTypesThatAreWrittenAndNoOther(t *testing.T) {
	var schema struct {
		Properties struct{ Type struct{ Enum []Type } }
	}
	if err := json.Unmarshal(Schema, &schema); err != nil {
		t.Fatal(err)
	}
	if want := Types(); !slices.Equal(schema.Properties.Type.Enum, want) {
		t.Errorf("the schema has %q, not %q", schema.Properties.Type.Enum, want)
	}
}
