package watch

import (
	"errors"
	"net/http/httptest"
	"testing"
)

func TestWhatIsAskedIsReadStrictly(t *testing.T) {
	get := func(query, accept string) (Ask, error) {
		r := httptest.NewRequest("GET", "/x?"+query, nil)
		if accept != "" {
			r.Header.Set("Accept", accept)
		}
		return Parse(r)
	}
	for _, c := range []struct {
		query, accept string
		want          Ask
	}{
		{"", "", Ask{Speed: 1}},
		{"speed=max&live=true", "text/event-stream", Ask{Live: true, SSE: true}},
		{"speed=2.5&from=7", "application/x-ndjson", Ask{Speed: 2.5, FromFrame: 7}},
		{"from=2026-11-21T18:00:00Z", "*/*", Ask{Speed: 1, FromTime: began}},
		{"", "text/event-stream;q=0.5, application/x-ndjson;q=0.4", Ask{Speed: 1, SSE: true}},
		{"", "text/*, */*;q=0.1", Ask{Speed: 1, SSE: true}},
	} {
		if got, err := get(c.query, c.accept); err != nil || got != c.want {
			t.Errorf("%q %q: %+v, %v", c.query, c.accept, got, err)
		}
	}
	for query, accept := range map[string]string{
		"speed=0": "", "speed=-1": "", "speed=NaN": "", "speed=1e9": "", "from=-1": "", "from=yesterday": "",
		"live=perhaps": "", "speed=1&speed=2": "", "key=x": "", "%zz": "", "": "text/html", "live=1": "text/event-stream;q=0",
	} {
		var bad *AskError
		if _, err := get(query, accept); !errors.As(err, &bad) {
			t.Errorf("%q %q: %v", query, accept, err)
		}
	}
}
