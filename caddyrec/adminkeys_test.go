package caddyrec

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddyrec/caddyrec/ledger"
)

func askRotate(t *testing.T, method, body string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	err := serveRotate(w, httptest.NewRequest(method, "/caddyrec/rotate", strings.NewReader(body)))
	if err != nil {
		return err.(caddy.APIError).HTTPStatus, err.Error()
	}
	return w.Code, w.Body.String()
}

func TestAKeyIsTakenUpWhileTheGatewayRuns(t *testing.T) {
	g, _, _ := oldGateway(t, "rotated", 1)
	public, err := ledger.NewSigningKey(filepath.Join(g.dir, "keys"), "rotated")
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(rotateAsk{Log: "rotated", Key: public})
	if err != nil {
		t.Fatal(err)
	}
	other := strings.Replace(public, "rotated+", "rotated+0", 1)
	for _, c := range []struct {
		method, body string
		want         int
	}{
		{http.MethodGet, string(body), http.StatusMethodNotAllowed},
		{http.MethodPost, `{"log":"rotated","why":"x"}`, http.StatusBadRequest},
		{http.MethodPost, `{"log":"none","key":"x"}`, http.StatusNotFound},
		{http.MethodPost, `{"log":"rotated","key":"` + other + `"}`, http.StatusNotFound},
		{http.MethodPost, `{"log":"rotated","key":""}`, http.StatusNotFound},
	} {
		if code, text := askRotate(t, c.method, c.body); code != c.want {
			t.Errorf("%s %s: %d %s, want %d", c.method, c.body, code, text, c.want)
		}
	}
	if g.log.Verifier() == public {
		t.Fatal("the key was taken up though nobody asked rightly")
	}
	for range 2 { // also when it is asked again
		code, text := askRotate(t, http.MethodPost, string(body))
		if code != http.StatusOK || !strings.Contains(text, `"public_key":"`+public) {
			t.Errorf("%d %s", code, text)
		}
	}
	if g.log.Verifier() != public {
		t.Errorf("the log is signed with %s", g.log.Verifier())
	}
}
