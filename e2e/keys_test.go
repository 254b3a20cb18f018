package e2e

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

func TestASigningKeyIsChangedWhileTheGatewayServes(t *testing.T) {
	w := newWorld(t, nil)
	w.start("http://{$ADDRESS} {\n\tsession_record\n\treverse_proxy {$UPSTREAM}\n}\n")
	rec := func(args ...string) (stdout, stderr string, err error) {
		return w.Command(t.Context(), append([]string{"rec"}, append(args, "--store", w.Store())...)...)
	}
	w.want(w.post("/orders", "", order("chair", 1)), http.StatusOK, "")
	// A gateway that does not answer leaves the key waiting, as it was told.
	stdout, stderr, err := rec("keys", "rotate", "--address", "127.0.0.1:1")
	if err != nil || !strings.Contains(stderr, "not in force yet") {
		t.Fatalf("%v\n%s%s", err, stdout, stderr)
	}
	admin := "unix/" + filepath.Join(w.Folder, "admin.sock")
	if stdout, stderr, err = rec("keys", "rotate", "--address", admin); err != nil || !strings.Contains(stderr, "from now on") {
		t.Fatalf("%v\n%s%s", err, stdout, stderr)
	}
	w.want(w.post("/orders", "", order("table", 1)), http.StatusOK, "")
	if stdout, stderr, err = rec("keys", "rotate", "--address", admin); err != nil || !strings.Contains(stderr, "from now on") {
		t.Fatalf("%v\n%s%s", err, stdout, stderr)
	}
	w.want(w.post("/orders", "", order("bed", 1)), http.StatusOK, "")
	w.stop()
	stdout, stderr, err = rec("keys")
	if err != nil || strings.Count(stdout, "retired at record") != 2 || strings.Contains(stdout, "waits") {
		t.Errorf("%v\n%s%s", err, stdout, stderr)
	}
	if stdout, stderr, err = rec("verify", "--key", filepath.Join(w.Store(), "keys", "main.public")); err != nil {
		t.Errorf("%v\n%s%s", err, stdout, stderr)
	}
}
