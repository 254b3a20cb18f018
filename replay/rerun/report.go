package rerun

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Report is what a replay came to. Nothing in it is secret: it holds what the
// record holds, and of the new answers what differs, masked.
type Report struct {
	// Replay is the replay's id, Log the log that the recording is in.
	Replay string `json:"replay"`
	Log    string `json:"log"`
	// Session and Filter are what was chosen by.
	Session string `json:"session,omitempty"`
	Filter  string `json:"filter,omitempty"`
	// Target and Baselines are scheme and host.
	Target    string   `json:"target"`
	Baselines []string `json:"baselines,omitempty"`
	Unsafe    bool     `json:"unsafe,omitempty"`
	By        string   `json:"by,omitempty"`
	// Pace is how fast it ran, for people.
	Pace  string    `json:"pace"`
	Began time.Time `json:"began"`
	Ended time.Time `json:"ended"`
	// RecordedFrom is when the first request began, on record.
	RecordedFrom time.Time `json:"recorded_from"`
	Outcome      Verdict   `json:"outcome"`
	Counts       Counts    `json:"counts"`
	// Unvouched is how many outcomes are from a run that ended without a record,
	// as when it was killed: nothing but the replay's folder tells of them.
	Unvouched int `json:"unvouched,omitempty"`
	// UnvouchedNoise says that what the baselines showed to be noise, which was
	// not compared, is from such a run.
	UnvouchedNoise bool `json:"unvouched_noise,omitempty"`
	// Ignore are the places that were not compared; Noise how many more the
	// baselines showed to be noise, by exchange.
	Ignore []string            `json:"ignore,omitempty"`
	Noise  map[string][]string `json:"noise,omitempty"`
	Steps  []*Outcome          `json:"steps"`
}

// Verdict is what a replay came to.
type Verdict string

// The verdicts.
const (
	OutcomeMatched     Verdict = "matched" // every request was sent, and has matched
	OutcomeDiffers     Verdict = "differs"
	OutcomeInterrupted Verdict = Verdict(EndInterrupted)
	OutcomeGivenUp     Verdict = Verdict(EndGivenUp)
)

// Fill takes up what came of a run.
func (r *Report) Fill(f *Finished) {
	r.Began, r.Ended, r.Counts, r.Steps = f.Began.UTC(), f.Ended.UTC(), f.Counts, f.Outcomes
	switch {
	case f.End != EndDone:
		r.Outcome = Verdict(f.End)
	case f.Counts.AllMatched():
		r.Outcome = OutcomeMatched
	default:
		r.Outcome = OutcomeDiffers
	}
}

// JSON is the report as one line, and its SHA-256 in hex.
func (r *Report) JSON() (text []byte, digest string, err error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return nil, "", fmt.Errorf("writing the report: %w", err)
	}
	text = bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	sum := sha256.Sum256(text)
	return text, hex.EncodeToString(sum[:]), nil
}

// ParseReport reads a report that JSON wrote, and its SHA-256 in hex.
func ParseReport(text []byte) (*Report, string, error) {
	r := new(Report)
	if err := json.Unmarshal(text, r); err != nil {
		return nil, "", fmt.Errorf("this is no report of a replay: %w", err)
	}
	if slices.Contains(r.Steps, nil) {
		return nil, "", errors.New("this is no report of a replay: a step is missing")
	}
	sum := sha256.Sum256(text)
	return r, hex.EncodeToString(sum[:]), nil
}
