package cli

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/replay/compare"
	"github.com/caddyrec/caddyrec/replay/rerun"
	"github.com/caddyrec/caddyrec/storage"
	"github.com/caddyrec/caddyrec/storage/local"
)

// The files of a replay, beside its steps. All are written once.
const (
	planFile  = "plan.json"
	noiseFile = "noise.json"
	// Written before the first baseline is sent anything.
	baselinesFile = "baselines.json"
	reportFile    = "report.json"
	pageFile      = "report.html"
)

// replayFolder is where one replay is kept.
type replayFolder struct {
	*local.Store
}

func (f *replayFolder) page() string { return filepath.Join(f.Root(), pageFile) }

// planned is one record of a plan.
type planned struct {
	Seq      uint64 `json:"seq"`
	Exchange string `json:"exchange"`
}

// savedPlan is what a replay needs to go on later. No credential and no secret
// is in it.
type savedPlan struct {
	Replay  record.Replay `json:"replay"`
	Log     string        `json:"log"`
	To      string        `json:"to"`
	Host    string        `json:"host,omitempty"`
	Header  []string      `json:"header,omitempty"` // names
	Pace    paceFlags     `json:"pace"`
	Fill    fillFlags     `json:"fill"`
	Compare compareFlags  `json:"compare"`
	Records []planned     `json:"records"`
}

// text is the plan as its file has it, and the file's SHA-256 in hex.
func (p *savedPlan) text() (text []byte, digest string, err error) {
	if text, err = json.Marshal(p); err != nil {
		return nil, "", fmt.Errorf("writing %s of the replay: %w", planFile, err)
	}
	return text, digestOf(text), nil
}

func digestOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// replaysFolder is where replays are kept.
func replaysFolder(flag string) string {
	if flag != "" {
		return flag
	}
	return filepath.Join(caddy.AppDataDir(), "caddyrec-replays")
}

// makeFolder makes the folder of a new replay.
func makeFolder(in, id string) (*replayFolder, error) {
	s, err := local.Open(filepath.Join(in, id))
	if err != nil {
		return nil, fmt.Errorf("making the replay's folder: %w", err)
	}
	return &replayFolder{s}, nil
}

// openFolder opens the folder of a replay by its id, or by its path.
func openFolder(in, name string) (*replayFolder, error) {
	dir := name
	if id, err := parseID(name); err == nil {
		dir = filepath.Join(in, id)
	}
	if _, err := os.Stat(filepath.Join(dir, planFile)); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, negative(fmt.Sprintf("there is no replay %s in %s: name one by its id or its folder; --replays says where they are", clean(name), in))
		}
		return nil, fmt.Errorf("reading the replay: %w", err)
	}
	s, err := local.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the replay: %w", err)
	}
	return &replayFolder{s}, nil
}

// has says whether a file is there.
func (f *replayFolder) has(name string) bool {
	_, err := os.Stat(filepath.Join(f.Root(), name))
	return err == nil
}

// maxRead bounds a plan, or a report, that is read back, in bytes.
const maxRead = 1 << 30

// plan reads the plan of a replay that was begun, and its file's SHA-256 in hex.
func (f *replayFolder) plan(ctx context.Context) (p savedPlan, digest string, err error) {
	text, err := storage.Read(ctx, f, planFile, maxRead)
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil {
		return p, "", fmt.Errorf("reading %s of the replay: %w", planFile, err)
	}
	return p, digestOf(text), nil
}

// state is the SHA-256 of what came of the requests so far, and of what the
// baselines have shown, and how many requests that is.
func (f *replayFolder) state(ctx context.Context) (digest string, n int, err error) {
	return rerun.StateDigest(ctx, f, baselinesFile, noiseFile)
}

// report reads the report of a replay that has ended.
func (f *replayFolder) report(ctx context.Context) (*rerun.Report, string, error) {
	text, err := storage.Read(ctx, f, reportFile, maxRead)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", negative("this replay has not ended: go on with caddy rec replay --resume " + filepath.Base(f.Root()))
	}
	if err != nil {
		return nil, "", fmt.Errorf("reading the report: %w", err)
	}
	return rerun.ParseReport(text)
}

// keep writes the report of a replay that has ended, and gives its digest.
func (f *replayFolder) keep(ctx context.Context, r *rerun.Report) (digest string, err error) {
	text, digest, err := r.JSON()
	if err != nil {
		return "", err
	}
	page, err := r.Page()
	if err != nil {
		return "", err
	}
	if err := errors.Join(f.Create(ctx, pageFile, bytes.NewReader(page)), f.Create(ctx, reportFile, bytes.NewReader(text))); err != nil {
		return "", fmt.Errorf("writing the report: %w", err)
	}
	return digest, nil
}

// isPageOf says whether the page in the folder is that of a report.
func (f *replayFolder) isPageOf(ctx context.Context, r *rerun.Report) (bool, error) {
	want, err := r.Page()
	if err != nil {
		return false, err
	}
	there, err := storage.Read(ctx, f, pageFile, maxRead)
	return err == nil && bytes.Equal(there, want), nil
}

// savedNoise is what the baselines have shown, by exchange.
type savedNoise map[string][]string

// noise reads what the baselines of an earlier run have shown.
func (f *replayFolder) noise(ctx context.Context) (map[string][]compare.Pattern, error) {
	var saved savedNoise
	if err := rerun.ReadState(ctx, f, noiseFile, &saved); err != nil {
		return nil, err
	}
	noise := make(map[string][]compare.Pattern, len(saved))
	for exchange, patterns := range saved {
		for _, text := range patterns {
			p, err := compare.ParsePlace(text)
			if err != nil {
				return nil, fmt.Errorf("reading %s of the replay: %w", noiseFile, err)
			}
			noise[exchange] = append(noise[exchange], p)
		}
	}
	return noise, nil
}

func textsOf(noise map[string][]compare.Pattern) savedNoise {
	saved := make(savedNoise, len(noise))
	for exchange, patterns := range noise {
		for _, p := range patterns {
			saved[exchange] = append(saved[exchange], p.String())
		}
	}
	return saved
}
