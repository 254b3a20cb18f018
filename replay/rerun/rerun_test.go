package rerun

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/replay/compare"
	"github.com/caddyrec/caddyrec/storage/local"
)

var start = time.Date(2026, 11, 21, 18, 0, 0, 0, time.UTC)

// recording is a recorded session under construction.
type recording struct {
	t     *testing.T
	steps []*Step
	at    time.Duration
}

// add records an exchange that began at the recording's time and took so long.
func (r *recording) add(took time.Duration, method, path, body string, status int, answer string, masked ...record.Masked) *Step {
	s := &Step{
		Seq: uint64(len(r.steps) + 1), Exchange: fmt.Sprintf("019aa7a0-0000-7000-8000-%012d", len(r.steps)+1), Session: "s_1",
		Began: start.Add(r.at), Ended: start.Add(r.at + took),
		Request:  &record.Request{Method: method, URL: "https://orders.example" + path, Headers: map[string]string{"accept": "*/*"}},
		Response: &record.Response{Status: status, Headers: map[string]string{"content-type": "application/json"}},
		Masked:   masked,
	}
	if body != "" {
		s.Request.Body = &record.Body{Content: &body, Type: "application/json", Size: int64(len(body))}
	}
	if answer != "" {
		s.Response.Body = &record.Body{Content: &answer, Type: "application/json", Size: int64(len(answer))}
	}
	r.steps = append(r.steps, s)
	r.at += took + time.Second
	return s
}

// asked is a request as a target got it.
type asked struct {
	line, body string
	header     http.Header
	at         time.Duration
}

// target answers requests in memory.
type target struct {
	mu     sync.Mutex
	asked  []asked
	answer func(r *http.Request, body string) (status int, answer string, h http.Header)
	began  time.Time
}

func (s *target) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	s.mu.Lock()
	if s.began.IsZero() {
		s.began = time.Now()
	}
	s.asked = append(s.asked, asked{r.Method + " " + r.URL.RequestURI(), string(body), r.Header, time.Since(s.began)})
	s.mu.Unlock()
	status, text, h := s.answer(r, string(body))
	if status == 0 {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	if status < 0 {
		return nil, fmt.Errorf("dial tcp 192.0.2.1:443: connection refused")
	}
	if h == nil {
		h = http.Header{}
	}
	h.Set("Content-Type", "application/json")
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(text)), Request: r}, nil
}

// lines are the requests' lines and bodies.
func (s *target) lines() (all []string) {
	for _, a := range s.asked {
		all = append(all, strings.TrimSpace(a.line+" "+a.body))
	}
	return all
}

func options(s *target) Options {
	u, _ := url.Parse("http://127.0.0.1:9000")
	return Options{ID: "019aa7a0-0000-7000-8000-0000000000ff", Target: u, Transport: s, Unsafe: true, StandIns: true, Compare: []string{"content-type", "location"}}
}

func run(t *testing.T, r *recording, o Options) *Finished {
	t.Helper()
	f, err := Run(t.Context(), NewPlan(r.steps), o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func wantLines(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// echo answers each step as the record does.
func (r *recording) echo() *target {
	n := 0
	return &target{answer: func(*http.Request, string) (int, string, http.Header) {
		s := r.steps[n]
		n++
		text := ""
		if s.Response.Body != nil {
			text = *s.Response.Body.Content
		}
		return s.Response.Status, text, nil
	}}
}

func TestAReplayThatAnswersAsRecordedMatches(t *testing.T) {
	r := &recording{t: t}
	r.add(time.Millisecond, "POST", "/orders?dry=1", `{"item": "chair",  "amount":1.50}`, 201, `{"id":"ord_8f2a9c","total":5}`)
	r.add(time.Millisecond, "GET", "/orders/ord_8f2a9c", "", 200, `{"id":"ord_8f2a9c","total":5}`)
	s := r.echo()
	f := run(t, r, options(s))
	if !f.Counts.AllMatched() || f.End != EndDone {
		t.Errorf("%+v, %s", f.Counts, f.End)
	}
	wantLines(t, s.lines(), `POST /orders?dry=1 {"item": "chair",  "amount":1.50}`, "GET /orders/ord_8f2a9c")
	for i, a := range s.asked {
		if want := "019aa7a0-0000-7000-8000-0000000000ff/" + r.steps[i].Exchange; a.header.Get(ReplayHeader) != want {
			t.Errorf("request %d says it is of replay %q", i, a.header.Get(ReplayHeader))
		}
		if !strings.HasPrefix(a.header.Get("Idempotency-Key"), "caddyrec-") {
			t.Errorf("request %d has idempotency key %q", i, a.header.Get("Idempotency-Key"))
		}
	}
	if s.asked[0].header.Get("Idempotency-Key") == s.asked[1].header.Get("Idempotency-Key") {
		t.Error("two requests have one idempotency key")
	}
}

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

func TestMaskedValuesAreFilledOrSaidToBeMissing(t *testing.T) {
	const pseudonym = "[masked:6166eb87:AbCdEf]"
	masked := []record.Masked{
		{Part: "request", Pointer: "/card", Rule: "detect:card", Action: "mask"},
		{Part: "request", Pointer: "/pin", Rule: "key:pin", Action: "drop"},
		{Part: "request", Pointer: "/codes/0", Rule: "path:/codes/0", Action: "drop"},
		{Part: "url", Pointer: "token", Rule: "key:token", Action: "mask"},
	}
	r := &recording{t: t}
	r.add(0, "POST", "/pay/%5Bmasked%5D?token=%5Bmasked%5D", `{"password":"`+pseudonym+`","card":"[masked]","cvv":"[masked]","note":"mail [masked] now","codes":[],"a":{}}`, 200, `{}`, masked...)
	r.steps[0].Request.Headers["cookie"] = "sid=[masked]"
	secrets, err := ParseSecrets([]byte(`{"fields":{"Pass-Word":{"` + pseudonym + `":"corr\"ect","*":"wrong"},"/cvv":987,"path:2":"ana@example.com","token":"t&t"}}`))
	if err != nil {
		t.Fatal(err)
	}
	s := r.echo()
	o := options(s)
	o.Secrets = secrets
	f := run(t, r, o)
	wantLines(t, s.lines(), `POST /pay/ana@example.com?token=t%26t {"pin":123,"password":"corr\"ect","card":"4242424242424242","cvv":987,"note":"mail stand-in-`+strings.TrimPrefix(standIn(Place{Field: "note", Mark: "[masked]"}).(string), "stand-in-")+` now","codes":[],"a":{}}`)
	out := f.Outcomes[0]
	if got := fmt.Sprint(out.Filled); got != "[{url 2 secrets} {url token secrets} {request /pin stand-in} {request /password secrets} {request /card stand-in} {request /cvv secrets} {request /note stand-in}]" {
		t.Errorf("filled: %s", got)
	}
	if got := fmt.Sprint(out.Unfilled); got != "[cookie sid request /codes/0]" {
		t.Errorf("unfilled: %s", got)
	}

	s = r.echo()
	o = options(s)
	o.StandIns = false
	if f = run(t, r, o); len(s.asked) != 0 || f.Outcomes[0].Why != WhyUnfilled || f.Counts.AllMatched() {
		t.Errorf("a mark was sent in place of a value: %v %+v", s.lines(), f.Outcomes[0])
	}
}

func TestNothingThatWasFilledInIsTold(t *testing.T) {
	const secret, credential, cookie = "correct horse battery", "Bearer the-replayers-own", "cookie-of-the-target"
	r := &recording{t: t}
	r.add(0, "POST", "/login", `{"password":"[masked]"}`, 200, `{"ok":true}`)
	r.add(0, "POST", "/login", `{"password":"[masked]"}`, 200, `{"ok":true}`)
	s := &target{answer: func(r *http.Request, body string) (int, string, http.Header) {
		return 400, `{"error":"bad ` + secret + `","sent":` + body + `,"auth":"` + r.Header.Get("Authorization") + `","c":"` + cookie + `"}`,
			http.Header{"Location": {"/x?p=" + url.QueryEscape(secret)}, "Set-Cookie": {"sid=" + cookie}}
	}}
	secrets, _ := ParseSecrets([]byte(`{"fields":{"password":"` + secret + `"}}`))
	o := options(s)
	o.Secrets, o.Credential = secrets, func(context.Context, string) (string, error) { return credential, nil }
	state, err := local.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { state.Close() })
	o.State = state
	f := run(t, r, o)
	if f.Counts.Differed != 2 || s.asked[1].header.Get("Authorization") != credential {
		t.Fatalf("%+v %v", f.Counts, s.asked[1].header)
	}
	text, _ := json.Marshal(f.Outcomes)
	for name, err := range state.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		var v any
		if err := ReadState(t.Context(), state, name, &v); err != nil {
			t.Fatal(err)
		}
		text = fmt.Append(text, v)
	}
	for _, bad := range []string{"correct", "replayers-own", cookie} {
		if strings.Contains(string(text), bad) {
			t.Errorf("%s is told: %s", bad, text)
		}
	}
}

func TestTheRecordedPausesAreKept(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(*Options)
		want string
	}{
		{"original", func(o *Options) { o.Speed = 1 }, "[0s 1.1s 4.1s]"},
		{"ten times", func(o *Options) { o.Speed = 10 }, "[0s 110ms 410ms]"},
		{"no pauses", func(*Options) {}, "[0s 0s 0s]"},
		{"two a second", func(o *Options) { o.Rate, o.Speed = 2, 1 }, "[0s 500ms 1s]"},
		{"two a second at most", func(o *Options) { o.MaxRate, o.Speed = 2, 10 }, "[0s 500ms 1s]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := &recording{t: t}
				r.add(100*time.Millisecond, "GET", "/a", "", 200, `{}`)
				r.add(0, "GET", "/b", "", 200, `{}`)
				r.at += 2 * time.Second
				r.add(0, "GET", "/c", "", 200, `{}`)
				s := r.echo()
				o := options(s)
				c.set(&o)
				run(t, r, o)
				var at []time.Duration
				for _, a := range s.asked {
					at = append(at, a.at)
				}
				if fmt.Sprint(at) != c.want {
					t.Errorf("sent at %v, want %s", at, c.want)
				}
			})
		})
	}
}

func TestRequestsOverlapAsTheyDidOnRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recording{t: t}
		// a and b overlap; c begins after a has ended, while b goes on.
		r.add(2*time.Second, "GET", "/a", "", 200, `{}`)
		r.at = time.Second
		r.add(9*time.Second, "GET", "/b", "", 200, `{}`)
		r.at = 3 * time.Second
		r.add(time.Second, "GET", "/c", "", 200, `{}`)
		var mu sync.Mutex
		under, story := 0, ""
		s := &target{answer: func(r *http.Request, _ string) (int, string, http.Header) {
			mu.Lock()
			under++
			story += fmt.Sprintf("%s%d ", r.URL.Path[1:], under)
			mu.Unlock()
			time.Sleep(map[string]time.Duration{"/a": 5 * time.Second, "/b": 20 * time.Second, "/c": time.Second}[r.URL.Path])
			mu.Lock()
			under--
			mu.Unlock()
			return 200, `{}`, nil
		}}
		run(t, r, options(s))
		if story != "a1 b2 c2 " && story != "b1 a2 c2 " {
			t.Errorf("under way at each: %s", story)
		}
		if s.asked[2].at != 5*time.Second {
			t.Errorf("c was sent at %v, before a had its answer", s.asked[2].at)
		}
	})
}

func TestADeadTargetEndsTheReplayAndASlowOneIsNotWaitedForWithoutEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recording{t: t}
		for range 9 {
			r.add(0, "GET", "/a", "", 200, `{}`)
		}
		dead := &target{answer: func(*http.Request, string) (int, string, http.Header) { return -1, "", nil }}
		f := run(t, r, options(dead))
		if f.End != EndGivenUp || len(dead.asked) != 5 || f.Counts.Failed != 5 || f.Counts.Skipped != 4 || f.Outcomes[0].Why != WhyConnection {
			t.Errorf("%s after %d: %+v", f.End, len(dead.asked), f.Counts)
		}
		slow := &target{answer: func(*http.Request, string) (int, string, http.Header) { return 0, "", nil }}
		o := options(slow)
		o.Timeout = 3 * time.Second
		began := time.Now()
		f = run(t, r, o)
		if f.Outcomes[0].Why != WhyTimeout || time.Since(began) != 15*time.Second {
			t.Errorf("%+v after %v", f.Outcomes[0], time.Since(began))
		}
	})
}

func TestAnUnsafeRequestIsNotSentUnlessThatWasSaid(t *testing.T) {
	r := &recording{t: t}
	r.add(0, "DELETE", "/a", "", 204, "")
	r.add(0, "GET", "/b", "", 200, `{}`)
	s := &target{answer: func(*http.Request, string) (int, string, http.Header) { return 200, `{}`, nil }}
	o := options(s)
	o.Unsafe = false
	f := run(t, r, o)
	wantLines(t, s.lines(), "GET /b")
	if f.Outcomes[0].State != Skipped || f.Outcomes[0].Why != WhyUnsafe || f.Counts.AllMatched() {
		t.Errorf("%+v", f.Outcomes[0])
	}
}

func TestABodyThatIsNotOnRecordIsNotMadeUp(t *testing.T) {
	r := &recording{t: t}
	r.add(0, "POST", "/a", "", 200, `{}`)
	r.steps[0].Request.Body = &record.Body{Size: 5, Omitted: "not-json"}
	s := r.echo()
	f := run(t, r, options(s))
	if len(s.asked) != 0 || f.Outcomes[0].Why != WhyNoBody || !strings.Contains(f.Outcomes[0].Detail, "not-json") {
		t.Errorf("%v %+v", s.lines(), f.Outcomes[0])
	}
}

func TestAnInterruptedReplayGoesOnWhereItWas(t *testing.T) {
	state, err := local.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { state.Close() })
	r := &recording{t: t}
	r.add(0, "POST", "/orders", `{}`, 201, `{"id":17}`)
	r.add(0, "POST", "/orders/17/pay", `{}`, 200, `{}`)
	r.add(0, "GET", "/orders/17", "", 200, `{"id":17}`)
	ctx, stop := context.WithCancel(t.Context())
	answer := func(r *http.Request, _ string) (int, string, http.Header) {
		if r.URL.Path == "/orders" {
			stop() // while it is under way: its answer is waited for
			return 201, `{"id":3}`, nil
		}
		return 200, `{"id":3}`, nil
	}
	first := &target{answer: answer}
	o := options(first)
	o.State = state
	f, err := Run(ctx, NewPlan(r.steps), o)
	if err != nil || f.End != EndInterrupted || len(first.asked) != 1 || f.Outcomes[0].State != Matched || f.Outcomes[1].Why != WhyStopped {
		t.Fatalf("%v %+v %v", err, f, first.lines())
	}
	// The second was under way when somebody killed the process.
	if err := WriteState(t.Context(), state, stepName(2, sentSuffix), struct{}{}); err != nil {
		t.Fatal(err)
	}
	second := &target{answer: answer}
	o.Transport = second
	f = run(t, r, o)
	wantLines(t, second.lines(), "GET /orders/3")
	if f.Outcomes[1].State != Unknown || f.Outcomes[2].State != Matched || f.Counts.AllMatched() || f.End != EndDone {
		t.Errorf("%+v", f.Counts)
	}
	other := &recording{t: t}
	other.add(0, "GET", "/x", "", 200, `{}`)
	other.steps[0].Seq = 99
	if _, err := Run(t.Context(), NewPlan(other.steps), o); err == nil {
		t.Error("the state of another plan is taken up")
	}
}

func TestACredentialThatIsRefusedIsAskedForAnew(t *testing.T) {
	r := &recording{t: t}
	r.add(0, "GET", "/a", "", 200, `{}`)
	s := &target{answer: func(r *http.Request, _ string) (int, string, http.Header) {
		if r.Header.Get("Authorization") == "Bearer old" {
			return 401, "", nil
		}
		return 200, `{}`, nil
	}}
	o := options(s)
	o.Credential = func(_ context.Context, refused string) (string, error) {
		if refused == "Bearer old" {
			return "Bearer new", nil
		}
		return "Bearer old", nil
	}
	if f := run(t, r, o); !f.Counts.AllMatched() || len(s.asked) != 2 {
		t.Errorf("%+v, %d requests", f.Counts, len(s.asked))
	}
}

func TestCookiesOfTheTargetAndAHeaderFromItsAnswersAreSent(t *testing.T) {
	r := &recording{t: t}
	r.add(0, "GET", "/form", "", 200, `{"csrf":"[masked]"}`)
	r.add(0, "POST", "/form", `{}`, 200, `{}`)
	r.steps[1].Request.Headers["cookie"] = "sid=[masked]; old=[masked]"
	s := &target{answer: func(r *http.Request, _ string) (int, string, http.Header) {
		if r.Method == "GET" {
			return 200, `{"csrf":"abc"}`, http.Header{"Set-Cookie": {"sid=s1; Path=/", "other=o1"}}
		}
		return 200, `{}`, nil
	}}
	o := options(s)
	o.Headers = []Header{{"X-Csrf-Token", "{answer.csrf}"}, {"X-Env", "test"}}
	f := run(t, r, o)
	if h := s.asked[0].header; h.Get("X-Csrf-Token") != "" || h.Get("X-Env") != "test" {
		t.Errorf("first: %v", h)
	}
	if h := s.asked[1].header; h.Get("X-Csrf-Token") != "abc" || h.Get("Cookie") != "sid=s1" {
		t.Errorf("second: %v", h)
	}
	if got := fmt.Sprint(f.Outcomes[1].Unfilled); got != "[cookie old]" {
		t.Errorf("unfilled: %s", got)
	}
}

func TestStepModeAsks(t *testing.T) {
	r := &recording{t: t}
	for _, path := range []string{"/a", "/b", "/c", "/d"} {
		r.add(0, "GET", path, "", 200, `{}`)
	}
	s := &target{answer: func(*http.Request, string) (int, string, http.Header) { return 200, `{}`, nil }}
	o := options(s)
	choices := []Choice{Send, Skip, Go}
	o.Ask = func(*Step) Choice {
		c := choices[0]
		choices = choices[1:]
		return c
	}
	f := run(t, r, o)
	wantLines(t, s.lines(), "GET /a", "GET /c", "GET /d")
	if f.Outcomes[1].Why != WhyChosen {
		t.Errorf("%+v", f.Outcomes[1])
	}
}

func TestNoiseOfTwoBaselinesIsIgnored(t *testing.T) {
	r := &recording{t: t}
	r.add(0, "GET", "/a", "", 200, `{"at":"t0","n":1}`)
	n := 0
	s := &target{answer: func(*http.Request, string) (int, string, http.Header) {
		n++
		return 200, fmt.Sprintf(`{"at":"t%d","n":1}`, n), nil
	}}
	noise := Noise(run(t, r, options(s)), run(t, r, options(s)))
	o := options(s)
	o.Noise = noise
	if f := run(t, r, o); !f.Counts.AllMatched() || f.Outcomes[0].Ignored != 1 {
		t.Errorf("%+v", f.Outcomes[0])
	}
	if f := run(t, r, options(s)); f.Counts.Differed != 1 {
		t.Error("without the baselines it matches too")
	}
	var _ compare.Pattern = noise[r.steps[0].Exchange][0]
}
