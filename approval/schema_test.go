package approval

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/caddyrec/caddyrec/record"
)

func TestEveryRecordIsAsThePublishedSchemaSays(t *testing.T) {
	c := jsonschema.NewCompiler()
	if err := c.AddResource("record", bytes.NewReader(record.Schema)); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("record")
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld()
	s := w.node(t, Options{})
	used := approved(t, w, s)
	if _, err := s.Claim(t.Context(), used, "b1"); err != nil {
		t.Fatal(err)
	}
	denied := pending(t, w, s)
	if _, err := s.Vote(t.Context(), denied, approver("bob"), Deny, "not today"); err != nil {
		t.Fatal(err)
	}
	unused := approved(t, w, s)
	w.pass(time.Hour)
	wantStatus(t, s, unused, Expired)
	types := map[record.Type]bool{}
	for _, r := range w.ledger {
		types[r.Type] = true
		r.Log = "main"
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var v any
		if err := json.Unmarshal(text, &v); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(v); err != nil {
			t.Errorf("%s: %#v", r.Type, err)
		}
	}
	if len(types) != 5 {
		t.Errorf("only these types: %v", types)
	}
}
