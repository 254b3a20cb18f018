package exchange

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/masking"
	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/schema"
)

func loaded(t *testing.T, text string) *schema.Schema {
	t.Helper()
	file := filepath.Join(t.TempDir(), "s.json")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := schema.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// document stands for an OpenAPI document.
type document struct{}

func (document) ID() string      { return "orders" }
func (document) Version() string { return "1" }
func (document) Digest() string  { return strings.Repeat("a", 64) }

func TestAModeSaysWhatBecomesOfAnAnswerThatDoesNotPass(t *testing.T) {
	s := loaded(t, `{"type":"object"}`)
	unknown := Expected{By: document{}, Refusal: Refusal{Reason: "unknown-status", Status: 502}}
	for name, c := range map[string]struct {
		mode    Mode
		want    Expected
		body    string
		refused string
		verdict string // "" for none
		fault   string
	}{
		"enforced, valid":          {Enforce, Expected{Schema: s}, `{}`, "", "valid", ""},
		"enforced, invalid":        {Enforce, Expected{Schema: s}, `[]`, "schema-invalid", "invalid", "type"},
		"enforced, unknown status": {Enforce, unknown, `{}`, "unknown-status", "invalid", "unknown-status"},
		"enforced, too large":      {Enforce, Expected{Schema: s}, strings.Repeat(" ", 200) + `{}`, "body-too-large", "invalid", "body-too-large"},
		"reported":                 {Report, Expected{Schema: s}, `[]`, "", "invalid", "type"},
		"reported, unknown status": {Report, unknown, `{}`, "", "invalid", "unknown-status"},
		"in the shadow":            {Shadow, Expected{Schema: s}, `[]`, "", "unchecked", ""},
		"nothing is expected":      {Enforce, Expected{}, `[]`, "", "", ""},
	} {
		x := &Exchange{Request: record.Request{Method: "GET"}}
		x.Plan = &Plan{MaxBody: 100, ResponseMode: c.mode}
		r := x.CheckResponse(&c.want, 200, ofMedia("application/json"), []byte(c.body), nil)
		v := x.Verdicts.Response
		if r.Reason != c.refused || (v == nil) != (c.verdict == "") {
			t.Errorf("%s: %+v, %+v", name, r, v)
			continue
		}
		if v != nil && (v.Verdict != c.verdict || v.Mode != c.mode.String() || c.fault != "" && v.Faults[0].Keyword != c.fault) {
			t.Errorf("%s: %+v", name, v)
		}
		if x.Holds(&c.want) != (c.mode == Enforce && c.verdict != "") {
			t.Errorf("%s: held for nothing, or not held", name)
		}
	}
}

func TestACheckInTheShadowSeesTheAnswerAsItWas(t *testing.T) {
	var check func() *record.Verdict
	x := &Exchange{Plan: &Plan{MaxBody: 100, ResponseMode: Shadow, Beside: func(f func() *record.Verdict) { check = f }}}
	h, body := ofMedia("application/json"), []byte(`[]`)
	x.CheckResponse(&Expected{Schema: loaded(t, `{"type":"object"}`)}, 200, h, body, nil)
	copy(body, `{}`) // the buffer has gone on to another answer
	h.Set("Content-Type", "text/plain")
	if v := check(); v.Verdict != "invalid" || v.Mode != "shadow" || v.Faults[0].Keyword != "type" {
		t.Errorf("%+v", v)
	}
	x.Shadowed(&record.Verdict{Verdict: "invalid", Mode: "shadow"})
	if r := x.Record(record.ExchangeType); r.Schema.Request.Verdict != "invalid" || r.Schema.Response.Verdict != "unchecked" {
		t.Errorf("%+v", r.Schema)
	}
}

func TestASchemasMarksAndActionsReachEveryKindOfBody(t *testing.T) {
	s := loaded(t, `{"properties":{"knob":{"x-sensitive":true},"card":{"x-mask":{"action":"partial","keep":4}},"gone":{"x-mask":{"action":"drop"}},"in":{"properties":{"code":{"writeOnly":true}}}}}`)
	policy, err := masking.New(masking.Config{})
	if err != nil {
		t.Fatal(err)
	}
	m := Masker{Policy: policy, Digest: func([]byte) string { return "digest" }}
	x := &Exchange{Plan: &Plan{Marks: s}}
	for media, c := range map[string][2]string{
		"application/json":                  {`{"knob":1,"card":"abcdefghijkl","gone":1,"in":{"code":2}}`, `{"knob":"[masked]","card":"[masked:…ijkl]","in":{"code":"[masked]"}}`},
		"application/x-ndjson":              {"{\"knob\":1}\n", "{\"knob\":\"[masked]\"}\n"},
		"text/event-stream":                 {"data: {\"knob\":1}\n\n", "data: {\"knob\":\"[masked]\"}\n\n"},
		"application/x-www-form-urlencoded": {"knob=1&a=2&kno%62=3", "knob=%5Bmasked%5D&a=2&kno%62=%5Bmasked%5D"},
	} {
		body, masked := m.Body("request", ofMedia(media), []byte(c[0]), x.RequestMarks())
		if text(body) != c[1] || len(masked) == 0 || masked[0].Rule != "schema" {
			t.Errorf("%s: %q %+v", media, text(body), masked)
		}
	}
	body, _ := m.Body("request", ofMedia(multipartType), []byte(multipartOf("Content-Disposition: form-data; name=knob", "LEAK",
		"Content-Disposition: form-data; name=in\r\nContent-Type: application/json", `{"code":"LEAK"}`)), x.RequestMarks())
	if strings.Contains(text(body), "LEAK") || !strings.Contains(text(body), `{"code":"[masked]"}`) {
		t.Errorf("%q", text(body))
	}
	if (&Exchange{Plan: &Plan{Request: loaded(t, `{}`)}}).RequestMarks() != nil {
		t.Error("a schema that marks nothing costs a walk")
	}
}

func TestACodedBodyIsHeldAgainstItsSchemaDecoded(t *testing.T) {
	s := loaded(t, `{"type":"object"}`)
	h := http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"gzip"}}
	for body, reason := range map[string]string{
		string(coded("gzip", []byte(`{}`))):                          "",
		string(coded("gzip", []byte(`[]`))):                          "schema-invalid",
		string(coded("gzip", []byte(strings.Repeat(" ", 200)+`{}`))): "body-too-large",
		string(coded("gzip", []byte(`{}`))) + "x":                    "coding",
		strings.Repeat("x", 101):                                     "body-too-large",
	} {
		if r := Check(s, h, []byte(body), 100, nil); r.Reason != reason {
			t.Errorf("%q: %+v, not %s", body, r, reason)
		}
	}
}
