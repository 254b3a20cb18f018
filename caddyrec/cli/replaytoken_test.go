//go:build unix

package cli

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// heldOpen is a command that does not end while the test runs.
func heldOpen(t *testing.T) string {
	pipe := filepath.Join(t.TempDir(), "pipe")
	mustNot(t, syscall.Mkfifo(pipe, 0o600))
	writer, err := os.OpenFile(pipe, os.O_RDWR, 0)
	mustNot(t, err)
	t.Cleanup(func() { writer.Close() })
	return "cat '" + pipe + "'"
}

func TestWhatACommandForATokenStartedHoldsNobodyUp(t *testing.T) {
	type answer struct {
		value string
		err   error
	}
	get := func(ctx context.Context, line string) answer {
		got := make(chan answer, 1)
		go func() {
			value, err := (&tokenCommand{line: line}).get(ctx, "")
			got <- answer{value, err}
		}()
		select {
		case a := <-got:
			return a
		case <-time.After(20 * time.Second):
			t.Fatalf("%s is waited for", line)
			return answer{}
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if a := get(ctx, heldOpen(t)+"; echo token"); a.err == nil || !strings.Contains(a.err.Error(), "did not end in time") {
		t.Errorf("one that hangs: %q, %v", a.value, a.err)
	}
	if a := get(t.Context(), heldOpen(t)+" & echo token"); a.value != "Bearer token" || a.err != nil {
		t.Errorf("one that leaves something behind: %q, %v", a.value, a.err)
	}
}

func TestACommandForATokenIsEndedWhenItPrintsWithoutEnd(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for _, line := range []string{"yes", "yes; true", "yes; echo token"} {
		value, err := (&tokenCommand{line: line}).get(ctx, "")
		if err == nil || !strings.Contains(err.Error(), "more than") || ctx.Err() != nil {
			t.Errorf("%s: %q, %v", line, value, err)
		}
	}
}

func TestWhatACommandForATokenStartedEndsWithIt(t *testing.T) {
	t.Run("over", func(t *testing.T) {
		childEnds(t, func(cancel func()) { cancel() })
	})
	t.Run("interrupted", func(t *testing.T) {
		childEnds(t, func(func()) { mustNot(t, syscall.Kill(os.Getpid(), syscall.SIGINT)) })
	})
}

// childEnds starts a command that waits for a child, ends it, and wants the child
// to be gone.
func childEnds(t *testing.T, end func(cancel func())) {
	pipe := filepath.Join(t.TempDir(), "alive")
	mustNot(t, syscall.Mkfifo(pipe, 0o600))
	reader, err := os.OpenFile(pipe, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	mustNot(t, err)
	defer reader.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		// The child has the pipe open for as long as it lives.
		_, err := (&tokenCommand{line: "exec 9>'" + pipe + "'; (echo up >&9; exec " + heldOpen(t) + "); echo token"}).get(ctx, "")
		done <- err
	}()
	mustNot(t, reader.SetReadDeadline(time.Now().Add(20*time.Second)))
	up := make([]byte, 3)
	for n := 0; n < len(up); { // before it is opened for writing, it reads as ended
		m, err := reader.Read(up[n:])
		if n += m; err != nil && err != io.EOF {
			t.Fatal(err)
		}
	}
	end(cancel)
	if err := <-done; err == nil {
		t.Error("no error")
	}
	if _, err := reader.Read(up); err != io.EOF {
		t.Errorf("the child lives on: %v", err)
	}
}
