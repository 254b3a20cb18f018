package rerun

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/caddyrec/caddyrec/masking"
	"github.com/caddyrec/caddyrec/replay/compare"
	"github.com/caddyrec/caddyrec/storage"
)

// Options say how a plan is run.
type Options struct {
	// ID names the replay: a UUID.
	ID string
	// Target is where requests are sent, Host the Host they are sent with;
	// empty: that of Target. Transport sends one and follows no redirect.
	Target    *url.URL
	Host      string
	Transport http.RoundTripper

	// Unsafe lets requests with unsafe methods go, too.
	Unsafe bool
	// Speed is how many times as fast as recorded the plan runs; 0: as fast as
	// the order of the answers allows.
	Speed float64
	// Rate, if not 0, is how many requests a second are sent, whatever the
	// recorded times.
	Rate float64
	// MaxRate is how many requests a second are sent at most; 0: any number.
	MaxRate float64
	// Concurrency is how many requests may be under way at once; 0: 64.
	Concurrency int
	// Timeout is how long an answer may take, its body included; 0: 30 s.
	Timeout time.Duration
	// MaxBody is how much of an answer is read, in bytes; 0: 1 MiB.
	MaxBody int64
	// GiveUp is after how many requests in a row without an answer the replay
	// ends; 0: 5.
	GiveUp int

	// Credential is asked for the value of Authorization; again when the target
	// has refused one, which is then given. nil: requests carry none.
	Credential func(ctx context.Context, refused string) (string, error)
	// Headers are set on every request.
	Headers []Header
	// Secrets and Originals fill masked places; either may be nil. StandIns lets
	// those that nobody fills be filled with values of their kind.
	Secrets   *Secrets
	Originals Originals
	StandIns  bool

	// Compare are the names of the answer's fields that are compared, Ignore
	// the places that are not, and Noise those of one exchange.
	Compare []string
	Ignore  []compare.Pattern
	Noise   map[string][]compare.Pattern
	// Policy masks what is told of answers; nil: what is secret by common names
	// and shapes.
	Policy *masking.Policy

	// State keeps what came of each request, so that a replay that was
	// interrupted can go on; nil: nothing is kept.
	State storage.Store
	// Ask is asked before each request in step mode; nil: nobody is.
	Ask func(*Step) Choice
	// Progress is told of each outcome, one at a time; it may be nil.
	Progress func(done, total int, o *Outcome)
}

// Choice is what to do with a request in step mode.
type Choice int

// What can be chosen.
const (
	Send  Choice = iota // send it, and ask again for the next
	Skip                // do not send it
	Go                  // send it and all others
	Abort               // end the replay here
)

func (o *Options) check() error {
	switch {
	case o.ID == "" || o.Target == nil || o.Transport == nil:
		return errors.New("a replay needs an id, a target and a transport")
	case o.Speed < 0 || o.Rate < 0 || o.MaxRate < 0 || o.Concurrency < 0 || o.Timeout < 0 || o.MaxBody < 0 || o.GiveUp < 0:
		return errors.New("a bound of the replay is negative")
	}
	setDefault(&o.Concurrency, 64)
	setDefault(&o.Timeout, 30*time.Second)
	setDefault(&o.MaxBody, 1<<20)
	setDefault(&o.GiveUp, 5)
	if o.Policy == nil {
		o.Policy = new(masking.Policy)
	}
	return nil
}

func setDefault[T int | int64 | time.Duration](v *T, value T) {
	if *v == 0 {
		*v = value
	}
}
