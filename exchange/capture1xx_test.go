package exchange

import (
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"testing"
)

func TestInformationalAnswersPassWithoutFields(t *testing.T) {
	var early []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Own", "kept")
		c := NewCapture(w, 100)
		defer c.Close()
		c.Header().Set("Link", "</x?token=LEAK>; rel=preload")
		c.WriteHeader(http.StatusEarlyHints)
		c.WriteHeader(http.StatusOK)
		if err := c.Release(); err != nil {
			t.Error(err)
		}
	}))
	defer s.Close()
	trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
		early = append(early, http.StatusText(code), h.Get("Link"), h.Get("X-Own"))
		return nil
	}}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), http.MethodGet, s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if len(early) != 3 || early[0] != "Early Hints" || early[1] != "" || early[2] != "kept" {
		t.Errorf("the client got %q", early)
	}
	if res.Header.Get("Link") == "" {
		t.Error("the answer itself has lost its fields")
	}
}
