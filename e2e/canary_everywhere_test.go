package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"unicode/utf16"
)

// maskedForAll is a site whose clients get what records hold.
const maskedForAll = `
http://{$ADDRESS} {
	oidc_auth {
		issuer {$ISSUER}
		audience orders-api
		upstream_credential Authorization "{file.{$CREDENTIAL}}"
	}
	session_record {
		mask_response
	}
	reverse_proxy {$UPSTREAM}
}
`

func zipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(text))
	z.Close()
	return b.String()
}

func wide(text string) string {
	out := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(text)) {
		out = append(out, byte(u), byte(u>>8))
	}
	return string(out)
}

// kindsOfBody are bodies that hold a secret, each in a way that is masked, or
// not recorded at all.
func kindsOfBody(secret func(place string) string) map[string]struct{ media, coding, body string } {
	boundary := func(fields ...string) (media, body string) {
		var b bytes.Buffer
		m := multipart.NewWriter(&b)
		for i := 0; i < len(fields); i += 2 {
			if name, file, ok := strings.Cut(fields[i], "@"); ok {
				part, _ := m.CreateFormFile(name, file)
				io.WriteString(part, fields[i+1])
				continue
			}
			m.WriteField(fields[i], fields[i+1])
		}
		m.Close()
		return m.FormDataContentType(), b.String()
	}
	all := map[string]struct{ media, coding, body string }{
		"a form":              {"application/x-www-form-urlencoded", "", "a=1&password=" + secret("a form")},
		"a text":              {"text/plain; charset=utf-8", "", "host: x\npassword: " + secret("a text") + "\n"},
		"a wide text":         {"text/plain; charset=utf-16", "", wide("password: " + secret("a wide text") + "\n")},
		"lines":               {"application/x-ndjson", "", `{"a":1}` + "\n" + `{"password":"` + secret("lines") + `"}` + "\n"},
		"a problem":           {"application/problem+json", "", `{"title":"x","token":"` + secret("a problem") + `"}`},
		"JSON, packed":        {"application/json", "gzip", zipped(`{"password":"` + secret("JSON, packed") + `"}`)},
		"JSON, packed twice":  {"application/json", "gzip, gzip", zipped(zipped(`{"password":"` + secret("JSON, packed twice") + `"}`))},
		"JSON, called packed": {"application/json", "gzip", `{"password":"` + secret("JSON, called packed") + `"}`},
		"JSON in JSON":        {"application/json", "", `{"note":"{\"a\":\"{\\\"password\\\":\\\"` + secret("JSON in JSON") + `\\\"}\"}"}`},
		"JSON in base64": {"application/json", "", `{"note":"` + base64.StdEncoding.EncodeToString([]byte(
			base64.StdEncoding.EncodeToString([]byte(`{"password":"`+secret("JSON in base64")+`"}`)))) + `"}`},
		"XML in JSON":      {"application/json", "", `{"note":"<login><password>` + secret("XML in JSON") + `</password></login>"}`},
		"a bearer in JSON": {"application/json", "", `{"note":"curl -H 'Authorization: Bearer ` + secret("a bearer in JSON") + `' x"}`},
		"something else":   {"application/octet-stream", "", "\x00\x01" + secret("something else")},
		"XML":              {"application/xml", "", "<a>" + secret("XML") + "</a>"},
		"no type":          {"", "", `{"password":"` + secret("no type") + `"}`},
		"a broken multipart": {"multipart/form-data; boundary=x", "",
			"--x\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n" + secret("a broken multipart")},
	}
	media, body := boundary("a", "1", "password", secret("a field"), "upload@x.txt", secret("a file"), "note", `{"token":"`+secret("JSON in a field")+`"}`)
	all["a multipart"] = struct{ media, coding, body string }{media, "", body}
	return all
}

func TestNoSecretInAnyKindOfBodyReachesAnythingTheGatewayOrCaddyWrites(t *testing.T) {
	p := plantInto(t, maskedForAll)
	for place, b := range kindsOfBody(func(place string) string { return p.word("asked: " + place) }) {
		req := p.request(http.MethodPost, "/orders", p.token, b.body)
		req.Header.Set("Content-Type", b.media)
		if b.coding != "" {
			req.Header.Set("Content-Encoding", b.coding)
		}
		if a := p.send(req); a.Status >= 500 {
			t.Errorf("%s: %d %s", place, a.Status, a.Body)
		}
	}
	trailer := p.request(http.MethodPost, "/orders", p.token, "")
	trailer.Body, trailer.ContentLength = io.NopCloser(strings.NewReader(`{"a":1}`)), -1
	trailer.Trailer = http.Header{"X-Api-Key": {p.word("a trailer")}}
	p.send(trailer)
	for _, header := range []string{"X-Api-Key", "X-Auth-Token", "Cookie", "Proxy-Authorization"} {
		p.send(p.request(http.MethodGet, "/orders", p.token, "", header, "sid="+p.word("asked: header "+header)))
	}
	p.send(p.request(http.MethodGet, "/orders?access_token="+p.word("asked: a query")+"&mail="+p.email("asked: an address"), p.token, "",
		"Referer", "https://a.example/?password="+p.word("asked: a referer")))

	// What comes back, to a client that is to see no more than the record.
	for place, b := range kindsOfBody(func(place string) string { return p.word("answered: " + place) }) {
		for _, status := range []int{http.StatusOK, http.StatusBadRequest, http.StatusInternalServerError} {
			p.up.answers(func(w http.ResponseWriter, _ *http.Request) {
				if b.media != "" {
					w.Header().Set("Content-Type", b.media)
				}
				if b.coding != "" {
					w.Header().Set("Content-Encoding", b.coding)
				}
				w.WriteHeader(status)
				io.WriteString(w, b.body)
			})
			a := p.do(p.request(http.MethodGet, "/orders", p.token, ""))
			p.search(t, fmt.Sprintf("the answer to a client: %s, %d", place, status), fmt.Append(nil, a.Header, a.Body))
		}
	}
	p.up.answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for _, part := range []string{"data: {\"pass", "word\":\"" + p.canaries["answered: an event in parts"], "\"}\n\ndata: {\"a\":1}\n\n"} {
			io.WriteString(w, part)
			http.NewResponseController(w).Flush()
		}
	})
	p.word("answered: an event in parts")
	a := p.do(p.request(http.MethodGet, "/events", p.token, ""))
	p.search(t, "the events that a client got", []byte(a.Body))
	if !strings.Contains(a.Body, `"a":1`) {
		t.Errorf("the second event is not in %q", a.Body)
	}
	p.up.answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Set-Cookie", "sid="+p.canaries["answered: a cookie"])
		w.Header().Set("X-Auth-Token", p.canaries["answered: a header"])
		io.WriteString(w, receipt)
	})
	p.word("answered: a cookie")
	p.word("answered: a header")
	p.do(p.request(http.MethodGet, "/orders", p.token, ""))
	p.inspect()
}
