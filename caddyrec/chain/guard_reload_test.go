package chain_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/record"
)

// save replaces a file as editors and configuration managers do.
func (r *rig) save(name, content string) {
	r.Helper()
	to := filepath.Join(r.dir, name)
	if err := os.WriteFile(to+"~", []byte(content), 0o600); err != nil {
		r.Fatal(err)
	}
	if err := os.Rename(to+"~", to); err != nil {
		r.Fatal(err)
	}
}

func TestAChangedSchemaIsInForceWithoutAReload(t *testing.T) {
	r := start(t, "json_schema_guard {\nrequest DIR/order.json\n}\nsession_record\nreverse_proxy UPSTREAM")
	const body = `{"amount":1,"gift":true}`
	if a := r.do("POST", "/", body); a.StatusCode != 422 {
		t.Fatalf("before: %d", a.StatusCode)
	}
	wider := strings.NewReplacer(`"x-version":"3"`, `"x-version":"4"`, `"note":`, `"gift":{"$ref":"gift.json"},"note":`).Replace(orderSchema)
	r.save("gift.json", `{"type":"boolean"}`)
	r.save("order.json", wider)
	r.logged("loaded anew", `"version":"4"`)
	if a := r.do("POST", "/", body); a.StatusCode != 200 {
		t.Fatalf("after: %d %s", a.StatusCode, a.text)
	}
	v := r.records(ofType(record.ExchangeType))[0].Schema.Request
	if v.Version != "4" {
		t.Errorf("the record says %+v", v)
	}
	r.logged("loaded anew", `"version":"4"`, v.Digest)

	r.save("order.json", `{"type":`)
	r.logged("cannot be loaded", "order.json")
	if a := r.do("POST", "/", body); a.StatusCode != 200 {
		t.Errorf("the last good schema is not in force: %d %s", a.StatusCode, a.text)
	}
	r.save("order.json", wider)
	r.save("gift.json", `{"type":"string"}`)
	r.loggedTimes(2, "loaded anew", `"version":"4"`)
	if a := r.do("POST", "/", body); a.StatusCode != 422 {
		t.Fatalf("after: %d %s", a.StatusCode, a.text)
	}
	log, err := os.ReadFile(filepath.Join(r.dir, r.logName))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(log), "cannot be loaded"); n != 1 {
		t.Errorf("the failure was logged %d times", n)
	}
	denied := r.records(ofType(record.Denied))
	if last := denied[len(denied)-1].Schema.Request; last.Digest == v.Digest || last.Version != "4" {
		t.Errorf("the record does not tell the two apart: %+v", last)
	}
}

func TestAChangedDocumentIsInForceWithoutAReload(t *testing.T) {
	site, file := withAPI(t, guardAPI)
	r := start(t, site)
	r.answers(200, "application/json", `[]`)
	if a := r.do("GET", "/orders?limit=500", ""); a.StatusCode != 400 {
		t.Fatalf("before: %d %s", a.StatusCode, a.text)
	}
	text := strings.NewReplacer(`version: "7"`, `version: "8"`, "maximum: 100}", "maximum: 1000}", "operationId: getOrder", "x-approval: required").Replace(ordersAPI)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r.logged("loaded anew", `"version":"8"`)
	if a := r.do("GET", "/orders?limit=500", ""); a.StatusCode != 200 {
		t.Fatalf("after: %d %s", a.StatusCode, a.text)
	}
	if v := r.records(ofType(record.ExchangeType))[0].Schema.Request; v.Version != "8" {
		t.Errorf("the record says %+v", v)
	}
	if a := r.do("GET", "/orders/5", ""); a.StatusCode != 503 {
		t.Errorf("what needs approval now got %d", a.StatusCode)
	}
	r.logged("no jit_approval stands behind", `"operations":2`)
}
