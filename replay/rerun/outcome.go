package rerun

import (
	"time"

	"github.com/caddyrec/caddyrec/replay/compare"
)

// State is what came of one request.
type State string

// The states.
const (
	Matched State = "matched" // the answer is the recorded one
	Differs State = "differs" // it is not
	Failed  State = "failed"  // there was no answer
	Skipped State = "skipped" // it was not sent
	Unknown State = "unknown" // it was sent, and nobody knows what came of it
)

// Why is a word for why a request was not sent, or has no answer.
type Why string

// The words.
const (
	WhyUnsafe      Why = "unsafe"      // its method is, and --unsafe was not said
	WhyNoBody      Why = "no-body"     // its body is not on record
	WhyUnfilled    Why = "unfilled"    // a masked value has nothing in its place
	WhyURL         Why = "no-address"  // its address is not one that can be asked
	WhyChosen      Why = "chosen"      // somebody chose to skip it
	WhyStopped     Why = "stopped"     // the replay ended before it
	WhyInterrupted Why = "interrupted" // an earlier run was killed while it was under way
	WhyTimeout     Why = "timeout"
	WhyConnection  Why = "connection"
	WhyCredential  Why = "credential" // the command for one has failed
)

// Outcome is what came of one request. Nothing in it is secret.
type Outcome struct {
	// N is the request's number in the plan, from 1.
	N        int    `json:"n"`
	Seq      uint64 `json:"seq"`
	Exchange string `json:"exchange"`
	Method   string `json:"method"`
	// Path is the recorded path and query, masked.
	Path  string `json:"path"`
	State State  `json:"state"`
	// Why is for skipped, failed and unknown; Detail says more.
	Why    Why    `json:"why,omitempty"`
	Detail string `json:"detail,omitempty"`
	// Recorded and Replayed are the statuses; 0 when there is none.
	Recorded int `json:"recorded_status"`
	Replayed int `json:"replayed_status,omitempty"`

	// When the requests began after the first of the plan, and how long their
	// answers took, on record and now, in microseconds.
	RecordedAt   int64 `json:"recorded_at_us"`
	RecordedTook int64 `json:"recorded_took_us"`
	At           int64 `json:"at_us,omitempty"`
	Took         int64 `json:"took_us,omitempty"`

	// Filled and Unfilled are the masked places of the request.
	Filled   []Filled `json:"filled,omitempty"`
	Unfilled []string `json:"unfilled,omitempty"`
	// Learned are the ids that this answer gave in place of recorded ones, and
	// Secrets how many masked values, which are used but not kept.
	Learned []Learned `json:"learned,omitempty"`
	Secrets int       `json:"learned_secrets,omitempty"`

	compare.Result
}

// Counts are how many requests came to what.
type Counts struct {
	Requests int `json:"requests"`
	Sent     int `json:"sent"`
	Matched  int `json:"matched"`
	Differed int `json:"differed"`
	Failed   int `json:"failed"`
	Skipped  int `json:"skipped"`
	Unknown  int `json:"unknown"`
}

func (c *Counts) add(o *Outcome) {
	c.Requests++
	switch o.State {
	case Matched:
		c.Matched++
		c.Sent++
	case Differs:
		c.Differed++
		c.Sent++
	case Failed:
		c.Failed++
		c.Sent++
	case Skipped:
		c.Skipped++
	case Unknown:
		c.Unknown++
		c.Sent++
	}
}

// AllMatched says whether every request was sent and has matched.
func (c Counts) AllMatched() bool { return c.Requests > 0 && c.Matched == c.Requests }

// End is how a run ended.
type End string

// The ends.
const (
	EndDone        End = "done"        // all requests were dealt with
	EndInterrupted End = "interrupted" // somebody stopped it; it can go on
	EndGivenUp     End = "given-up"    // the target does not answer; it can go on
)

// Finished is what came of a run.
type Finished struct {
	End      End
	Outcomes []*Outcome // in the plan's order
	Counts   Counts
	Began    time.Time
	Ended    time.Time
}
