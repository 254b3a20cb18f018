package exchange

import (
	"strings"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

func TestSecretsOfAnOperationAreMaskedInTheRequest(t *testing.T) {
	for name, c := range map[string]struct {
		url, path string
		secrets   Secrets
		want      string
		query     string
	}{
		"nothing":                      {"http://x/a/LEAKED?b=c", "/a/b", Secrets{}, "http://x/a/LEAKED?b=c", ""},
		"a segment":                    {"http://x/users/LEAK/orders", "/users/LEAK/orders", Secrets{Path: []int{1}}, "http://x/users/%5Bmasked%5D/orders", ""},
		"only that segment":            {"http://x/a/a?q=a", "/a/a", Secrets{Path: []int{1}}, "http://x/a/%5Bmasked%5D?q=a", ""},
		"an escaped segment":           {"http://x/u/LE%41K%2F", "/u/LE%41K%2F", Secrets{Path: []int{1}}, "http://x/u/%5Bmasked%5D", ""},
		"a segment masked in part":     {"http://x/u/LEAK-%5Bmasked%5D", "/u/LEAK-4111111111111111", Secrets{Path: []int{1}}, "http://x/u/%5Bmasked%5D", ""},
		"under a prefix that was cut":  {"http://x/api/v1/users/LEAK", "/users/LEAK", Secrets{Path: []int{1}}, "http://x/api/v1/users/%5Bmasked%5D", ""},
		"rewritten from the query":     {"http://x/get?id=LEAK&a=b", "/users/LEAK", Secrets{Path: []int{1}}, "http://x/get?id=%5Bmasked%5D&a=b", ""},
		"escaped otherwise, rewritten": {"http://x/api/u/L%45AK", "/u/LEAK", Secrets{Path: []int{1}}, "http://x/api/u/%5Bmasked%5D", ""},
		"rewritten from a part":        {"http://x/go-LEAK-on/a", "/users/LEAK", Secrets{Path: []int{1}}, "http://x/%5Bmasked%5D/a", ""},
		"rewritten from part of query": {"http://x/get?id=x-LEAK&a=b&LEAK", "/users/LEAK", Secrets{Path: []int{1}}, "http://x/get?id=%5Bmasked%5D&a=b&%5Bmasked%5D", ""},
		"a query from a path":          {"http://x/go/LEAK?q=1", "/get", Secrets{Query: []string{"pin"}}, "http://x/go/%5Bmasked%5D?q=1", "pin=LEAK"},
		"a query from another name":    {"http://x/get?p=LEAK&q=1", "/get", Secrets{Query: []string{"pin"}}, "http://x/get?p=%5Bmasked%5D&q=1", "q=1&pin=LEAK"},
		"a query that stayed":          {"http://x/1?pin=1&q=1", "/1", Secrets{Query: []string{"pin"}}, "http://x/1?pin=%5Bmasked%5D&q=1", "pin=1&q=1"},
		"below a parameter":            {"http://x/?f[a]=LEAK&f.b=LEAK&f[]=LEAK&f%5Ba%5D=LEAK&fa=b&g[x]=LEAK", "/", Secrets{Query: []string{"f", "g["}}, "http://x/?f[a]=%5Bmasked%5D&f.b=%5Bmasked%5D&f[]=%5Bmasked%5D&f%5Ba%5D=%5Bmasked%5D&fa=b&g[x]=%5Bmasked%5D", ""},
		"behind a semicolon":           {"http://x/?a=b;pin=LEAK;c", "/", Secrets{Query: []string{"pin"}}, "http://x/?a=b;pin=%5Bmasked%5D;c", ""},
		"in another case":              {"http://x/?PIN=LEAK&Pin[a]=LEAK&pi=1", "/", Secrets{Query: []string{"pin"}}, "http://x/?PIN=%5Bmasked%5D&Pin[a]=%5Bmasked%5D&pi=1", ""},
		"anywhere":                     {"http://x/a/LEAK/LEAK?a=b", "/a/LEAK/LEAK", Secrets{WholePath: true}, "http://x/%5Bmasked%5D?a=b", ""},
		"anywhere in nothing":          {"http://x/", "/", Secrets{WholePath: true}, "http://x/", ""},
		"a number that is not there":   {"http://x/a", "/a", Secrets{Path: []int{7, -1}}, "http://x/a", ""},
		"an empty segment":             {"http://x/a/", "/a/", Secrets{Path: []int{1}}, "http://x/a/", ""},
		"a parameter":                  {"http://x/?pin=LEAK&a=b&pi%6E=LEAK&pin", "/", Secrets{Query: []string{"pin"}}, "http://x/?pin=%5Bmasked%5D&a=b&pi%6E=%5Bmasked%5D&pin", ""},
		"no path":                      {"http://x?pin=LEAK", "", Secrets{Path: []int{0}, Query: []string{"pin"}}, "http://x?pin=%5Bmasked%5D", ""},
	} {
		x := &Exchange{Request: record.Request{URL: c.url}}
		x.Hide(c.path, c.query, c.secrets)
		if x.Request.URL != c.want {
			t.Errorf("%s: %s", name, x.Request.URL)
		}
		if (len(x.Masked) == 0) != (c.url == c.want) {
			t.Errorf("%s: the record tells of %+v", name, x.Masked)
		}
	}
}

func TestSecretFieldsAreMaskedAndRecordsMadeBeforeStayAsTheyWere(t *testing.T) {
	headers := map[string]string{"idempotency-key": "LEAK", "accept": "*/*"}
	x := &Exchange{Request: record.Request{URL: "http://x/", Headers: headers}, Client: record.Client{UserAgent: "LEAK"}}
	x.Hide("/", "", Secrets{Header: []string{"Idempotency-Key", "X-Absent", "user-agent"}, Cookie: []string{"sid"}})
	if x.Request.Headers["idempotency-key"] != "[masked]" || x.Request.Headers["accept"] != "*/*" || x.Client.UserAgent != "[masked]" {
		t.Errorf("%+v %+v", x.Request.Headers, x.Client)
	}
	if headers["idempotency-key"] != "LEAK" {
		t.Error("a map that others hold was changed")
	}
	if len(x.Masked) != 2 || x.Masked[0] != (record.Masked{Part: "header", Pointer: "Idempotency-Key", Rule: "schema", Action: "mask", Count: 1}) {
		t.Errorf("%+v", x.Masked)
	}
}

// FuzzHide: what the path says is gone from the URL, whatever came before it.
func FuzzHide(f *testing.F) {
	f.Add("/api", "secret-1", "q=secret-1")
	f.Add("", "%2F", "")
	f.Fuzz(func(t *testing.T, prefix, segment, query string) {
		if strings.ContainsAny(prefix+segment, "?") || strings.Contains(segment, "/") || strings.Contains(query, "#") || len(segment) < 4 || strings.Contains("/u/"+prefix+query, segment) {
			return
		}
		x := &Exchange{Request: record.Request{URL: "http://x/" + strings.Trim(prefix, "/") + "/u/" + segment + "?" + query}}
		x.Hide("/u/"+segment, "", Secrets{Path: []int{1}})
		if path, _, _ := strings.Cut(x.Request.URL, "?"); !strings.HasSuffix(path, "/u/"+urlToken) {
			t.Errorf("%s is left", x.Request.URL)
		}
	})
}

func TestHidingTakesTimeInTheLengthOfTheAddress(t *testing.T) {
	const n = 200_000
	query := strings.Repeat("pin=1&", n)
	path := strings.Repeat("/a", n)
	x := &Exchange{Request: record.Request{URL: "http://x" + path + "?" + query}}
	began := time.Now()
	x.Hide(path, query, Secrets{WholePath: true, Query: []string{"pin", "other"}})
	x.Hide(path+"/b", query, Secrets{Path: []int{3}, Query: []string{"pin"}})
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("%v", took)
	}
	if len(x.Masked) != maxMasked || x.Masked[maxMasked-1].Rule != "more" || x.Masked[maxMasked-1].Count < n-maxMasked {
		t.Errorf("%d places, the last %+v", len(x.Masked), x.Masked[len(x.Masked)-1])
	}
}
