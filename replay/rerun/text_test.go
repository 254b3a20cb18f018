package rerun

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestWhatMachinesMakeIsToldFromWhatPeopleWrite(t *testing.T) {
	for _, text := range []string{
		"7d444840-9dc0-11d1-b245-5ffdce74fad2", "01ARZ3NDEKTSV4RRFFQ69G5FAV", "ord_8f2a9c", "b1946ac92492d234", "cus_NffrFeUfNV2Hib",
		"eyJhbGciOiJFZERTQSJ9.e30.c2ln", "dGhlIHF1aWNrIGJyb3duIGZveA==",
	} {
		if !isOpaque(text) {
			t.Errorf("%s is taken for a word", text)
		}
	}
	for _, text := range []string{
		"", "17", "confirmed", "pending-review", "2026-11-21", "2026-11-21T18:00:00Z", "1234567.89", "192.0.2.1", "order-2026", "report.v2",
		"a b1c2d3e4f5", "application/json", "InternalServerError", "version1.2.3", strings.Repeat("a1", 300),
	} {
		if isOpaque(text) {
			t.Errorf("%s is taken for an id", text)
		}
	}
}

func TestNamesOfIDsAreToldFromOthers(t *testing.T) {
	for _, name := range []string{"id", "ID", "order_id", "orderId", "orderID", "order-ids", "uuid", "userUuid", "csrf_token", "nextCursor"} {
		if !isIDName(name) {
			t.Errorf("%s is no id", name)
		}
	}
	for _, name := range []string{"paid", "valid", "amountPaid", "grid", "status_code", "number", "void", ""} {
		if isIDName(name) {
			t.Errorf("%s is an id", name)
		}
	}
}

func TestClassesSayWhatAnIDIsOf(t *testing.T) {
	for _, c := range []struct{ path, pointer, want string }{
		{"/v1/orders", "/id", "orderid"},
		{"/v1/orders", "/order_id", "orderid"},
		{"/v1/orders", "/order/id", "orderid"},
		{"/v1/customers", "/orders/0", "orderid"},
		{"/v1/customers", "/orders/3/id", "orderid"},
		{"/v1/orders/5/cancel", "/id", "orderid"},
		{"/v1/orders", "/data/id", "orderid"},
		{"/v1/categories", "/0/id", "categoryid"},
	} {
		all := strings.Join(classesInJSON(c.path, c.pointer), " ")
		if !strings.Contains(" "+all+" ", " "+c.want+" ") {
			t.Errorf("%s at %s is of %s", c.pointer, c.path, all)
		}
	}
}

func TestRewritingLeavesEveryOtherByteAsItIs(t *testing.T) {
	const text = " {\"a\" : [ 1, 2.50 ,\"x\", {} , {\"b/c\":null}],\n\t\"a\":true, \"u\":\"\\u00e9\" } \n"
	var places []string
	rw := rewriter{scalar: func(at string, v any) []byte { places = append(places, at); return nil }}
	out, err := rw.rewrite([]byte(text))
	if err != nil || string(out) != text {
		t.Errorf("%q, %v", out, err)
	}
	if got := strings.Join(places, " "); got != "/a/0 /a/1 /a/2 /a/4/b~1c /a /u" {
		t.Errorf("places: %s", got)
	}
	rw = rewriter{
		scalar: func(at string, v any) []byte {
			if v == json.Number("2.50") || at == "/u" {
				return []byte(`"new"`)
			}
			return nil
		},
		open: func(at string) []byte {
			if at == "" || at == "/a/3" {
				return []byte(`"first":0`)
			}
			return nil
		},
	}
	out, err = rw.rewrite([]byte(text))
	want := strings.NewReplacer("2.50", `"new"`, `"\u00e9"`, `"new"`, "{}", `{"first":0}`, ` {"a"`, ` {"first":0,"a"`).Replace(text)
	if err != nil || string(out) != want {
		t.Errorf("got\n%s\nwant\n%s\n%v", out, want, err)
	}
	for _, bad := range []string{"{", `{"a":}`, `[1`, `[1]]`} {
		if out, err := rw.rewrite([]byte(bad)); err == nil {
			t.Errorf("%s is %s", bad, out)
		}
	}
}

func FuzzRewritingNothingChangesNothing(f *testing.F) {
	for _, seed := range []string{`{"a":[1,"x",null,true,{}]}`, `"x"`, ` [ ] `, `{"a":{"b":[[]]}}`, `1 2`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		same := rewriter{scalar: func(string, any) []byte { return nil }}
		if out, err := same.rewrite([]byte(text)); err == nil && string(out) != text {
			t.Errorf("%q became %q", text, out)
		}
		if !json.Valid([]byte(text)) {
			return
		}
		zero := rewriter{scalar: func(string, any) []byte { return []byte("0") }}
		if out, err := zero.rewrite([]byte(text)); err != nil || !json.Valid(out) {
			t.Errorf("%q became %q, %v", text, out, err)
		}
	})
}

func TestSecretsFilesThatAreNoneAreRefusedWithoutAValue(t *testing.T) {
	for _, text := range []string{"", "[]", `{"fields":{}}`, `{"fields":{"--":"hunter2"}}`, `{"fields":{"a":{"b":"hunter2"}}}`, `{"password":"hunter2"}`, `{"fields":{"a":"hunter2"`} {
		if _, err := ParseSecrets([]byte(text)); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
