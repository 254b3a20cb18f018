package chain_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/record"
)

func TestARecorderAloneRecordsWhoAnotherPluginAuthenticated(t *testing.T) {
	// The password is "hiccup", by caddy hash-password with the lowest cost.
	r := start(t, `
	basic_auth {
		ana $2a$04$bw9FG2rDRwsekGBs4HCvSOXdBKCqRokOCLOdZzSDOxxm9dQUT5Lvq
	}
	session_record
	reverse_proxy UPSTREAM
`)
	req, _ := http.NewRequest("PUT", r.url+"/a", strings.NewReader(`{"password":"b-secret"}`))
	req.Header.Set("Content-Type", "application/json")
	req.SetBasicAuth("ana", "hiccup")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Fatalf("got %d", resp.StatusCode)
	}
	ex := r.one(record.ExchangeType)
	if ex.Identity == nil || ex.Identity.Subject != "ana" || ex.Identity.Issuer != "" || *ex.Request.Body.Content != `{"password":"[masked]"}` {
		t.Errorf("the record says %+v %+v", ex.Identity, ex.Request.Body)
	}
}

func TestBodiesThatCannotBeMaskedAreRecordedByDigestAndLength(t *testing.T) {
	r := start(t, "session_record\nreverse_proxy UPSTREAM")
	for body, why := range map[string]string{`{"password":`: "invalid-json", "\xff\xfe": "invalid-json"} {
		r.do("POST", "/", body)
		all := r.records(ofType(record.ExchangeType))
		b := all[len(all)-1].Request.Body
		if b.Content != nil || b.Omitted != why || b.Size != int64(len(body)) || b.Digest == "" {
			t.Errorf("%q: %+v", body, b)
		}
	}
	r.do("POST", "/", "x", "Content-Encoding", "gzip")
	all := r.records(ofType(record.ExchangeType))
	if b := all[len(all)-1].Request.Body; b.Content != nil || b.Omitted != "coding" {
		t.Errorf("a coded body: %+v", b)
	}
}

func TestLargeBodiesPassInPartsOrAreRefused(t *testing.T) {
	big := `"` + strings.Repeat("x", 5000) + `"`
	echo := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, big)
	}
	t.Run("stream", func(t *testing.T) {
		r := start(t, "session_record {\n max_body 1KB\n}\nreverse_proxy UPSTREAM")
		r.upstream.answer = echo
		if a := r.do("POST", "/", big); a.StatusCode != 200 || a.text != big {
			t.Fatalf("got %d with %d bytes", a.StatusCode, len(a.text))
		}
		if got := r.upstream.requests(); got[0].body != big {
			t.Errorf("the upstream got %d bytes", len(got[0].body))
		}
		ex := r.one(record.ExchangeType)
		if ex.Request.Body.Omitted != "too-large" || ex.Request.Body.Size != int64(len(big)) || ex.Response.Body.Omitted != "streamed" || ex.Response.Body.Size != int64(len(big)) {
			t.Errorf("request %+v, answer %+v", ex.Request.Body, ex.Response.Body)
		}
		var sum int64
		for i, c := range r.records(ofType(record.Chunk)) {
			if c.Chunk.Index != i || c.Chunk.Offset != sum || c.Chunk.Body.Digest == "" || c.Exchange != ex.Exchange {
				t.Errorf("part %d: %+v", i, c.Chunk)
			}
			sum += c.Chunk.Body.Size
		}
		if sum != int64(len(big)) {
			t.Errorf("the parts have %d bytes", sum)
		}
	})
	t.Run("refuse", func(t *testing.T) {
		r := start(t, "session_record {\n max_body 1KB\n oversize refuse\n}\nreverse_proxy UPSTREAM")
		r.upstream.answer = echo
		if a := r.do("POST", "/", big); a.StatusCode != 413 || a.problem(t).Reason != "body-too-large" || len(r.upstream.requests()) != 0 {
			t.Errorf("a large request got %d %s", a.StatusCode, a.text)
		}
		if a := r.do("GET", "/", ""); a.StatusCode != 502 || a.problem(t).Reason != "response-too-large" {
			t.Errorf("a large answer got %d", a.StatusCode)
		}
		if ex := r.one(record.ExchangeType); ex.Response.Status != 200 || ex.Response.Replaced != 502 {
			t.Errorf("the record says %+v", ex.Response)
		}
	})
}

func TestABodyTooLargeForARecordIsRecordedWithoutItsContentAndIsNoOutage(t *testing.T) {
	r := start(t, "session_record {\n max_body 128MiB\n}\nreverse_proxy UPSTREAM")
	// Each quote is four bytes in the record.
	body := `{"a":"` + strings.Repeat(`\"`, 20<<20) + `"}`
	if a := r.do("POST", "/", body); a.StatusCode != 200 {
		t.Fatalf("got %d %s", a.StatusCode, a.text)
	}
	if got := r.upstream.requests(); len(got) != 1 || got[0].body != body {
		t.Errorf("the upstream got %d requests", len(got))
	}
	for _, one := range []*record.Record{r.one(record.Intent), r.one(record.ExchangeType)} {
		if b := one.Request.Body; b == nil || b.Content != nil || b.Omitted != "too-large" || b.Size != int64(len(body)) || b.Digest == "" {
			t.Errorf("the %s has another body", one.Type)
		}
	}
	stopCaddy(t) // an outage would be told by now, or the count of it
	if n := len(r.records(ofType(record.GatewayOutage))); n != 0 {
		t.Errorf("%d outages", n)
	}
}

func TestWhatLeavesHTTPIsRefusedAndRecorded(t *testing.T) {
	r := start(t, "session_record\nreverse_proxy UPSTREAM")
	a := r.do("GET", "/ws", "", "Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
	if a.StatusCode != 501 || a.problem(t).Reason != "unrecordable" || len(r.upstream.requests()) != 0 {
		t.Errorf("got %d %s", a.StatusCode, a.text)
	}
	if d := r.one(record.Denied); d.Denial.By != "session_record" {
		t.Errorf("%+v", d.Denial)
	}
}

func TestARecordSaysWhichUpstreamWasAsked(t *testing.T) {
	r := start(t, "session_record\nrespond /here ok\nreverse_proxy {header.X-Shard}")
	up := strings.TrimPrefix(r.upstream.URL, "http://")
	secret := "4111111111111111"
	for path, want := range map[string]string{"/orders": up, "/here": "", "/dead": "127.0.0.1:1", "/odd": "[masked]:80"} {
		shard := map[string]string{"/dead": "127.0.0.1:1", "/odd": secret + ":80"}[path]
		if shard == "" {
			shard = up
		}
		r.do("GET", path, "", "X-Shard", shard)
		all := r.records(ofType(record.ExchangeType))
		if got := all[len(all)-1]; got.Response.Upstream != want {
			t.Errorf("%s: the record says %q, want %q", path, got.Response.Upstream, want)
		}
	}
	r.isNowhere(secret, r.dirName)
}

func TestADeadUpstreamIsAnOutcomeToo(t *testing.T) {
	r := start(t, "session_record\nreverse_proxy 127.0.0.1:1\nhandle_errors {\n respond \"sorry {err.id}\" {err.status_code}\n}")
	a := r.do("DELETE", "/orders/1", "")
	ex := r.one(record.ExchangeType)
	if a.StatusCode != 502 || ex.Response.Status != 502 || ex.Response.ErrorID == "" || !strings.Contains(a.text, ex.Response.ErrorID) {
		t.Errorf("got %d %q; the record says %+v", a.StatusCode, a.text, ex.Response)
	}
	r.one(record.Intent)
}

func TestAClientThatGoesAwayIsAnOutcomeToo(t *testing.T) {
	r := start(t, "session_record\nreverse_proxy UPSTREAM")
	reached, gone := make(chan struct{}), make(chan struct{})
	r.upstream.answer = func(w http.ResponseWriter, req *http.Request) {
		close(reached)
		<-req.Context().Done()
		close(gone)
	}
	ctx, cancel := context.WithCancel(context.Background())
	req, _ := http.NewRequestWithContext(ctx, "POST", r.url, strings.NewReader("{}"))
	req.Header.Set("Content-Type", "application/json")
	done := make(chan error, 1)
	go func() { _, err := http.DefaultClient.Do(req); done <- err }()
	<-reached
	cancel()
	<-gone
	<-done
	r.answered("499")
	if ex := r.one(record.ExchangeType); ex.Response.Error != "canceled" || ex.Response.Status != 499 {
		t.Errorf("the record says %+v", ex.Response)
	}
}

func TestHeadAndNotModifiedHaveNoBody(t *testing.T) {
	r := start(t, "json_schema_guard {\n response DIR/answer.json\n response 3xx DIR/answer.json\n}\nsession_record\nreverse_proxy UPSTREAM")
	r.upstream.answer = func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if req.URL.Path == "/same" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("Content-Length", "11")
	}
	if a := r.do("HEAD", "/", ""); a.StatusCode != 200 || a.ContentLength != 11 {
		t.Errorf("HEAD got %d, length %d", a.StatusCode, a.ContentLength)
	}
	if a := r.do("GET", "/same", ""); a.StatusCode != 304 {
		t.Errorf("got %d", a.StatusCode)
	}
}

// breaksOff is a handler that returns an error after a part of its answer.
func TestASecretInALongHeaderIsMaskedBeforeItIsCut(t *testing.T) {
	r := start(t, "session_record\nreverse_proxy UPSTREAM")
	card := "4111111111111111"
	r.do("GET", "/", "", "Referer", "https://x.example/"+strings.Repeat("a", 1024-18-8)+" "+card,
		"User-Agent", strings.Repeat("b", 256-8)+" "+card)
	ex := r.one(record.ExchangeType)
	if strings.Contains(ex.Request.Headers["referer"], "4111") || strings.Contains(ex.Client.UserAgent, "4111") {
		t.Errorf("%+v %+v", ex.Request.Headers, ex.Client)
	}
}

func TestTrailersOfARequestGoNoFurther(t *testing.T) {
	for name, site := range map[string]string{
		"with recorder": "session_record {\nmax_body 1KB\n}\n",
		"guard alone":   "json_schema_guard {\nrequest DIR/order.json\nunknown_media pass\n}\n",
		"in the shadow": "json_schema_guard {\nrequest DIR/order.json\nmode shadow\n}\n",
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, site+"reverse_proxy UPSTREAM")
			seen := make(chan http.Header, 1)
			r.upstream.answer = func(w http.ResponseWriter, req *http.Request) { seen <- req.Trailer }
			for _, body := range []string{"{}", strings.Repeat("x", 5000)} {
				req, _ := http.NewRequest("POST", r.url, struct{ io.Reader }{strings.NewReader(body)})
				req.Header.Set("Content-Type", "text/plain")
				req.Trailer = http.Header{"Authorization": {"Bearer x"}, "X-Amount": {"9000"}}
				resp, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				if trailer := <-seen; len(trailer) > 0 {
					t.Errorf("the upstream got the trailers %v", trailer)
				}
			}
		})
	}
}

func TestAnOverriddenMethodIsNotSafe(t *testing.T) {
	r := start(t, "session_record\nreverse_proxy UPSTREAM")
	r.do("GET", "/", "", "X-HTTP-Method-Override", "DELETE")
	r.one(record.Intent)
}
