package provision

import "errors"

// Reason is a fixed word for why a key, or what was asked with it, is refused.
type Reason string

// The reasons.
const (
	Missing     Reason = "missing"      // no key was given
	Malformed   Reason = "malformed"    // not in the form of a key
	UnknownKey  Reason = "unknown-key"  // signed with a key that is not this service's
	RetiredKey  Reason = "retired-key"  // signed with a key that is no longer in force
	Forged      Reason = "forged"       // the signature is wrong
	Foreign     Reason = "foreign"      // issued for another service
	NotYetValid Reason = "not-yet"      // issued in the future, further than clocks may be apart
	Expired     Reason = "expired"      // its life is over
	Revoked     Reason = "revoked"      // it was taken back
	WrongClient Reason = "wrong-client" // bound to another client
	WrongProof  Reason = "wrong-proof"  // the proof of possession is missing or wrong (RFC 9449)
	OutOfScope  Reason = "out-of-scope" // not for this recording
	FramesSpent Reason = "frames-spent" // max_frames have been shown
	FramesLost  Reason = "frames-lost"  // max_frames is counted elsewhere, or was before a restart
	Unsure      Reason = "unsure"       // it cannot be known at the moment whether it was revoked
	Busy        Reason = "busy"         // too much is asked at once
	Misplaced   Reason = "misplaced"    // the key stood in an address, or in a header field of another name
	Invalid     Reason = "invalid"      // what is asked for is not as it must be
	NotFound    Reason = "not-found"    // there is no such key
	Ended       Reason = "ended"        // the lease was closed
)

// Refusal is the error of whatever is refused. It never holds a key.
type Refusal struct {
	Reason Reason
	// Detail says more, where there is more to say.
	Detail string
	// Grant is what the key stands for, once its signature is known to be
	// right; else nil.
	Grant *Grant
}

// Error says why.
func (r *Refusal) Error() string {
	text := "provisioning key refused: " + string(r.Reason)
	if r.Detail != "" {
		text += ": " + r.Detail
	}
	return text
}

// ReasonOf is the reason of an error that is a [Refusal]; else empty.
func ReasonOf(err error) Reason {
	var r *Refusal
	if errors.As(err, &r) {
		return r.Reason
	}
	return ""
}
