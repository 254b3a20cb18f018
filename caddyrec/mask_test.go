package caddyrec

import (
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/caddyrec/caddyrec/masking"
	"github.com/caddyrec/caddyrec/storage"
	"github.com/caddyrec/caddyrec/storage/local"
)

// folder is a store in a folder.
type folder string

func (f folder) Key() string { return "test:" + string(f) }

func (f folder) Open(*slog.Logger) (storage.Store, string, error) {
	s, err := local.Open(string(f))
	return s, string(f), err
}

// appAt is an app as Provision leaves it whose store is a folder.
func appAt(t *testing.T, dir string, m *Mask) *App {
	t.Helper()
	a := &App{Log: "main", Mask: m, store: folder(dir), logger: zap.NewNop(), run: new(running)}
	var err error
	if a.masking, err = m.policy(a.pseudonym); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Cleanup() })
	return a
}

func TestPseudonymsAreOfTheLogsKey(t *testing.T) {
	m := &Mask{Actions: map[string]MaskAction{"detect:email": {Action: "pseudonym"}}}
	one, two := appAt(t, t.TempDir(), m), appAt(t, t.TempDir(), m)
	// Nobody waits for a log, least of all the log lines of its opening.
	if early, _ := one.Masking().Text("ann@example.org"); early != masking.Token {
		t.Errorf("before the log is open: %s", early)
	}
	for _, a := range []*App{one, two} {
		if _, err := a.open(); err != nil {
			t.Fatal(err)
		}
	}
	mark, _ := one.Masking().Text("ann@example.org")
	if !regexp.MustCompile(`^\[masked:[0-9a-f]{8}:[A-Za-z0-9_-]{32}\]$`).MatchString(mark) {
		t.Fatal(mark)
	}
	if digest := one.run.gateway.keys.Digest(nil); !strings.HasPrefix(digest, "hmac-sha256:"+mark[8:16]+":") {
		t.Errorf("%s does not name the key of %s", mark, digest)
	}
	if again, _ := one.Masking().Text("mail ANN@example.org"); again != "mail "+mark {
		t.Errorf("%s, then %s", mark, again)
	}
	if other, _ := two.Masking().Text("ann@example.org"); other[17:] == mark[17:] || !strings.HasPrefix(other, "[masked:") {
		t.Errorf("two logs have the pseudonym %s", mark)
	}
}

func TestAnActionThatMakesNoSenseIsRefused(t *testing.T) {
	for _, actions := range []map[string]MaskAction{
		{"key:password": {Action: "hide"}}, {"key:password": {Action: "partial"}}, {"key:color": {Action: "drop"}}, {"": {Action: "drop"}},
	} {
		if _, err := (&Mask{Actions: actions}).policy(nil); err == nil {
			t.Errorf("%v was accepted", actions)
		}
	}
}
