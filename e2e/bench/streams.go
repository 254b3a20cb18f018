//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/caddyrec/caddyrec/e2e/gateway"
)

// What is measured of many who watch one recorded session at once: what the
// checks of their keys take of the processors, and how soon the first byte
// comes, beside a file with the same bytes, served by the same Caddy under the
// same load.

const streamsConfig = `{
	admin unix/{$FOLDER}/admin.sock
	persist_config off
	caddyrec {
		store local {$FOLDER}/store
	}
}
http://{$ADDRESS} {
	handle /file/* {
		root {$FOLDER}
		file_server
	}
	handle {
		oidc_auth {
			issuer {$ISSUER}
			audience orders-api
			require groups engineering
		}
		session_replay {
			issue_to groups engineering
		}
		session_record
		respond "{\"receipt\":\"r-1\",\"state\":\"accepted\"}"
	}
}
`

const (
	recorded = 200                   // requests in the session, each with an intent
	between  = 20 * time.Millisecond // those
	slowly   = "0.02"                // so that a stream has a frame or so a second
	rampUp   = 800                   // streams begun in a second
	steady   = 30 * time.Second
	probes   = 1200 // of each kind, in turn, while all streams run
	pace     = steady / (3 * probes) * 9 / 10
)

// streamed is what was measured.
type streamed struct {
	streams          int
	perSecond        float64 // frames
	cpu              float64 // of the gateway, in processors
	checks           float64 // share of the gateway's processor time
	stream50, file50 time.Duration
	stream99, file99 time.Duration
	sync50, sync99   time.Duration // of the disk alone, in between
	memory           int64         // of the gateway, resident, in bytes
}

func (s streamed) String() string {
	return fmt.Sprintf(`streams at once            %d
frames a second, all       %.0f
processors, gateway        %.2f
of them, checking keys     %.2f %%
memory, gateway            %d MiB
first byte, stream         p50 %v, p99 %v
first byte, file           p50 %v, p99 %v
a sync of the disk alone   p50 %v, p99 %v
p99 over the file's        %v
`, s.streams, s.perSecond, s.cpu, 100*s.checks, s.memory>>20, s.stream50, s.stream99, s.file50, s.file99, s.sync50, s.sync99, s.stream99-s.file99)
}

// watchLoad starts a gateway, records a session, and has it watched.
func watchLoad(ctx context.Context, dir string, streams int) (s streamed, err error) {
	s.streams = streams
	binary, err := gateway.Build(ctx, dir)
	if err != nil {
		return s, err
	}
	iss, err := startIssuer()
	if err != nil {
		return s, err
	}
	defer iss.Close()
	token, err := iss.token()
	if err != nil {
		return s, err
	}
	address, err := gateway.FreeAddress()
	if err != nil {
		return s, err
	}
	g := &gateway.Gateway{Binary: binary, Folder: filepath.Join(dir, "w"), Address: address, Env: []string{"ISSUER=" + iss.URL}}
	if err := os.MkdirAll(filepath.Join(g.Folder, "file"), 0o755); err != nil {
		return s, err
	}
	if err := g.Start(ctx, streamsConfig); err != nil {
		return s, err
	}
	defer g.Stop()
	l := &audience{ctx: ctx, g: g}
	if err := l.prepare(token); err != nil {
		return s, err
	}
	if l.watchers, err = startWatchers(watching{g.Address, l.stream, streams}); err != nil {
		return s, err
	}
	defer l.stop()
	return s, l.measure(&s)
}

// audience is what one session is watched with.
type audience struct {
	ctx    context.Context
	g      *gateway.Gateway
	stream string // the request for a stream
	file   string // the request for the file
	*watchers
}

// prepare records the session, gets a key for it, and puts what it streams into
// a file.
func (l *audience) prepare(token string) error {
	for range recorded {
		if _, err := l.call(http.MethodPost, "/orders", token, requestBody); err != nil {
			return err
		}
		time.Sleep(between)
	}
	lines, err := l.g.Records("main")
	if err != nil {
		return err
	}
	session := ""
	for _, line := range lines {
		if line.Session != nil {
			session = line.Session.ID
		}
	}
	answer, err := l.call(http.MethodPost, "/.caddyrec/replay/keys", token, fmt.Sprintf(`{"sessions":[%q],"purpose":"benchmark"}`, session))
	if err != nil {
		return err
	}
	var issued struct{ Key string }
	if err := json.Unmarshal(answer, &issued); err != nil || issued.Key == "" {
		return fmt.Errorf("no key was issued: %s", answer)
	}
	path := "/.caddyrec/replay/sessions/" + session + "/frames"
	all, err := l.call(http.MethodGet, path+"?speed=max", issued.Key, "")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(l.g.Folder, "file", "session.ndjson"), all, 0o644); err != nil {
		return err
	}
	l.stream = fmt.Sprintf("GET %s?speed=%s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n\r\n", path, slowly, l.g.Address, issued.Key)
	l.file = fmt.Sprintf("GET /file/session.ndjson HTTP/1.1\r\nHost: %s\r\n\r\n", l.g.Address)
	return nil
}

func (l *audience) call(method, path, token, body string) ([]byte, error) {
	req, err := http.NewRequestWithContext(l.ctx, method, "http://"+l.g.Address+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode >= 300 {
		err = fmt.Errorf("%s %s: %s: %s", method, path, res.Status, text)
	}
	return text, err
}

// measure looks at the gateway while all streams run, and begins some more.
func (l *audience) measure(s *streamed) error {
	disk, err := newSyncer(l.g.Folder, probes)
	if err != nil {
		return err
	}
	defer disk.close()
	// What was just written, the gateway's own file first of all, would else go to
	// the disk while that is being measured.
	unix.Sync()
	profile := make(chan error, 1)
	file := filepath.Join(l.g.Folder, "cpu.pprof")
	go func() {
		text, err := l.g.Admin(l.ctx, http.MethodGet, fmt.Sprintf("/debug/pprof/profile?seconds=%d", steady/time.Second), "")
		if err == nil {
			err = os.WriteFile(file, []byte(text), 0o600)
		}
		profile <- err
	}()
	before, err := processorTime(l.g.Pid())
	if err != nil {
		return err
	}
	frames, err := l.tell(nil)
	if err != nil {
		return err
	}
	began := time.Now()
	var streams, files, syncs []time.Duration
	pause := time.NewTicker(pace)
	defer pause.Stop()
	for range probes {
		for _, probe := range []struct {
			request string
			took    *[]time.Duration
		}{{l.stream, &streams}, {l.file, &files}} {
			<-pause.C
			conn, _, took, err := first(l.g.Address, probe.request)
			if err != nil {
				return err
			}
			conn.Close()
			*probe.took = append(*probe.took, took)
		}
		<-pause.C
		took, err := disk.sync()
		if err != nil {
			return err
		}
		syncs = append(syncs, took)
	}
	if err := <-profile; err != nil {
		return err
	}
	after, err := processorTime(l.g.Pid())
	if err != nil {
		return err
	}
	took := time.Since(began).Seconds()
	more, err := l.tell(nil)
	if err != nil {
		return err
	}
	slices.Sort(streams)
	slices.Sort(files)
	slices.Sort(syncs)
	s.stream50, s.stream99 = streams[probes/2], streams[probes*99/100]
	s.file50, s.file99 = files[probes/2], files[probes*99/100]
	s.sync50, s.sync99 = syncs[probes/2], syncs[probes*99/100]
	s.perSecond = float64(more-frames) / took
	s.cpu = (after - before).Seconds() / took
	if s.memory, err = residentOf(l.g.Pid()); err != nil {
		return err
	}
	s.checks, err = shareOf(l.ctx, file, "provision.(*Use).Frame", "provision.(*Authority).Check", "provision.(*Authority).Run")
	return err
}

// residentOf is how much memory a process has (proc(5), VmRSS).
func residentOf(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	return kib << 10, err
}

// shareOf is how much of a profile some functions take, with all that they call.
func shareOf(ctx context.Context, profile string, functions ...string) (share float64, err error) {
	text, err := exec.CommandContext(ctx, "go", "tool", "pprof", "-top", "-cum", "-nodecount=1000000", "-nodefraction=0", profile).Output()
	if err != nil {
		return 0, fmt.Errorf("reading the profile: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) < 6 || !slices.ContainsFunc(functions, func(f string) bool { return strings.HasSuffix(fields[5], f) }) {
			continue
		}
		percent, err := strconv.ParseFloat(strings.TrimSuffix(fields[4], "%"), 64)
		if err != nil {
			return 0, err
		}
		share += percent / 100
	}
	return share, nil
}
