package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/caddyrec/caddyrec/e2e/wait"
	"github.com/caddyrec/caddyrec/record"
)

func TestAnInterruptedReplayGoesOnWhereItWas(t *testing.T) {
	s := recordStory(t)
	api := newOrders(t)
	arrived, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	target := "http://" + host(t, forTests(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "PATCH" {
			once.Do(func() {
				close(arrived)
				<-release
			})
		}
		api.ServeHTTP(w, r)
	})))
	args := []string{"rec", "replay", s.session, "--store", s.Store(), "--address", "unix/" + filepath.Join(s.Folder, "admin.sock"),
		"--replays", s.replays, "--speed", "max", "--secrets", s.secrets, "--to", target, "--unsafe", "--ignore", "/issued_at"}
	ctx, cancel := context.WithTimeout(t.Context(), wait.Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.Binary, args...)
	cmd.Env = append(os.Environ(), "HOME="+s.Folder)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	wait.For(t, "PATCH", arrived)
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewReader(stderr)
	if line, err := said.ReadString('\n'); err != nil || !strings.Contains(line, "under way") {
		t.Fatalf("%q, %v", line, err)
	}
	close(release)
	rest, err := io.ReadAll(said)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 1 || !strings.Contains(string(rest), "interrupted after 5 of 12 requests: go on with --resume ") {
		t.Fatalf("%v: %s", err, rest)
	}
	id := strings.TrimSpace(string(rest)[strings.LastIndex(string(rest), " ")+1:])
	if _, stderr := s.rec(2, "diff", id, "--replays", s.replays); !strings.Contains(stderr, "has not ended") {
		t.Errorf("diff: %s", stderr)
	}
	sent := len(api.Asked())
	resume := []string{"replay", "--store", s.Store(), "--address", "unix/" + filepath.Join(s.Folder, "admin.sock"), "--replays", s.replays, "--resume", id}
	s.rec(0, append(resume, "--secrets", s.secrets)...)
	if got := len(api.Asked()); sent != 5 || got != 12 || api.Orders() != 1 {
		t.Errorf("%d requests before the interruption, %d in all, %d orders", sent, got, api.Orders())
	}
	if _, stderr := s.rec(1, resume...); !strings.Contains(stderr, "has ended") {
		t.Errorf("it goes on once more: %s", stderr)
	}
	var told []string
	for _, l := range s.recorded(record.ReplayStarted, record.ReplayFinished) {
		told = append(told, fmt.Sprint(l.Type, l.Replay.Resumed, l.Replay.Outcome))
	}
	if got := strings.Join(told, " "); got != "replay.startedfalse replay.finishedfalseinterrupted replay.startedtrue replay.finishedtruematched" {
		t.Errorf("on record: %s", got)
	}
	s.nothingSecret()
}
