package chain_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/record"
)

func TestSecretParametersOfTheDocumentAreMasked(t *testing.T) {
	r := startAPI(t, guardAPI)
	r.answers(200, "application/json", `[{"amount":1,"code":"r-secret"}]`)
	r.do("GET", "/orders?voucher=v-secret&limit=2", "")
	r.answers(200, "text/csv", "a,b")
	r.do("GET", "/tickets/t-secret", "")
	for _, path := range []string{"/tickets/t-secret/", "//tickets/t-secret", "/other?voucher=v-secret"} {
		r.do("GET", path, "")
	}
	r.do("PUT", "/tickets/t-secret", "")
	for _, d := range r.records(ofType(record.Denied)) {
		if strings.Contains(d.Request.URL, "-secret") {
			t.Errorf("%s is recorded with %s", d.Denial.Reason, d.Request.URL)
		}
	}
	all := r.records(ofType(record.ExchangeType))
	if len(all) != 2 {
		t.Fatalf("%d exchanges", len(all))
	}
	if all[0].Request.URL != r.url+"/orders?voucher=%5Bmasked%5D&limit=2" || *all[0].Response.Body.Content != `[{"amount":1,"code":"[masked]"}]` {
		t.Errorf("recorded is %s and %s", all[0].Request.URL, *all[0].Response.Body.Content)
	}
	if all[1].Request.URL != r.url+"/tickets/%5Bmasked%5D" {
		t.Errorf("recorded is %s", all[1].Request.URL)
	}
	if s := all[0].Schema; s.Request.ID != "orders.yaml#listOrders" || s.Request.Version != "7" || s.Response.Digest != s.Request.Digest {
		t.Errorf("the verdicts are %+v and %+v", s.Request, s.Response)
	}
}

func TestSecretParametersAreMaskedInOtherAddressesToo(t *testing.T) {
	r := startAPI(t, "@go path_regexp t ^/go-(.+)$\nrewrite @go /tickets/{re.t.1}\n"+guardAPI)
	r.upstream.answer = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/csv")
		w.Header().Set("Location", "/tickets/l-secret?voucher=l-secret")
	}
	r.do("GET", "/go-t-secret", "", "Referer", r.url+"/go-t-secret?voucher=r-secret")
	r.do("GET", "/tickets/t-secret", "", "Referer", "https://shop.example/api/tickets/r-secret/")
	r.do("GET", "/other/t-secret/u-secret", "", "Referer", r.url+"/odd/r-secret")
	ex := r.records(ofType(record.ExchangeType))[0]
	if ex.Request.URL != r.url+"/%5Bmasked%5D" || ex.Response.Headers["location"] != "/tickets/%5Bmasked%5D?voucher=%5Bmasked%5D" {
		t.Errorf("recorded is %s, %+v", ex.Request.URL, ex.Response.Headers)
	}
	for _, rec := range r.records(func(rec *record.Record) bool { return rec.Request != nil }) {
		text := rec.Request.URL + rec.Request.Headers["referer"]
		if rec.Response != nil {
			text += rec.Response.Headers["location"]
		}
		if strings.Contains(text, "-secret") {
			t.Errorf("%s: %s", rec.Type, text)
		}
	}
}

func TestARefusedRequestsRecordIsNotMuchLargerThanTheRequest(t *testing.T) {
	r := startAPI(t, guardAPI)
	for _, path := range []string{strings.Repeat("/a", 3_000), "/orders?limit=0&" + strings.Repeat("voucher=1&", 600), "/tickets/" + strings.Repeat("x;", 2_000) + "?voucher=2"} {
		r.do("DELETE", path, "", "Referer", strings.Repeat("/a", 500))
	}
	all := r.records(ofType(record.Denied))
	if len(all) != 3 {
		t.Fatalf("%d refusals", len(all))
	}
	for _, rec := range all {
		if size := len(rec.AppendFields(nil)); len(rec.Masked) > 140 || size > 32<<10 {
			t.Errorf("%.80s: %d places, %d bytes", rec.Request.URL, len(rec.Masked), size)
		}
	}
	if url := all[0].Request.URL; url != r.url+"/%5Bmasked%5D" {
		t.Errorf("the path of a stranger is recorded as %.100s", url)
	}
}

func TestSecretHeaderFieldsOfAnswersAreMasked(t *testing.T) {
	r := startAPI(t, guardAPI)
	r.upstream.answer = func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/csv")
		h.Set("X-Request-Id", "i-secret")
		h.Set("Last-Modified", "of late")
		h.Set("Trailer", "X-Link, X-Pickup")
		w.Write([]byte("a,b"))
		h.Set("X-Link", "k-secret")
		h.Set("X-Pickup", "p-secret")
	}
	r.do("GET", "/tickets/t-secret", "", "X-Pickup", "p-secret")
	r.do("GET", "/other", "")
	for _, ex := range r.records(ofType(record.ExchangeType)) {
		h := ex.Response.Headers
		if h["x-request-id"] != "[masked]" || h["last-modified"] != "of late" {
			t.Errorf("recorded is %+v", h)
		}
		if !slices.ContainsFunc(ex.Masked, func(m record.Masked) bool {
			return m.Part == "header" && m.Pointer == "X-Request-Id" && m.Rule == "schema"
		}) {
			t.Errorf("the record tells of %+v", ex.Masked)
		}
	}
	r.isNowhere("i-secret", r.dirName)
}
