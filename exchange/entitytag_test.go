package exchange

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/masking"
)

var tagMasker = Masker{Policy: testMasker.Policy, Digest: func(b []byte) string {
	return "hmac-sha256:00:" + strings.ToUpper(strings.TrimPrefix(string(b), "entity-tag\x00"))
}}

func TestEntityTagsThatMayBeHashesAreKeyed(t *testing.T) {
	for value, want := range map[string]string{
		`"1"`:                       `"1"`,
		`W/"v1042"`:                 `W/"v1042"`,
		`*`:                         `*`,
		``:                          ``,
		`"abc"`:                     `"keyed-ABC"`,
		`W/"abc"`:                   `W/"keyed-ABC"`,
		`"1234567"`:                 `"keyed-1234567"`,
		`"a,b", W/"2" ,, "c" "d`:    `"keyed-A,B", W/"2", "keyed-C", "keyed-D"`,
		`abc , v1`:                  `"keyed-ABC", "v1"`,
		`"0123456789012345678901x"`: `"keyed-0123456789012345678901"`, // no more
	} {
		for _, name := range []string{"Etag", "If-Match", "If-None-Match"} {
			kept, masked := tagMasker.Headers(http.Header{name: {value}})
			if got := kept[strings.ToLower(name)]; got != want || len(masked) > 0 {
				t.Errorf("%s: %s is recorded as %s", name, value, got)
			}
		}
		h := http.Header{"If-None-Match": {value, `"x"`}}
		tagMasker.AskWhole(h)
		if got := h["If-None-Match"]; len(got) != 1 || strings.Contains(value, "abc") && strings.Contains(got[0], "abc") || !strings.Contains(got[0], `"keyed-X`) {
			t.Errorf("for %s the upstream is asked with %q", value, got)
		}
	}
}

func TestAFloodOfEntityTagsIsNotDigested(t *testing.T) {
	asked := 0
	m := Masker{Policy: testMasker.Policy, Digest: func([]byte) string { asked++; return "x:0123456789012345678901" }}
	m.Headers(http.Header{"If-Match": {strings.Repeat(`"a",`, 100_000)}})
	if asked > maxHeader/10 {
		t.Errorf("%d digests", asked)
	}
}

func TestALogHasNoEntityTagsThatMayBeHashes(t *testing.T) {
	const date = "Sat, 21 Nov 2026 18:00:00 GMT"
	x := &Exchange{}
	got := x.LoggedHeader(http.Header{"Etag": {`W/"abc"`}, "If-Match": {`"1", "abc"`, "*"}, "If-None-Match": {`"v2"`}, "If-Range": {`"abc"`, date}})
	want := http.Header{"Etag": {`W/"[masked]"`}, "If-Match": {`"1", "[masked]"`, "*"}, "If-None-Match": {`"v2"`}, "If-Range": {`"[masked]"`, date}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("logged are %v", got)
	}
}

func TestLogsDoNotTellHashesOfBodies(t *testing.T) {
	h := http.Header{"Content-Md5": {"x"}, "X-Amz-Content-Sha256": {"x"}, "Repr-Digest": {"x", "y"}, "Want-Repr-Digest": {"sha-256=1"}, "Date": {"x"}}
	got := (&Exchange{}).LoggedHeader(h)
	want := http.Header{"Content-Md5": {masking.Token}, "X-Amz-Content-Sha256": {masking.Token}, "Repr-Digest": {masking.Token, masking.Token},
		"Want-Repr-Digest": {"sha-256=1"}, "Date": {"x"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
}
