package chain_test

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddyrec/caddyrec/record"
)

func TestEventsArriveOneByOneEachRecordedBefore(t *testing.T) {
	r := start(t, "session_record\nreverse_proxy UPSTREAM")
	next := make(chan struct{})
	r.upstream.answer = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for _, e := range []string{"data: one\n\n", "data: two\n\n"} {
			io.WriteString(w, e)
			w.(http.Flusher).Flush()
			<-next
		}
	}
	resp, err := http.Get(r.url + "/events")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for i, want := range []string{"data: one", "data: two"} {
		if !lines.Scan() || lines.Text() != want {
			t.Fatalf("event %d is %q, %v", i, lines.Text(), lines.Err())
		}
		lines.Scan() // the empty line
		if n := len(r.records(ofType(record.Chunk))); n != i+1 {
			t.Errorf("%d parts recorded when event %d arrived", n, i)
		}
		next <- struct{}{}
	}
	if lines.Scan() {
		t.Errorf("after the end: %q", lines.Text())
	}
	if ex := r.one(record.ExchangeType); ex.Response.Body.Omitted != "streamed" || ex.Response.Body.Size != 22 {
		t.Errorf("the end says %+v", ex.Response.Body)
	}
}

func TestAnAnswerTheUpstreamBreaksOffIsRecordedAsSuch(t *testing.T) {
	r := start(t, "session_record\nreverse_proxy UPSTREAM")
	r.upstream.answer = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		w.Write([]byte("part"))
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	resp, err := http.Get(r.url)
	if err == nil {
		_, err = io.ReadAll(resp.Body)
		resp.Body.Close()
	}
	if err == nil {
		t.Error("the client believes the answer is whole")
	}
	if ex := r.one(record.ExchangeType); ex.Response.Error != "aborted" || ex.Response.Body.Size != 4 {
		t.Errorf("the record says %+v %+v", ex.Response, ex.Response.Body)
	}
}

type breaksOff struct{}

func (breaksOff) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.test_breaks_off", New: func() caddy.Module { return new(breaksOff) }}
}

func (breaksOff) ServeHTTP(w http.ResponseWriter, _ *http.Request, _ caddyhttp.Handler) error {
	w.Header().Set("Content-Type", "text/event-stream")
	io.WriteString(w, "data: one\n\n")
	if err := http.NewResponseController(w).Flush(); err != nil {
		return err
	}
	return caddyhttp.Error(http.StatusInternalServerError, errors.New("broken"))
}

func init() {
	caddy.RegisterModule(breaksOff{})
	httpcaddyfile.RegisterHandlerDirective("test_breaks_off", func(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
		h.Next()
		return breaksOff{}, nil
	})
}

func TestAnErrorBehindAStreamCutsTheConnection(t *testing.T) {
	for name, recorder := range map[string]string{
		"recorded": "session_record",
		"guarded":  "json_schema_guard {\nresponse DIR/answer.json\nmode report\n}",
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, "handle_errors {\nrespond \"sorry, unrecorded\"\n}\nroute {\n"+recorder+"\ntest_breaks_off\n}")
			resp, err := http.Get(r.url)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if text, err := io.ReadAll(resp.Body); err == nil || string(text) != "data: one\n\n" {
				t.Errorf("the client read %q, %v", text, err)
			}
		})
	}
}
