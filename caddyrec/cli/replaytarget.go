package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/caddyrec/caddyrec/replay/rerun"
)

// targetFlags say where requests are sent, and as whom.
type targetFlags struct {
	to, host     string
	unsafe       bool
	list         string
	tokenFile    string
	tokenCommand string
	headers      []string
}

func (t *targetFlags) flags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&t.to, "to", "", "address of the test instance, such as https://orders.test.example.com")
	fs.StringVar(&t.host, "host", "", "the Host to ask it for (default: that of --to)")
	fs.BoolVar(&t.unsafe, "unsafe", false, "send POST, PUT, PATCH and DELETE too, where the target is for tests")
	fs.StringVar(&t.list, "targets", "", "file that lists instances made for tests, host:port, one a line")
	fs.StringVar(&t.tokenFile, "token-file", "", "file with your access token for the target (default: the token in $CADDYREC_REPLAY_TOKEN)")
	fs.StringVar(&t.tokenCommand, "token-command", "", "command that prints an access token; it is run again when the target refuses one")
	fs.StringArrayVar(&t.headers, "header", nil, "set this header field, as in 'X-Env: test' 'X-Key: {env.KEY}' or 'X-Csrf-Token: {answer.csrf_token}'")
}

// fields are the header fields to set.
func (t *targetFlags) fields() ([]rerun.Header, error) {
	var all []rerun.Header
	for _, text := range t.headers {
		name, value, ok := strings.Cut(text, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok || name == "" || strings.ContainsFunc(name+value, func(r rune) bool { return r < ' ' || r == 0x7f }) || strings.Contains(name, " ") {
			return nil, errors.New("--header: give a name and a value, as in 'X-Env: test'")
		}
		switch http.CanonicalHeaderKey(name) {
		case "Authorization":
			return nil, errors.New("--header Authorization: every user sees your command line: use --token-file or --token-command")
		case "Idempotency-Key", rerun.ReplayHeader, "Content-Length", "Transfer-Encoding", "Host", "Cookie":
			return nil, fmt.Errorf("--header %s: that field is the replay's own", name)
		}
		field := rerun.Header{Name: name, Value: value}
		if variable, ok := strings.CutPrefix(value, "{env."); ok && strings.HasSuffix(variable, "}") {
			field.Value, field.Secret = os.Getenv(strings.TrimSuffix(variable, "}")), true
			if field.Value == "" {
				return nil, fmt.Errorf("--header %s: %s is not set", name, value)
			}
		}
		all = append(all, field)
	}
	return all, nil
}

// isListed says whether --targets lists an address.
func (t *targetFlags) isListed(u *url.URL) (bool, error) {
	if t.list == "" {
		return false, nil
	}
	text, err := readSmall(t.list)
	if err != nil {
		return false, fmt.Errorf("reading the list of targets: %w", err)
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if strings.Contains(line, "/") || strings.LastIndexByte(line, ':') < 1 {
			return false, fmt.Errorf("the list of targets %s: %q is not of the form host:port", t.list, line)
		}
		if strings.EqualFold(line, u.Hostname()+":"+port) || strings.EqualFold(line, "["+u.Hostname()+"]:"+port) {
			return true, nil
		}
	}
	return false, nil
}

// credential gives the replayer's own token; nil: there is none.
func (t *targetFlags) credential() (func(context.Context, string) (string, error), error) {
	if t.tokenFile != "" && t.tokenCommand != "" {
		return nil, errors.New("both --token-file and --token-command are given: say one")
	}
	if t.tokenCommand != "" {
		return (&tokenCommand{line: t.tokenCommand}).get, nil
	}
	token := os.Getenv("CADDYREC_REPLAY_TOKEN")
	if t.tokenFile != "" {
		text, err := readSmall(t.tokenFile)
		if err != nil {
			return nil, fmt.Errorf("reading the token: %w", err)
		}
		token = text
		if token == "" {
			return nil, fmt.Errorf("%s holds no access token", t.tokenFile)
		}
	}
	if token == "" {
		return nil, nil
	}
	value, err := bearer(token)
	return func(context.Context, string) (string, error) { return value, nil }, err
}

// bearer is the value of Authorization for a token (RFC 6750 section 2.1).
func bearer(token string) (string, error) {
	token = strings.TrimSpace(token)
	if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r > unicode.MaxASCII || r <= ' ' || r == 0x7f }) {
		return "", errors.New("this is no access token: a token is one word")
	}
	return "Bearer " + token, nil
}

// tokenCommand runs a command for a token, once for all requests that want it.
type tokenCommand struct {
	line string

	mu    sync.Mutex
	value string
}

func (t *tokenCommand) get(ctx context.Context, refused string) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	// Of several requests that were refused at once, one asks for a new token.
	if t.value != refused {
		return t.value, nil
	}
	shell, option := "sh", "-c"
	if runtime.GOOS == "windows" {
		shell, option = "cmd", "/C"
	}
	cmd := exec.CommandContext(ctx, shell, option, t.line)
	var out printed
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	// What the shell has started may hold its output open for ever, also when the
	// shell itself is gone.
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	switch {
	case out.over:
		return "", fmt.Errorf("the command for a token prints more than %d bytes: let it print the token only", maxSmall)
	case ctx.Err() != nil:
		return "", fmt.Errorf("the command for a token did not end in time: %w", ctx.Err())
	case err != nil && !errors.Is(err, exec.ErrWaitDelay):
		return "", fmt.Errorf("the command for a token failed: %w", err)
	}
	value, err := bearer(out.text.String())
	if err != nil {
		return "", fmt.Errorf("the command for a token: %w", err)
	}
	t.value = value
	return value, nil
}

// printed is what a command prints, up to maxSmall bytes: one that goes on is
// ended by its next write.
type printed struct {
	text bytes.Buffer
	over bool
}

func (p *printed) Write(b []byte) (int, error) {
	if p.text.Len()+len(b) > maxSmall {
		p.over = true
		return 0, errors.New("it prints too much")
	}
	return p.text.Write(b)
}

// mayCarry refuses to send secrets in the clear beyond this machine and its
// private network.
func mayCarry(u *url.URL, what string) error {
	if u.Scheme == "https" || isThisMachine(u.Hostname()) {
		return nil
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil {
		if a.Unmap().IsPrivate() {
			return nil
		}
	} else if !strings.Contains(u.Hostname(), ".") || slices.ContainsFunc([]string{".internal", ".local", ".test", ".svc"}, func(end string) bool {
		return strings.HasSuffix(strings.ToLower(u.Hostname()), end)
	}) {
		return nil
	}
	return fmt.Errorf("target %s: %s would travel in the clear: use https", u.Host, what)
}
