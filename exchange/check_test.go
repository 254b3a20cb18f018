package exchange

import (
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/masking"
	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/schema"
)

func TestARefusalNamesItsReasonAndWhatIsUnreadableComesBeforeWhatIsInvalid(t *testing.T) {
	policy, err := masking.New(masking.Config{})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "s.json")
	text := `{"type":"object","properties":{"a":{"type":"integer"},"n":{"$ref":"#"}},"patternProperties":{"@":{"type":"integer"}},
		"anyOf":[{"properties":{"n":{"$ref":"#"}},"not":{}},{"properties":{"n":{"$ref":"#"}}}]}`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := schema.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	malformed := func(detail string) Refusal {
		return Refusal{Reason: "malformed-json", Status: 400, Detail: "not strict JSON: " + detail}
	}
	twice := func(pointer string) Refusal {
		return Refusal{Reason: "duplicate-key", Status: 400, Detail: "name each key of an object once", Faults: []record.Fault{{Pointer: pointer, Keyword: "duplicate-key"}}}
	}
	invalid := func(faults ...record.Fault) Refusal {
		return Refusal{Reason: "schema-invalid", Status: 422, Detail: "correct the places named in errors", Faults: faults}
	}
	undecided := Refusal{Reason: "undecided", Status: 422, Detail: "the body is too complex to be held against the schema"}
	deep := strings.Repeat(`{"n":`, 60) + `{}` + strings.Repeat(`}`, 60)
	for _, c := range []struct {
		schema *schema.Schema
		body   string
		want   Refusal
	}{
		{s, `{"a":1}`, Refusal{}},
		{s, `{"a":"x"}`, invalid(record.Fault{Pointer: "/a", Keyword: "type", Schema: "/properties/a/type"})},
		{s, `{"a":"x",}`, malformed("unexpected character at byte 9")},
		{s, `{"a":"x"} x`, malformed("trailing data at byte 10")},
		{s, "\"\xff\"", malformed("invalid UTF-8 at byte 1")},
		{s, `{"a":"x","a":1,"b":"x","b":1}`, twice("/a")},
		{s, `{"a":1,"\u0061":1,"n":`, malformed("unexpected end at byte 22")},
		{s, `{"n":{"ada@example.com":1,"ada@example.com":1}}`, twice("/n/[masked]")},
		{s, `{"ada@example.com":"x"}`, invalid(record.Fault{Pointer: "/[masked]", Keyword: "type", Schema: "/patternProperties/@/type"})},
		{s, deep, undecided},
		{s, deep[:len(deep)-1], malformed("unexpected end at byte 361")},
		{nil, `{}`, undecided},
		{nil, `{`, malformed("unexpected end at byte 1")},
		{nil, `{"a":1,"a":1}`, twice("/a")},
	} {
		got := Check(c.schema, http.Header{"Content-Type": {"application/json"}}, []byte(c.body), 1<<20, policy)
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%.60q:\ngot  %+v\nwant %+v", c.body, got, c.want)
		}
	}
}

func TestWhatIsNoJSONBodyIsRefusedUnread(t *testing.T) {
	for _, c := range []struct {
		header http.Header
		body   string
		reason string
		status int
	}{
		{http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"gzip"}}, `{}`, "coding", 415},
		{http.Header{"Content-Type": {"text/plain"}}, ``, "body-missing", 400},
		{http.Header{"Content-Type": {"text/plain"}}, `{`, "unsupported-media", 415},
	} {
		if got := Check(nil, c.header, []byte(c.body), 1<<20, nil); got.Reason != c.reason || got.Status != c.status {
			t.Errorf("%v: %+v", c.header, got)
		}
	}
}
