package caddyrec

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddyrec/caddyrec/record"
)

func TestTheAdminEndpointRecordsReplaysOnly(t *testing.T) {
	id := record.NewID()
	for _, c := range []struct {
		method, body string
		want         int
	}{
		{"GET", "", http.StatusMethodNotAllowed},
		{"POST", "", http.StatusBadRequest},
		{"POST", `{"type":"exchange","replay":{"id":"` + id + `","target":"https://t","requests":1}}`, http.StatusBadRequest},
		{"POST", `{"type":"replay.started","replay":{"id":"x","target":"https://t","requests":1}}`, http.StatusBadRequest},
		{"POST", `{"type":"replay.started","replay":{"id":"` + id + `","requests":1}}`, http.StatusBadRequest},
		{"POST", `{"type":"replay.started","exchange":"x","replay":{"id":"` + id + `","target":"https://t","requests":1}}`, http.StatusBadRequest},
		{"POST", `{"type":"replay.started","log":"` + strings.Repeat("x", maxAsk) + `"}`, http.StatusBadRequest},
		{"POST", `{"type":"replay.started","log":"none","replay":{"id":"` + id + `","target":"https://t","requests":1}}`, http.StatusNotFound},
	} {
		err := serveReplay(httptest.NewRecorder(), httptest.NewRequest(c.method, "/caddyrec/replay", strings.NewReader(c.body)))
		var refused caddy.APIError
		if !errors.As(err, &refused) || refused.HTTPStatus != c.want {
			t.Errorf("%s %.120s: %v, want %d", c.method, c.body, err, c.want)
		}
	}
}

func TestAReplayIsRecordedInTheLogThatItIsOfOnly(t *testing.T) {
	g, _, _ := oldGateway(t, "replays", 1)
	openNow.Store(g, nil)
	t.Cleanup(func() { openNow.Delete(g) })
	ask := func(key string) error {
		body := `{"type":"replay.started","log":"replays","key":` + key + `,"replay":{"id":"` + record.NewID() + `","target":"https://t","requests":1}}`
		return serveReplay(httptest.NewRecorder(), httptest.NewRequest("POST", "/caddyrec/replay", strings.NewReader(body)))
	}
	var refused caddy.APIError
	if err := ask(`"another"`); !errors.As(err, &refused) || refused.HTTPStatus != http.StatusNotFound {
		t.Errorf("with the key of another log: %v", err)
	}
}
