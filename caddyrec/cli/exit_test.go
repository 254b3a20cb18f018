package cli

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// runCaddy runs the command as a process of its own.
func runCaddy(t *testing.T, env []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	exe, err := os.Executable()
	mustNot(t, err)
	var out, errs bytes.Buffer
	cmd := exec.Command(exe, args...)
	cmd.Env = append(os.Environ(), append(env, beCaddy+"=1")...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

func TestExitCodesSayWhatCameOfIt(t *testing.T) {
	intact, changed := newWorld(t), newWorld(t)
	for _, w := range []*world{intact, changed} {
		w.sample()
		w.close()
	}
	changed.tamper(`"status":201`, `"status":200`)
	key := filepath.Join(intact.store, "keys", "main.public")
	g := newFakeGateway(t)
	token := filepath.Join(t.TempDir(), "token")
	mustNot(t, os.WriteFile(token, []byte(sampleToken+"\n"), 0o600))
	unknown := "019aa7a0-0000-7000-8000-0000000fffff"

	for _, c := range []struct {
		args           string
		code           int
		stdout, stderr string // parts
	}{
		{"rec", 0, "caddy rec", ""},
		{"rec verify --help", 0, "Exit codes:", ""},
		{"rec lss", 1, "", "did you mean ls?"},
		{"rec ls --what", 1, "", "Usage: "},
		{"rec ls a b", 1, "", "Usage: "},
		{"rec ls --since x --store " + intact.store, 1, "", "Error: --since x"},
		{"rec ls --store /nowhere", 1, "", "no such folder"},
		{"rec ls --store " + intact.store, 0, "POST /refunds", ""},
		{"rec ls --utc " + intact.store, 0, "18:00:00Z", ""},
		{"rec ls --orphans " + intact.store, 2, "lost", "2 intents without an outcome"},
		{"rec show 2 --store " + intact.store, 0, "← key:card", ""},
		{"rec show 99 --store " + intact.store, 2, "", "has no record 99"},
		{"rec show x --store " + intact.store, 1, "", "neither"},
		{"rec show", 1, "", "Usage: "},
		{"rec verify " + intact.store + " --key " + key, 0, "Intact", ""},
		{"rec verify " + changed.store, 2, "NOT INTACT", ""},
		{"rec verify --json " + changed.store, 2, `"kind":"damaged"`, ""},
		{"rec verify " + t.TempDir(), 1, "", "holds no records"},
		{"rec verify --key none " + intact.store, 1, "", "--key"},
		{"rec tail -n -1 " + intact.store, 1, "", "-n -1"},
		{"rec approvals --token-file " + token, 0, approvalC, ""},
		{"rec approvals --json", 1, "", "no access token"},
		{"rec approvals " + unknown + " --token-file " + token, 2, "", "no such request (approval-not-found)"},
		{"rec approvals --gateway http://example.com --token-file " + token, 1, "", "in the clear"},
		{"rec approve " + approvalC + " --token-file " + token, 0, "You approved", ""},
		{"rec deny " + approvalC + " --json --token-file " + token, 0, `"state":"denied"`, ""},
		{"rec approve x --token-file " + token, 1, "", "is no id"},
	} {
		t.Run(strings.ReplaceAll(c.args, "/", "_"), func(t *testing.T) {
			code, stdout, stderr := runCaddy(t, []string{"CADDYREC_GATEWAY=" + g.URL, "CADDYREC_TOKEN="}, strings.Fields(c.args)...)
			if code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			wantIn(t, stdout, c.stdout)
			wantIn(t, stderr, c.stderr)
			if strings.Contains(stdout+stderr, sampleToken) {
				t.Error("the token is in the output")
			}
			if strings.Contains(stderr, "exiting with status") || strings.Count(stderr, "Error: ") > 1 {
				t.Errorf("the error is told twice: %s", stderr)
			}
			if strings.Contains(stdout+stderr, "\x1b") {
				t.Error("colours in a pipe")
			}
		})
	}
}

func TestEveryCommandSaysWhatItDoes(t *testing.T) {
	for _, name := range []string{"ls", "tail", "show", "verify", "approvals", "approve", "deny"} {
		code, help, _ := runCaddy(t, nil, "rec", name, "--help")
		if code != 0 {
			t.Errorf("%s --help: exit code %d", name, code)
		}
		wantIn(t, help, "Examples:", "Exit codes:", "--json")
	}
}
