package exchange

import (
	"maps"
	"net/http"
	"strings"
	"testing"
)

func TestCookiesAreRecordedByName(t *testing.T) {
	for name, c := range map[string]struct {
		field  string
		values []string
		want   string
	}{
		"two":             {"Cookie", []string{"sid=LEAK; theme=LEAK"}, "sid=[masked]; theme=[masked]"},
		"two fields":      {"Cookie", []string{"sid=LEAK", "a=LEAK"}, "sid=[masked], a=[masked]"},
		"no name":         {"Cookie", []string{"LEAK"}, "[masked]"},
		"a secret name":   {"Cookie", []string{"4111111111111111=LEAK"}, "[masked]=[masked]"},
		"an attribute":    {"Cookie", []string{"a=b; LEAK"}, "a=[masked]; [masked]"},
		"no attributes":   {"Cookie", []string{"a=b; path=/LEAK"}, "a=[masked]; path=[masked]"},
		"set":             {"Set-Cookie", []string{"sid=LEAK; Path=/; HttpOnly; Max-Age=60"}, "sid=[masked]; Path=/; HttpOnly; Max-Age=60"},
		"set, twice":      {"Set-Cookie", []string{"a=LEAK; Secure", "b=LEAK"}, "a=[masked]; Secure, b=[masked]"},
		"set, a stowaway": {"Set-Cookie", []string{"a=b; Path=LEAK; x=LEAK"}, "a=[masked]; Path=[masked]; x=[masked]"},
	} {
		kept, masked := testMasker.Headers(http.Header{c.field: c.values})
		if got := kept[strings.ToLower(c.field)]; got != c.want {
			t.Errorf("%s: %q", name, got)
		}
		if len(masked) == 0 || masked[0].Part != "header" {
			t.Errorf("%s: the record tells of %+v", name, masked)
		}
	}
}

func TestOfTrailersNobodyKnowsOnlyTheNameIsRecorded(t *testing.T) {
	began := http.Header{"Trailer": {"X-Sum, Etag", "x-absent"}, "X-Sum": {"not yet"}}
	ended := http.Header{"X-Sum": {"LEAK"}, "Etag": {`"1"`}, "Content-Type": {"a/b"}, http.TrailerPrefix + "x-late": {"LEAK"}}
	kept, masked := testMasker.Trailers(trailersOf(began, ended))
	want := map[string]string{"x-sum": "[masked]", "etag": `"1"`, "x-late": "[masked]"}
	if !maps.Equal(kept, want) || len(masked) != 0 {
		t.Errorf("%v %v", kept, masked)
	}
	_, masked = testMasker.Trailers(http.Header{"Location": {"/?token=LEAK"}})
	if len(masked) != 1 || masked[0].Part != "trailer" {
		t.Errorf("%v", masked)
	}
	if kept, _ := testMasker.Trailers(trailersOf(nil, http.Header{"X-Sum": {"a"}})); kept != nil {
		t.Errorf("a field is taken for a trailer: %v", kept)
	}
}
