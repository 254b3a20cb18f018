package rerun

import (
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

	endless bool // its answers have no end
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
	got := http.Header{}
	for name, values := range r.Header { // as a server reads them
		got[http.CanonicalHeaderKey(name)] = values
	}
	s.asked = append(s.asked, asked{r.Method + " " + r.URL.RequestURI(), string(body), got, time.Since(s.began)})
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
	out := &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(text)), Request: r}
	if s.endless {
		out.Body = endless{make(chan struct{})}
	}
	return out, nil
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

func TestATargetMayHaveAPathBeforeTheRecordedOnes(t *testing.T) {
	r := &recording{t: t}
	r.add(0, "POST", "/orders", `{}`, 201, "")
	r.steps[0].Response.Headers["location"] = "/orders/17"
	r.add(0, "GET", "/orders/17", "", 200, `{}`)
	s := &target{answer: func(r *http.Request, _ string) (int, string, http.Header) {
		if r.Method == "POST" {
			return 201, "", http.Header{"Location": {"/v2/orders/3"}}
		}
		return 200, `{}`, nil
	}}
	o := options(s)
	o.Target, _ = ParseTarget("http://127.0.0.1:9000/v2/")
	if f := run(t, r, o); !f.Counts.AllMatched() {
		t.Errorf("%+v", f.Outcomes[0])
	}
	wantLines(t, s.lines(), "POST /v2/orders {}", "GET /v2/orders/3")
}

func TestAStreamIsComparedByItsHeadOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recording{t: t}
		r.add(time.Second, "GET", "/events", "", 200, "")
		r.steps[0].Response.Body = &record.Body{Size: 500, Omitted: "streamed"}
		s := &target{endless: true, answer: func(*http.Request, string) (int, string, http.Header) { return 200, "", nil }}
		began := time.Now()
		f := run(t, r, options(s))
		if o := f.Outcomes[0]; o.State != Matched || o.Uncompared != "streamed" || time.Since(began) > 0 {
			t.Errorf("%+v after %v", o, time.Since(began))
		}
	})
}

// endless is a body that never ends.
type endless struct{ closed chan struct{} }

func (e endless) Read([]byte) (int, error) {
	<-e.closed
	return 0, io.ErrClosedPipe
}

func (e endless) Close() error {
	close(e.closed)
	return nil
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

func TestNoRequestLeavesTheTargetsPath(t *testing.T) {
	r := &recording{t: t}
	for _, path := range []string{"/a", "/b/../a", "/../prod/a", "/..%2fprod/a", `/..%5cprod/a`, "/%2e%2e/prod/a", "/../testing/a"} {
		r.add(0, "GET", path, "", 200, "{}")
	}
	s := &target{answer: func(*http.Request, string) (int, string, http.Header) { return 200, "{}", nil }}
	o := options(s)
	o.Target, o.GiveUp = &url.URL{Scheme: "http", Host: "127.0.0.1:9000", Path: "/test"}, 100
	f := run(t, r, o)
	if got := fmt.Sprint(s.lines()); got != "[GET /test/a GET /test/b/../a]" {
		t.Errorf("it was asked %s", got)
	}
	if o := f.Outcomes[2]; o.State != Failed || o.Why != WhyURL {
		t.Errorf("%+v", o)
	}
}

// A recording may be forged: what no gateway records is not sent.
func TestFieldsThatNoGatewayRecordsAreNotSent(t *testing.T) {
	r := &recording{t: t}
	step := r.add(0, "GET", "/a", "", 200, "{}")
	for _, name := range []string{"authorization", "x-http-method-override", "x-forwarded-host", "host", "Cookie", "expect"} {
		step.Request.Headers[name] = "DELETE"
	}
	step.Request.Headers["prefer"] = "return=minimal"
	s := &target{answer: func(*http.Request, string) (int, string, http.Header) { return 200, "{}", nil }}
	run(t, r, options(s))
	h := s.asked[0].header
	if h.Get("Prefer") == "" || strings.Contains(fmt.Sprint(h), "DELETE") {
		t.Errorf("it was sent with %v", h)
	}
}

func TestWhatATargetSaysInAnErrorIsBounded(t *testing.T) {
	r := &recording{t: t}
	r.add(0, "GET", "/a", "", 200, "{}")
	o := options(nil)
	o.Transport = failing{}
	f := run(t, r, o)
	if got := len(f.Outcomes[0].Detail); got < 100 || got > 500 {
		t.Errorf("the detail has %d bytes", got)
	}
}

type failing struct{}

func (failing) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, fmt.Errorf("malformed HTTP response %q", strings.Repeat("a ", 1<<20))
}
