package chain_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/caddyrec/caddyrec/record"
)

// watchedLog is where a rig's Caddy logs to: a file that can be waited on.
type watchedLog struct {
	File string `json:"file"`
}

func init() { caddy.RegisterModule(watchedLog{}) }

func (watchedLog) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "caddy.logging.writers.watched", New: func() caddy.Module { return new(watchedLog) }}
}

func (l watchedLog) String() string { return l.File }

func (l watchedLog) WriterKey() string { return "watched:" + l.File }

func (l watchedLog) OpenWriter() (io.WriteCloser, error) {
	f, err := os.OpenFile(l.File, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	return watchedFile{f}, err
}

func (l *watchedLog) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if !d.AllArgs(&l.File) {
		return d.ArgErr()
	}
	return nil
}

type watchedFile struct{ *os.File }

func (f watchedFile) Write(line []byte) (int, error) {
	n, err := f.File.Write(line)
	logGrew.mu.Lock()
	defer logGrew.mu.Unlock()
	close(logGrew.next)
	logGrew.next = make(chan struct{})
	return n, err
}

// logGrew tells of each line.
var logGrew = struct {
	mu   sync.Mutex
	next chan struct{} // closed at the next line
}{next: make(chan struct{})}

// logged waits until Caddy's log has a line with all of the texts.
func (r *rig) logged(texts ...string) {
	r.Helper()
	r.loggedTimes(1, texts...)
}

// loggedTimes waits for the n-th such line.
func (r *rig) loggedTimes(n int, texts ...string) {
	r.Helper()
	var log []byte
	found := 0
	ok := r.atEachLine(func() bool {
		var err error
		if log, err = os.ReadFile(filepath.Join(r.dir, r.logName)); err != nil {
			r.Fatal(err)
		}
		found = 0
		for line := range strings.Lines(string(log)) {
			all := true
			for _, text := range texts {
				all = all && strings.Contains(line, text)
			}
			if all {
				found++
			}
		}
		return found >= n
	})
	if !ok {
		r.Fatalf("%d lines of the log have %q, want %d:\n%.4000s", found, texts, n, log)
	}
}

// atEachLine asks at each line that Caddy logs, until the answer is true or it
// is too late.
func (r *rig) atEachLine(done func() bool) bool {
	for late := time.After(20 * time.Second); ; {
		logGrew.mu.Lock()
		next := logGrew.next
		logGrew.mu.Unlock()
		if done() {
			return true
		}
		select {
		case <-next:
		case <-late:
			return false
		}
	}
}

// recorded waits until the ledger has a record of this type. A checkpoint, which
// is logged, comes within a second of it.
func (r *rig) recorded(typ record.Type) {
	r.Helper()
	if !r.atEachLine(func() bool { return len(r.records(ofType(typ))) > 0 }) {
		r.Fatalf("no %s is recorded", typ)
	}
}

// answered waits until Caddy's access log has an answer of this status, which it
// writes when its outcome is on record.
func (r *rig) answered(status string) {
	r.Helper()
	r.logged(`"logger":"http.log.access`, `"status":`+status)
}

// Interface guards
var (
	_ caddy.WriterOpener    = (*watchedLog)(nil)
	_ caddyfile.Unmarshaler = (*watchedLog)(nil)
)
