package cli

import (
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/caddyrec/caddyrec/record"
)

// testInstance is a target that marks itself as one for tests.
type testInstance struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string
	answer atomic.Value
	breaks atomic.Bool // it takes requests, and answers none
}

func newTestInstance(t *testing.T, status int, answer string) *testInstance {
	t.Helper()
	in := new(testInstance)
	in.answer.Store(answer)
	in.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/.caddyrec/replay-target" {
			fmt.Fprint(w, "caddyrec-replay-target "+r.URL.Query().Get("nonce"))
			return
		}
		body, _ := io.ReadAll(r.Body)
		in.mu.Lock()
		in.bodies = append(in.bodies, r.Method+" "+r.URL.RequestURI()+" "+string(body))
		in.mu.Unlock()
		if in.breaks.Load() {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		io.WriteString(w, in.answer.Load().(string))
	}))
	t.Cleanup(in.Close)
	return in
}

// got are the requests so far, each as method, address and body.
func (in *testInstance) got() []string {
	in.mu.Lock()
	defer in.mu.Unlock()
	return slices.Clone(in.bodies)
}

// holds looks for a text in all files of a folder.
func holds(t *testing.T, folder, text string) (files int, found string) {
	t.Helper()
	mustNot(t, filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		files++
		content, err := os.ReadFile(path)
		if strings.Contains(string(content), text) {
			found = path
		}
		return err
	}))
	return files, found
}

func TestReplayingTakesWhatItNeedsAndSaysWhatIsWrong(t *testing.T) {
	w := newWorld(t)
	w.sample()
	w.close()
	in := newTestInstance(t, 201, `{}`)
	shared := httptest.NewServer(http.NotFoundHandler()) // has the recorded site, too
	t.Cleanup(shared.Close)
	listed := filepath.Join(t.TempDir(), "targets")
	mustNot(t, os.WriteFile(listed, []byte(strings.TrimPrefix(shared.URL, "http://")+"\n"), 0o600))
	open := filepath.Join(t.TempDir(), "secrets")
	mustNot(t, os.WriteFile(open, []byte(`{"fields":{"a":"hunter2"}}`), 0o644))
	broken := filepath.Join(t.TempDir(), "secrets")
	mustNot(t, os.WriteFile(broken, []byte(`{"password":"hunter2"}`), 0o600))
	here := " --store " + w.store + " --address 127.0.0.1:1 --replays " + t.TempDir()
	for _, c := range []struct {
		args, stderr string
		code         int
	}{
		{"s_1", "--to https://", 1},
		{"--to " + in.URL, "Name a session", 1},
		{"s_2 --to " + in.URL, "no exchange in log main", 1},
		{"s_1 --to ftp://x", "must be like https://", 1},
		{"s_1 --to " + in.URL + " --speed 0", "--speed 0", 1},
		{"s_1 --to " + in.URL + " --speed -1", "--speed -1", 1},
		{"s_1 --to " + in.URL + " --rate -1", "are positive", 1},
		{"s_1 --to " + in.URL + " --unsafe --baseline " + in.URL, "two fresh instances", 1},
		{"s_1 --to " + in.URL + " --step", "nobody is there", 1},
		{"s_1 --to " + in.URL + " --ignore at", "is no place", 1},
		{"s_1 --to " + in.URL + " --header Authorization:x", "every user sees", 1},
		{"s_1 --to " + in.URL + " --header X-Key:{env.CADDYREC_TEST_NONE}", "is not set", 1},
		{"s_1 --to " + in.URL + " --header X-Caddyrec-Replay:x", "the replay's own", 1},
		{"s_1 --to " + in.URL + " --secrets " + open, "chmod 600", 1},
		{"s_1 --to " + in.URL + " --secrets " + broken, "not a JSON object of the form", 1},
		{"s_1 --to " + in.URL + " --originals", "--identity", 1},
		{"s_1 --to http://test.example.com --header X-Key:hunter2", "in the clear", 1},
		{"s_1 --to " + shared.URL + " --host Orders.example:443 --targets " + listed, "is what was recorded", 1},
		{"s_1 --to " + in.URL + " --host orders.example", "", 2}, // it says that it is for tests
		{"s_1 --to " + in.URL + " --token-command false", "", 2},
		{"--resume 019aa7a0-0000-7000-8000-00000000000a", "there is no replay", 2},
		{"--resume x --speed 2", "goes on as it was begun", 1},
		{"s_1 --to " + in.URL, "", 2}, // the POST is not sent
		{"s_1 --to " + in.URL + " --unsafe --stand-ins=false", "", 2},
	} {
		code, stdout, stderr := runCaddy(t, []string{"CADDYREC_REPLAY_TOKEN="}, strings.Fields("rec replay "+c.args+here)...)
		if code != c.code || !strings.Contains(stderr, c.stderr) {
			t.Errorf("%s: exit code %d, %s%s", c.args, code, stdout, stderr)
		}
		if strings.Contains(stdout+stderr, "hunter2") {
			t.Errorf("%s: a secret is told: %s%s", c.args, stdout, stderr)
		}
	}
	if len(in.got()) > 0 {
		t.Errorf("sent: %v", in.got())
	}
}

func TestAReplaySaysWhatWasFilledIn(t *testing.T) {
	w := newWorld(t)
	w.sample()
	w.close()
	in := newTestInstance(t, 201, `{}`)
	folder := t.TempDir()
	code, stdout, stderr := runCaddy(t, nil, "rec", "replay", "s_1", "--store", w.store, "--address", "127.0.0.1:1", "--replays", folder, "--to", in.URL, "--unsafe", "--utc")
	// The recorded answer's body is not on record, the header says nothing.
	if code != 2 || len(in.got()) != 1 || !strings.Contains(in.got()[0], `"number":"4242424242424242"`) && !strings.Contains(in.got()[0], `"number":"stand-in-`) {
		t.Errorf("exit code %d, sent %v\n%s%s", code, in.got(), stdout, stderr)
	}
	wantIn(t, stdout, "POST /orders?dry=1", "2 by stand-in", "body not compared: not-json", "added", "header content-type", "0 of 1 matched; 1 differ.")
	wantIn(t, stderr, "Report: ")
	code, listed, _ := runCaddy(t, nil, "rec", "ls", "--type", "replay", w.store)
	if wantIn(t, listed, "replay.started", "replay.finished", "0 of 1 matched at "+in.URL); code != 0 {
		t.Errorf("ls: exit code %d", code)
	}
	page, err := filepath.Glob(filepath.Join(folder, "*", "report.html"))
	if err != nil || len(page) != 1 {
		t.Fatalf("%v, %v", page, err)
	}
	text, err := os.ReadFile(page[0])
	mustNot(t, err)
	wantIn(t, string(text), "<h1 class=\"differs\">0 of 1 matched</h1>", "Content-Security-Policy", "POST /orders?dry=1")
	for _, outside := range []string{"http-equiv=\"refresh\"", "<script", "src=", "<link", "@import", "url("} {
		if strings.Contains(string(text), outside) {
			t.Errorf("the page has %s in it", outside)
		}
	}
}

func TestOriginalsFillWhatWasMaskedOnceThatIsOnRecord(t *testing.T) {
	contents, recipient := keyFile(t)
	originals, opener := keyFile(t)
	p := startProcess(t, recipient, opener)
	p.post()
	in := newTestInstance(t, 200, answered)
	folder := t.TempDir()
	args := []string{"rec", "replay", "--since", "1h", "--method", "POST", "--store", p.store, "--address", p.admin, "--replays", folder, "--to", in.URL, "--unsafe"}
	code, stdout, stderr := runCaddy(t, nil, args...)
	if code != 2 || len(in.got()) != 0 || !strings.Contains(stdout, "its body is encrypted: --identity opens it") {
		t.Errorf("without a key: exit code %d, sent %v\n%s%s", code, in.got(), stdout, stderr)
	}
	code, stdout, stderr = runCaddy(t, nil, append(args, "-i", contents, "-i", originals, "--originals", "--why", "case 17", "--stand-ins=false")...)
	if code != 0 || len(in.got()) != 1 || !strings.HasSuffix(in.got()[0], askedFor) {
		t.Errorf("with it: exit code %d, sent %v\n%s%s", code, in.got(), stdout, stderr)
	}
	wantIn(t, stdout, "1 by original", "All 1 matched.")
	in.answer.Store(`{"note":"other-canary","token":"x"}`)
	code, stdout, stderr = runCaddy(t, nil, append(args, "-i", contents, "--stand-ins")...)
	if code != 2 || strings.Contains(stdout+stderr, "canary") {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
	wantIn(t, stdout, "changed    /note")
	if _, found := holds(t, folder, "canary"); found != "" {
		t.Errorf("what is encrypted on record is plain in %s", found)
	}
	var told []string
	src, err := locate(p.store, "")
	mustNot(t, err)
	mustNot(t, src.each(filter{types: []string{"originals", "replay"}}, 0, func(it item) error {
		told = append(told, string(it.record.Type))
		if it.record.Type == record.OriginalsOpened && it.record.Opened.Why != "case 17" {
			t.Errorf("%+v", it.record.Opened)
		}
		return nil
	}))
	if got := strings.Join(told, " "); got != "replay.started replay.finished originals.opened replay.started replay.finished replay.started replay.finished" {
		t.Errorf("on record: %s", got)
	}
}

func TestAGatewayRecordsNoReplayOfAnotherLog(t *testing.T) {
	_, admin := runGateway(t, 1)
	w := newWorld(t) // of the same name
	w.sample()
	in := newTestInstance(t, 201, `{}`)
	args := []string{"rec", "replay", "s_1", "--store", w.store, "--address", admin, "--replays", t.TempDir(), "--to", in.URL, "--unsafe"}
	code, stdout, stderr := runCaddy(t, nil, args...)
	if code != 1 || len(in.got()) > 0 {
		t.Errorf("while somebody has the log open: exit code %d, sent %v\n%s%s", code, in.got(), stdout, stderr)
	}
	wantIn(t, stderr, "its public key differs", "another process writes this log")
	w.close()
	if code, stdout, stderr = runCaddy(t, nil, args...); code != 2 || len(in.got()) != 1 {
		t.Errorf("exit code %d, sent %v\n%s%s", code, in.got(), stdout, stderr)
	}
}
