// Package frames shows what happened in a recorded session: its records in the
// order of the log, each read through the log's proofs, as frames that can be
// watched in the time in which they happened.
//
// It promises that nothing is hidden and nothing false is shown: a record that
// is damaged, or was removed by retention, is a frame that says so, and has
// nothing of what stands in its place.
package frames

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
)

// Kind says what a frame shows.
type Kind string

// The kinds of frames.
const (
	Session  Kind = "session"  // something happened to the session itself
	Request  Kind = "request"  // an unsafe request, as it was about to go to the upstream
	Part     Kind = "part"     // a part of a streamed answer
	Exchange Kind = "exchange" // a request and its answer, whole; or all but the parts of a streamed one
	Refusal  Kind = "refusal"  // a request that the gateway refused
	Approval Kind = "approval" // something happened to a request for approval
	Event    Kind = "event"    // a record of another type
	Damage   Kind = "damaged"  // a record that is not what was signed, or is not there
	Purge    Kind = "purged"   // a record that retention removed
)

// Frame is one record of a session. Frames stand in the order of the log: a
// request for approval, the votes on it, and the exchange that it was for are
// frames of their own, with what lies between. Those of one exchange are tied by
// Exchange and Of, so that who shows them can fold them into one.
type Frame struct {
	// Number counts the session's frames from 0.
	Number int
	// Seq is the record's index in the log.
	Seq uint64
	// Kind says what it shows.
	Kind Kind
	// Time is the record's own; of a damaged or purged one that of the frame
	// before.
	Time time.Time
	// At is how long after the session's first frame it comes: by Time, but never
	// less than the frame before, whatever was done to the clock.
	At time.Duration
	// Proof is how far the record can be trusted.
	Proof ledger.Proof
	// Fault says what is wrong with a damaged or purged one.
	Fault string
	// Exchange is the id of the exchange that it is of; empty if it is of none.
	Exchange string
	// Of is the Number of the first frame of that exchange, which may be this
	// very one; -1 if it is of none, or a session's own.
	Of int
	// Record is the record's line, as it stands in the log; nil when there is
	// none that can be shown. It is not to be changed.
	Record json.RawMessage

	began time.Time // of the session's first frame with a time
}

// kindOf is what a record of a type shows.
func kindOf(t record.Type) Kind {
	switch t {
	case record.Intent:
		return Request
	case record.Chunk:
		return Part
	case record.ExchangeType:
		return Exchange
	case record.Denied:
		return Refusal
	}
	switch group, _, _ := strings.Cut(string(t), "."); group {
	case "session":
		return Session
	case "approval":
		return Approval
	}
	return Event
}

// AppendJSON appends f as one JSON object on one line:
//
//	{"n":3,"seq":42,"kind":"exchange","time":"…","at_us":1500000,"proof":"signed",
//	 "exchange":"…","of":1,"record":{…}}
//
// n is Number, at_us At in microseconds, record the record's line byte for byte.
// A damaged or purged one has fault instead of the last.
func (f *Frame) AppendJSON(dst []byte) []byte {
	dst = strconv.AppendInt(append(dst, `{"n":`...), int64(f.Number), 10)
	dst = strconv.AppendUint(append(dst, `,"seq":`...), f.Seq, 10)
	dst = append(append(append(dst, `,"kind":"`...), f.Kind...), '"')
	dst, _ = record.Time{Time: f.Time}.AppendText(append(dst, `,"time":"`...))
	dst = strconv.AppendInt(append(dst, `","at_us":`...), f.At.Microseconds(), 10)
	dst = append(append(append(dst, `,"proof":"`...), f.Proof...), '"')
	if f.Exchange != "" {
		dst = append(append(dst, `,"exchange":`...), record.Quoted(f.Exchange)...)
	}
	if f.Of >= 0 {
		dst = strconv.AppendInt(append(dst, `,"of":`...), int64(f.Of), 10)
	}
	if f.Fault != "" {
		dst = append(append(dst, `,"fault":`...), record.Quoted(f.Fault)...)
	}
	if f.Record != nil {
		dst = append(append(dst, `,"record":`...), f.Record...)
	}
	return append(dst, '}')
}
