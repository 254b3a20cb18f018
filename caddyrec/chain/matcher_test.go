package chain_test

import (
	"strings"
	"testing"
)

func TestTheJSONMatcherCannotBeWalkedAround(t *testing.T) {
	r := start(t, `
	@risky json amount > 1000
	respond @risky risky 403
	respond fine
`)
	for body, want := range map[string]int{
		`{"amount":1000}`:                                  200,
		`{"amount":1001}`:                                  403,
		`{"amount":"5000"}`:                                403,
		`{"amount":5e3}`:                                   403,
		`{"\u0061mount":5000}`:                             403,
		`{"amount":1,"amount":5000}`:                       400,
		`{"amount":1,"\u0061mount":5000}`:                  400,
		`{"amount":"0x1388"}`:                              400,
		`{"amount":"5000 EUR"}`:                            400,
		`{"amount":"٥٠٠٠"}`:                                400,
		`{"amount":"1e400"}`:                               403,
		`{"amount":"1e401"}`:                               400,
		`{"amount":1000.00000000000001}`:                   403,
		`{"amount":1000.000000000000000000000001}`:         403,
		`{"amount":"1000.00000000000000000001"}`:           403,
		`{"amount":1000.0000000000000000000000}`:           200,
		`{"amount":"` + strings.Repeat("0", 62) + `10"}`:   200,
		`{"amount":"` + strings.Repeat("0", 62) + `5000"}`: 400,
		`{"amount":[5000]}`:                                400,
		`{"amount":{"0":5000}}`:                            400,
		`{"amount":null}`:                                  200,
		`{"amount":1,"AMOUNT":5000}`:                       400,
		`{"Amount":5000}`:                                  400,
		`{"amount":5000`:                                   400,
		"\ufeff" + `{"amount":5000}`:                       400,
		`{"amount":1} {"amount":5000}`:                     400,
		`{"other":5000}`:                                   200,
		`{"amount":1e999}`:                                 400,
		``:                                                 200,
		strings.Repeat("[", 100000):                        400,
		`{"amount":` + strings.Repeat("9", 65) + `}`:       400,
	} {
		if a := r.do("POST", "/", body); a.StatusCode != want {
			t.Errorf("%.40q got %d %s, not %d", body, a.StatusCode, a.text, want)
		}
	}
}

func TestTheJSONMatcherTellsLargeNumbersApart(t *testing.T) {
	r := start(t, `
	@same json id == 9007199254740993
	respond @same same 403
	@other json id != 9007199254740993
	respond @other other
`)
	for body, want := range map[string]string{
		`{"id":9007199254740993}`:     "same",
		`{"id":"9007199254740993"}`:   "same",
		`{"id":9007199254740993.000}`: "same",
		`{"id":90071992547409930e-1}`: "same",
		`{"id":9007199254740992}`:     "other",
		`{"id":"9007199254740992"}`:   "other",
		`{"id":9007199254740993.1}`:   "other",
		`{"id":"x"}`:                  "other",
		`{}`:                          "other",
	} {
		if a := r.do("POST", "/", body); a.text != want {
			t.Errorf("%s got %d %s, not %s", body, a.StatusCode, a.text, want)
		}
	}
}

func TestJSONIsAskedLastByJITApprovalAndOfAnyMediaType(t *testing.T) {
	site := `
	basic_auth {
		ana $2a$04$bw9FG2rDRwsekGBs4HCvSOXdBKCqRokOCLOdZzSDOxxm9dQUT5Lvq
	}
	@risky {
		method POST
		path /refunds
		json amount > 1000
	}
	jit_approval @risky {
		approvers id ben
		wait 10ms
	}
	reverse_proxy UPSTREAM
`
	r := start(t, site)
	ana := []string{"Authorization", "Basic YW5hOmhpY2N1cA=="}
	form := append([]string{"Content-Type", "application/x-www-form-urlencoded"}, ana...)
	for i := range 8 { // Caddy's order changes from load to load
		for name, c := range map[string]struct {
			path, body string
			header     []string
			want       int
		}{
			"a form elsewhere":    {"/upload", "amount=5000", form, 200},
			"a form":              {"/refunds", "amount=5000", form, 400},
			"a small refund":      {"/refunds", `{"amount":5}`, ana, 200},
			"a large refund":      {"/refunds", `{"amount":5000}`, ana, 202},
			"broken JSON":         {"/refunds", `{"amount":5000`, ana, 400},
			"JSON as plain text":  {"/refunds", `{"amount":5000}`, append([]string{"Content-Type", "text/plain"}, ana...), 202},
			"another charset":     {"/refunds", `{"x":"+ACI-,+ACI-amount+ACI-:9000"}`, append([]string{"Content-Type", "application/json; charset=utf-7"}, ana...), 415},
			"a form that is JSON": {"/refunds", `{"a":"&amount=5000&b="}`, form, 400},
			"a coded body":        {"/refunds", `{"amount":5}`, append([]string{"Content-Encoding", "gzip"}, ana...), 415},
		} {
			if a := r.do("POST", c.path, c.body, c.header...); a.StatusCode != c.want {
				t.Fatalf("load %d: %s got %d %s", i, name, a.StatusCode, a.text)
			}
		}
		r.load(strings.Replace(site, "wait 10ms", "wait 1"+string(rune('1'+i))+"ms", 1))
	}
}

func TestJSONPlaceholdersAreForOtherDirectives(t *testing.T) {
	r := start(t, "route {\nsession_record\n@cel expression `{http.caddyrec.json.items.0.amount} > 1000`\nreverse_proxy @cel UPSTREAM {\nheader_up X-Id {http.caddyrec.json.id}\n}\nrespond small\n}")
	if a := r.do("POST", "/", `{"items":[{"amount":10}]}`); a.text != "small" {
		t.Errorf("got %q", a.text)
	}
	if a := r.do("POST", "/", `{"items":[{"amount":1001}],"id":9007199254740993}`); a.text != `{"ok":true}` {
		t.Errorf("got %q", a.text)
	}
	if got := r.upstream.requests(); len(got) != 1 || got[0].header.Get("X-Id") != "9007199254740993" {
		t.Errorf("the upstream got %+v", got)
	}
}
