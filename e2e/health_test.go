package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

func TestTheAdminEndpointTellsHowTheLogStands(t *testing.T) {
	w := newWorld(t, issuer(t)).start()
	w.want(w.post("/orders", w.service("service"), order("chair", 1)), http.StatusOK, "")
	text, err := w.Admin(t.Context(), http.MethodGet, "/caddyrec/health", "")
	if err != nil {
		t.Fatal(err)
	}
	var health struct {
		OK   bool
		Logs []struct {
			Log     string
			OK      bool
			Records int
		}
	}
	if err := json.Unmarshal([]byte(text), &health); err != nil || !health.OK || len(health.Logs) != 1 || health.Logs[0].Log != "main" || health.Logs[0].Records < 3 {
		t.Errorf("%v in %s", err, text)
	}
	text, err = w.Admin(t.Context(), http.MethodGet, "/metrics", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{`caddyrec_healthy{log="main"} 1`, `caddyrec_records_total{log="main",type="exchange"} 1`, `caddyrec_records_total{log="main",type="intent"} 1`, `caddyrec_commit_seconds_count{log="main"}`} {
		if !strings.Contains(text, line) {
			t.Errorf("the metrics do not have %s", line)
		}
	}
}
