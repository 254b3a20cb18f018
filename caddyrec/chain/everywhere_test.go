package chain_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/caddyrec/caddyrec/record"
)

func gzipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, text)
	w.Close()
	return b.String()
}

func zstandard(text string) string {
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b)
	if err != nil {
		panic(err)
	}
	io.WriteString(w, text)
	w.Close()
	return b.String()
}

func form(t *testing.T) (mediaType, body string) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	w.WriteField("note", "card 4111 1111 1111 1111")
	w.WriteField("password", "f-secret")
	file, err := w.CreateFormFile("scan", "passport.png")
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(file, "file-secret")
	w.Close()
	return w.FormDataContentType(), b.String()
}

// content is what the ledger holds of a body.
func content(b *record.Body) string {
	switch {
	case b == nil:
		return "(none)"
	case b.Content == nil:
		return "(" + b.Omitted + ")"
	}
	return *b.Content
}

func TestBodiesOfEveryKindAreRecordedMaskedAndPassUntouched(t *testing.T) {
	r := start(t, "session_record\nreverse_proxy UPSTREAM")
	formType, formBody := form(t)
	for name, c := range map[string]struct {
		mediaType, coding, body string
		want                    []string // in the record
	}{
		"JSON":              {"application/json", "", `{"password":"a-secret"}`, []string{`{"password":"[masked]"}`}},
		"+json":             {"application/vnd.x+json", "", `{"password":"a-secret"}`, []string{`{"password":"[masked]"}`}},
		"gzip":              {"application/json", "gzip", gzipped(`{"password":"a-secret"}`), []string{`{"password":"[masked]"}`}},
		"zstd":              {"application/json", "zstd", zstandard(`{"password":"a-secret"}`), []string{`{"password":"[masked]"}`}},
		"two codings":       {"application/json", "zstd, gzip", gzipped(zstandard(`{"password":"a-secret"}`)), []string{`{"password":"[masked]"}`}},
		"br":                {"application/json", "br", "a-secret", []string{"(coding)"}},
		"a bomb":            {"application/json", "gzip", gzipped(`"` + strings.Repeat("0", 8<<20) + `"`), []string{"(too-large)"}},
		"a form":            {"application/x-www-form-urlencoded", "", "password=a-secret&b=c", []string{"password=%5Bmasked%5D&b=c"}},
		"a multipart form":  {formType, "", formBody, []string{"card [masked]", "[file: 11 bytes, hmac-sha256:", `filename="passport.png"`}},
		"text":              {"text/plain", "", "password=a-secret and more", []string{"password=[masked] and more"}},
		"text in utf-16":    {"text/plain; charset=utf-16le", "", "g\x00\xfc\x00", []string{"gü"}},
		"JSON in utf-16":    {"application/json; charset=utf-16le", "", "{\x00}\x00", []string{"(charset)"}},
		"NDJSON":            {"application/x-ndjson", "", "{\"password\":\"a-secret\"}\n{}\n", []string{"{\"password\":\"[masked]\"}\n{}\n"}},
		"events":            {"text/event-stream", "", "data: {\"password\":\"a-secret\"}\n\n", []string{"data: {\"password\":\"[masked]\"}\n\n"}},
		"nobody knows what": {"application/octet-stream", "", "a-secret", []string{"(not-json)"}},
	} {
		// Named, it is not taken off by the test's client.
		header := []string{"Content-Type", c.mediaType, "Accept-Encoding", "gzip"}
		if c.coding != "" {
			header = append(header, "Content-Encoding", c.coding)
		}
		r.upstream.answer = func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", c.mediaType)
			if c.coding != "" {
				w.Header().Set("Content-Encoding", c.coding)
			}
			io.WriteString(w, c.body)
		}
		a := r.do("POST", "/", c.body, header...)
		up := r.upstream.requests()
		if a.text != c.body || up[len(up)-1].body != c.body {
			t.Errorf("%s did not pass as it was", name)
		}
		all := r.records(ofType(record.ExchangeType))
		ex := all[len(all)-1]
		for side, b := range map[string]*record.Body{"request": ex.Request.Body, "answer": ex.Response.Body} {
			if b == nil {
				t.Errorf("%s: no %s recorded", name, side)
				continue
			}
			got := content(b)
			if got == "(streamed)" && name == "events" {
				continue // the proxy flushes them: they are in chunks
			}
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("%s: the %s is recorded as %q", name, side, got)
				}
			}
			if strings.Contains(got, "secret") || b.Size != int64(len(c.body)) || b.Digest == "" {
				t.Errorf("%s: the %s: %+v", name, side, b)
			}
		}
	}
}

func TestEachEventIsDurableAndMaskedBeforeTheClientHasIt(t *testing.T) {
	r := start(t, "session_record\nreverse_proxy UPSTREAM")
	next := make(chan struct{})
	r.upstream.answer = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for _, piece := range []string{"id: 1\ndata: {\"pass", "word\":\ndata: \"e-secret\"}\n", "\n: ping\n\n", "data: two\n\n"} {
			io.WriteString(w, piece)
			w.(http.Flusher).Flush()
			<-next
		}
	}
	resp, err := http.Get(r.url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	next <- struct{}{} // half an event is no chunk yet, and none of it is with the client
	if n := len(r.records(ofType(record.Chunk))); n != 0 {
		t.Errorf("%d parts recorded of half an event", n)
	}
	next <- struct{}{}
	in := bufio.NewReader(resp.Body)
	want := []struct{ sent, recorded string }{
		{"id: 1\ndata: {\"password\":\ndata: \"e-secret\"}\n\n", "id: 1\ndata: {\"password\":\ndata: \"[masked]\"}\n\n"},
		{": ping\n\n", ": ping\n\n"},
		{"data: two\n\n", "data: two\n\n"},
	}
	for i, w := range want {
		got := make([]byte, len(w.sent))
		if _, err := io.ReadFull(in, got); err != nil || string(got) != w.sent {
			t.Fatalf("event %d is %q, %v", i, got, err)
		}
		chunks := r.records(ofType(record.Chunk))
		if len(chunks) <= i || content(&chunks[i].Chunk.Body) != w.recorded || chunks[i].Chunk.Index != i {
			t.Errorf("when event %d arrived, %d were recorded", i, len(chunks))
		}
		if i == 0 && (len(chunks[0].Masked) != 1 || chunks[0].Masked[0].Pointer != "/password") {
			t.Errorf("%+v", chunks[0].Masked)
		}
		if i > 0 {
			next <- struct{}{}
		}
	}
}

func TestCookiesAndTrailersAreRecordedByName(t *testing.T) {
	r := start(t, "session_record\nreverse_proxy UPSTREAM")
	r.upstream.answer = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Set-Cookie", "sid=s-secret; Path=/; HttpOnly")
		w.Header().Set("Trailer", "X-Sum, Etag")
		io.WriteString(w, `{}`)
		w.(http.Flusher).Flush()
		w.Header().Set("X-Sum", "t-secret")
		w.Header().Set("Etag", `"v1"`)
	}
	a := r.do("GET", "/", "", "Cookie", "sid=s-secret; theme=dark")
	if a.Trailer.Get("X-Sum") != "t-secret" || a.Header.Get("Set-Cookie") != "sid=s-secret; Path=/; HttpOnly" {
		t.Errorf("the client got %v, trailers %v", a.Header, a.Trailer)
	}
	ex := r.one(record.ExchangeType)
	if ex.Request.Headers["cookie"] != "sid=[masked]; theme=[masked]" || ex.Response.Headers["set-cookie"] != "sid=[masked]; Path=/; HttpOnly" {
		t.Errorf("%v %v", ex.Request.Headers, ex.Response.Headers)
	}
	if ex.Response.Trailers["x-sum"] != "[masked]" || ex.Response.Trailers["etag"] != `"v1"` {
		t.Errorf("%v", ex.Response.Trailers)
	}
}

func TestACodedRequestIsHeldAgainstItsSchema(t *testing.T) {
	r := start(t, "json_schema_guard {\n request DIR/order.json\n}\nsession_record\nreverse_proxy UPSTREAM")
	for body, want := range map[string]int{gzipped(`{"amount":1,"code":"c-secret"}`): 200, gzipped(`{"amount":"x"}`): 422, gzipped(`{"amount":1}`) + "x": 415} {
		if a := r.do("POST", "/", body, "Content-Encoding", "gzip"); a.StatusCode != want {
			t.Errorf("got %d, not %d: %s", a.StatusCode, want, a.text)
		}
	}
	if ex := r.one(record.ExchangeType); content(ex.Request.Body) != `{"amount":1,"code":"[masked]"}` || ex.Request.Body.Encoding != "gzip" {
		t.Errorf("%+v", ex.Request.Body)
	}
}
