package exchange

import (
	"net/http"
	"net/url"
	"reflect"
	"testing"

	"github.com/caddyrec/caddyrec/record"
)

func TestOnlyWhatMaskingChangedIsKept(t *testing.T) {
	content := "clean"
	asked := http.Header{"Referer": {"https://x/?token=s"}, "Accept": {"*/*"}, "Authorization": {"Bearer s"}, "Cookie": {"a=s"}, "X-Own": {"s"}}
	before := func(limit int64) *Before {
		u, err := url.Parse("/p?token=s")
		if err != nil {
			t.Fatal(err)
		}
		return NewBefore(limit, "https", "x", u, asked)
	}
	masked := &Exchange{Before: before(5), Request: record.Request{
		URL: "https://x/p?token=%5Bmasked%5D", Headers: map[string]string{"referer": "https://x/?token=%5Bmasked%5D", "accept": "*/*", "cookie": "a=[masked]"},
	}}
	plain := &Exchange{Before: before(5), Request: record.Request{
		URL: "https://x/p?token=s", Headers: map[string]string{"referer": "https://x/?token=s", "accept": "*/*"},
	}}
	head := record.Original{URL: "https://x/p?token=s", Headers: map[string]string{"referer": "https://x/?token=s"}}
	withBody := func(o record.Original, body string, cut bool) *record.Original {
		o.Body, o.Cut = []byte(body), cut
		return &o
	}
	hidden := []record.Masked{{Part: "request", Pointer: "/a"}}
	for name, c := range map[string]struct {
		x      *Exchange
		body   *record.Body
		masked []record.Masked
		text   string
		want   *record.Original
	}{
		"nothing":                        {plain, &record.Body{Content: &content}, nil, "clean", nil},
		"the address alone":              {masked, &record.Body{Content: &content}, nil, "clean", &head},
		"something in the answer":        {plain, &record.Body{Content: &content}, []record.Masked{{Part: "response"}}, "clean", nil},
		"something in the body":          {plain, &record.Body{Content: &content}, hidden, "dirty", withBody(record.Original{}, "dirty", false)},
		"both":                           {masked, &record.Body{Content: &content}, hidden, "dirty", withBody(head, "dirty", false)},
		"a body that is left out":        {plain, &record.Body{Omitted: "not-json"}, nil, "dirty", withBody(record.Original{}, "dirty", false)},
		"a body longer than the bound":   {plain, &record.Body{Content: &content}, hidden, "dirty body", withBody(record.Original{}, "dirty", true)},
		"a body that was cut before":     {plain, &record.Body{Omitted: "too-large", Truncated: true}, nil, "dir", withBody(record.Original{}, "dir", true)},
		"no body, and the body's record": {plain, nil, hidden, "", nil},
	} {
		r := c.x.Record(record.Intent)
		r.Request.Body, r.Masked = c.body, c.masked
		c.x.Before.KeepRequest(r, []byte(c.text))
		var got *record.Original
		if r.Unmasked != nil {
			got = r.Unmasked.Request
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}

func TestWithoutOriginalsNothingIsKept(t *testing.T) {
	x := &Exchange{Request: record.Request{URL: "https://x/?token=%5Bmasked%5D"}}
	r := x.Record(record.ExchangeType)
	r.Request.Body, r.Masked = &record.Body{Omitted: "not-json"}, []record.Masked{{Part: "request"}}
	r.Response, r.Chunk = &record.Response{Body: &record.Body{Omitted: "not-json"}}, &record.Part{}
	x.Before.KeepRequest(r, []byte("secret"))
	x.Before.KeepResponse(r, []byte("secret"))
	x.Before.KeepHeaders(r, http.Header{"Location": {"secret"}})
	if kept := x.Before.KeepChunk(r, []byte("secret"), 0); kept != 0 || r.Unmasked != nil {
		t.Errorf("kept %+v", r.Unmasked)
	}
}
