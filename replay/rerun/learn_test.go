package rerun

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

func TestIDsOfTheTargetAreUsedInWhatFollows(t *testing.T) {
	r := &recording{t: t}
	r.add(0, "POST", "/v1/orders", `{"quantity":17}`, 201, `{"id":17,"uuid":"7d444840-9dc0-11d1-b245-5ffdce74fad2","csrf_token":"[masked]","quantity":17}`)
	r.steps[0].Response.Headers["location"] = "https://orders.example/v1/orders/17"
	r.steps[0].Response.Headers["etag"] = `"1"`
	r.add(0, "GET", "/v1/orders/17?order_id=17&quantity=17&ref=7d444840-9dc0-11d1-b245-5ffdce74fad2", "", 200, `{"id":17,"quantity":17}`)
	r.add(0, "PATCH", "/v1/orders/17", `{"id":17,"order":{"id":"17"},"quantity":17,"pay":{"orderId":17},"uuid":"7d444840-9dc0-11d1-b245-5ffdce74fad2","csrf_token":"[masked]"}`, 200, `{"id":17,"customer":{"id":17}}`)
	r.steps[2].Request.Headers["if-match"] = `"1"`
	s := &target{answer: func(r *http.Request, body string) (int, string, http.Header) {
		switch r.Method {
		case "POST":
			return 201, `{"id":3,"uuid":"00000000-9dc0-41d1-b245-000000000001","csrf_token":"tok-of-the-target","quantity":17}`,
				http.Header{"Location": {"http://127.0.0.1:9000/v1/orders/3"}, "Etag": {`"x"`}}
		case "GET":
			return 200, `{"id":3,"quantity":17}`, nil
		}
		return 200, `{"id":3,"customer":{"id":3}}`, nil
	}}
	f := run(t, r, options(s))
	wantLines(t, s.lines(), `POST /v1/orders {"quantity":17}`,
		"GET /v1/orders/3?order_id=3&quantity=17&ref=00000000-9dc0-41d1-b245-000000000001",
		`PATCH /v1/orders/3 {"id":3,"order":{"id":"3"},"quantity":17,"pay":{"orderId":3},"uuid":"00000000-9dc0-41d1-b245-000000000001","csrf_token":"tok-of-the-target"}`)
	if got := s.asked[2].header.Get("If-Match"); got != `"x"` {
		t.Errorf("If-Match is %s", got)
	}
	if f.Counts.Matched != 3 {
		t.Errorf("%+v\n%+v", f.Counts, f.Outcomes)
	}
	text, _ := json.Marshal(f)
	if strings.Contains(string(text), "tok-of-the-target") {
		t.Errorf("a masked value of the target's is told: %s", text)
	}
}

func TestAnIDMayHappenToHaveNoLetter(t *testing.T) {
	for recorded, now := range map[string]string{
		"ord_8f2a9c4b11d0": "ord_482915003817",
		"ord_482915003817": "ord_8f2a9c4b11d0",
		"b1946ac92492d234": "1194610924920234",
	} {
		r := &recording{t: t}
		r.add(0, "POST", "/orders", `{"n":1}`, 201, `{"id":"`+recorded+`"}`)
		r.add(0, "GET", "/orders/"+recorded, "", 200, `{"id":"`+recorded+`"}`)
		s := &target{answer: func(r *http.Request, _ string) (int, string, http.Header) {
			if r.Method == "POST" {
				return 201, `{"id":"` + now + `"}`, nil
			}
			return 200, `{"id":"` + now + `"}`, nil
		}}
		f := run(t, r, options(s))
		wantLines(t, s.lines(), `POST /orders {"n":1}`, "GET /orders/"+now)
		if f.Counts.Matched != 2 {
			t.Errorf("%s in place of %s: %+v", now, recorded, f.Outcomes)
		}
	}
}

func TestAWordInPlaceOfAnIDIsADifference(t *testing.T) {
	for _, word := range []string{"unavailable", "ord_unavailable0", "ord_unavailabl", "ord_unavailab0", "err_notfoundx4"} {
		r := &recording{t: t}
		r.add(0, "POST", "/orders", `{"n":1}`, 201, `{"id":"ord_8f2a9c4b11"}`)
		s := &target{answer: func(*http.Request, string) (int, string, http.Header) {
			return 201, `{"id":"` + word + `"}`, nil
		}}
		if f := run(t, r, options(s)); f.Counts.Matched != 0 {
			t.Errorf("%s is taken for an id", word)
		}
	}
}

func TestAValueThatIsNotTheServersMustComeBackAsItWas(t *testing.T) {
	r := &recording{t: t}
	// The customer is there before the recording; the status is no id.
	r.add(0, "GET", "/customers/5", "", 200, `{"id":5,"status_code":200,"paid":100}`)
	r.add(0, "PUT", "/carts/9b2f6c1e-aa11-4c22-8d33-0123456789ab", `{"n":1}`, 200, `{"cart":"9b2f6c1e-aa11-4c22-8d33-0123456789ab","customer_id":5}`)
	s := &target{answer: func(r *http.Request, _ string) (int, string, http.Header) {
		if r.Method == "GET" {
			return 200, `{"id":6,"status_code":500,"paid":90}`, nil
		}
		return 200, `{"cart":"00000000-aa11-4c22-8d33-0123456789ab","customer_id":7}`, nil
	}}
	f := run(t, r, options(s))
	var places []string
	for _, o := range f.Outcomes {
		for _, d := range o.Differences {
			places = append(places, d.Pointer)
		}
	}
	wantLines(t, places, "/id", "/paid", "/status_code", "/cart", "/customer_id")
}

func TestAnEntityTagIsLearnedThoughOnlyItsDigestIsOnRecord(t *testing.T) {
	const tag, other = `W/"keyed-mHcTa3upx/OAIj6kJzMqi0"`, `"keyed-AAAAAAAAAAAAAAAAAAAAAA"`
	r := &recording{t: t}
	r.add(0, "GET", "/notes/a", "", 200, `{"text":"x"}`)
	r.steps[0].Response.Headers["etag"] = tag
	r.add(0, "PUT", "/notes/a", `{"text":"y"}`, 200, `{"text":"y"}`)
	r.steps[1].Request.Headers["if-match"] = tag
	r.add(0, "PUT", "/notes/b", `{"text":"y"}`, 200, `{"text":"y"}`)
	r.steps[2].Request.Headers["if-match"] = other
	s := &target{answer: func(r *http.Request, body string) (int, string, http.Header) {
		if r.Method == "GET" {
			return 200, `{"text":"x"}`, http.Header{"Etag": {`W/"b-5d41402abc4b2a76b9719d911017c592"`}}
		}
		return 200, `{"text":"y"}`, nil
	}}
	f := run(t, r, options(s))
	if got := s.asked[1].header.Get("If-Match"); got != `W/"b-5d41402abc4b2a76b9719d911017c592"` {
		t.Errorf("If-Match is %s", got)
	}
	if got, sent := s.asked[2].header["If-Match"]; sent {
		t.Errorf("a digest was sent for a tag: %s", got)
	}
	if u := f.Outcomes[2].Unfilled; len(u) != 1 || u[0] != "header if-match" {
		t.Errorf("not filled: %q", u)
	}
}
