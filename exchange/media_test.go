package exchange

import (
	"net/http"
	"testing"
)

func TestMediaIsToldByContentType(t *testing.T) {
	for value, want := range map[string]Media{
		"application/json":                            JSON,
		"Application/JSON; charset=UTF-8":             JSON,
		"application/vnd.api+json":                    JSON,
		"application/problem+json; charset=\"utf-8\"": JSON,
		"application/json; charset=utf-16":            Opaque,
		"application/x-www-form-urlencoded":           Form,
		"text/event-stream":                           Events,
		"text/event-stream; charset=utf-16":           Opaque,
		"application/x-ndjson":                        Lines,
		"multipart/form-data; boundary=b":             Multipart,
		"multipart/mixed; boundary=b":                 Opaque,
		"text/plain":                                  Text,
		"text/plain; charset=koi8-r":                  Text,
		"text/html":                                   Opaque,
		"application/json, text/plain":                Opaque,
		"":                                            Opaque,
		"application/jsonx":                           Opaque,
	} {
		if got := MediaOf(http.Header{"Content-Type": {value}}); got != want {
			t.Errorf("%q is taken for %d", value, got)
		}
	}
	if MediaOf(http.Header{"Content-Type": {"application/json", "text/plain"}}) != Opaque {
		t.Error("two types are taken for one")
	}
}

func TestJSONIsToldByNameInAnyCharset(t *testing.T) {
	for value, want := range map[string]bool{
		"application/json": true, "Application/JSON; charset=utf-16": true, "text/json": true, "application/problem+json": true,
		"application/json; charset": true, "Application/JSON ;=": true, // parameters that cannot be read
		"application/jsonx": false, "text/plain": false, "": false, "text/plain; a=+json": false,
	} {
		if IsJSON(value) != want {
			t.Errorf("%q: not %v", value, want)
		}
	}
}

func TestAContentCodingIsSeen(t *testing.T) {
	for value, want := range map[string]bool{"gzip": true, "identity": false, "": false, "identity, br": true} {
		if hasCoding(http.Header{"Content-Encoding": {value}}) != want {
			t.Errorf("%q: not %v", value, want)
		}
	}
}
