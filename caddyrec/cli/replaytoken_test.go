//go:build unix

package cli

import (
	"context"
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
