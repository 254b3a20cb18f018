package approval

import (
	"crypto/rand"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/caddyrec/caddyrec/record"
)

// Bounds of what is kept for display.
const (
	maxBody    = 16 << 10 // bytes
	maxURL     = 8 << 10  // bytes
	maxReason  = 500      // runes
	maxBinding = 512      // bytes
)

// Ask is what somebody wants approved.
type Ask struct {
	// Requester asked, and can never vote on it.
	Requester Person `json:"requester"`
	// Identity is how records show the requester; made from Requester when nil.
	Identity *record.Identity `json:"identity,omitempty"`
	// Site is the site that was asked, as its operator set it up: approvers
	// decide on the same site. The caller compares.
	Site string `json:"site,omitempty"`
	// Host, Method and URL are for people to read. Mask the URL first.
	Host   string `json:"host,omitempty"`
	Method string `json:"method,omitempty"`
	URL    string `json:"url,omitempty"`
	// Body is for people to read. Mask it first. It is cut at 16 KiB.
	Body string `json:"body,omitempty"`
	// Binding is a keyed digest over all that the approval is to hold for:
	// identity, method, host, URL, body, policy. The caller makes it.
	Binding string `json:"binding"`
	// Policy decides on the request.
	Policy Policy `json:"policy"`
	// Exchange is the id that the request's records have in common.
	Exchange string `json:"exchange,omitempty"`
}

// Request is an [Ask] that was written down.
type Request struct {
	// ID names it: a UUID version 7 that follows from all the rest.
	ID string `json:"id"`
	Ask
	// Salt makes an ID that nobody can know before.
	Salt string `json:"salt"`
	// Encrypted is Body, which is then not written down itself: only the
	// process that was asked still shows it, and only until it is settled.
	Encrypted *record.Encrypted `json:"encrypted,omitempty"`
	// BodyCut says that Body goes on past what is kept.
	BodyCut bool `json:"body_cut,omitempty"`
	// Created is when it was asked.
	Created time.Time `json:"created"`
	// Expires is until when it can be decided and used, exclusive.
	Expires time.Time `json:"expires"`
}

// Status is where a request stands.
type Status string

// The statuses. Pending and Approved are open, the others final.
const (
	Pending  Status = "pending"
	Approved Status = "approved"
	Denied   Status = "denied"
	Used     Status = "used"
	Expired  Status = "expired"
)

// Open says whether something can still become of it.
func (s Status) Open() bool { return s == Pending || s == Approved }

// Decision is a vote's word.
type Decision string

// The two decisions a voter has.
const (
	Approve Decision = "approve"
	Deny    Decision = "deny"
)

// Vote is one person's word on a request, which is in the ledger.
type Vote struct {
	Voter    Person           `json:"voter"`
	Identity *record.Identity `json:"identity"`
	// Via is the value of the policy's claim that made the voter an approver.
	Via      string   `json:"via"`
	Decision Decision `json:"decision"`
	// Reason is what the voter gave: at most 500 runes, no control characters.
	Reason string    `json:"reason,omitempty"`
	Time   time.Time `json:"time"`
}

// State is a request and what has become of it.
type State struct {
	Request
	Status Status `json:"status"`
	// Votes are all there are, the oldest first.
	Votes []Vote `json:"votes,omitempty"`
}

// written turns a into the request that is written down. It has no ID yet.
func (a Ask) written(now time.Time, expiry time.Duration) (Request, error) {
	if err := a.Requester.check("requester"); err != nil {
		return Request{}, err
	}
	if err := a.Policy.Check(); err != nil {
		return Request{}, err
	}
	if a.Binding == "" || !text(a.Binding, maxBinding) {
		return Request{}, fmt.Errorf("%w: the binding is empty, too long or not UTF-8", ErrInvalid)
	}
	if a.Exchange != "" && !validID(a.Exchange) {
		return Request{}, fmt.Errorf("%w: the exchange's id is not a UUID version 7", ErrInvalid)
	}
	r := Request{Ask: a, Salt: rand.Text(), Created: now, Expires: now.Add(expiry)}
	r.Policy = a.Policy.clean()
	r.Identity = a.Requester.identity(a.Identity)
	r.Site, _ = cut(a.Site, 4096)
	r.Host, _ = cut(a.Host, 1024)
	r.Method, _ = cut(a.Method, 64)
	r.URL, _ = cut(a.URL, maxURL)
	r.Body, r.BodyCut = cut(a.Body, maxBody)
	return r, nil
}

// joins is the key under which a resend finds the request.
func (r *Request) joins() string {
	return hash("join", r.Binding, r.Requester.key(), r.Policy.Digest())
}

// text says whether s is UTF-8 of at most max bytes.
func text(s string, max int) bool { return len(s) <= max && utf8.ValidString(s) }

// cut returns s as UTF-8 of at most max bytes, and whether it was longer.
func cut(s string, max int) (string, bool) {
	long := len(s) > max
	if long {
		s = s[:max]
		// Not in the middle of a character.
		for i := 0; i < utf8.UTFMax && len(s) > 0; i++ {
			if r, n := utf8.DecodeLastRuneInString(s); r != utf8.RuneError || n != 1 {
				break
			}
			s = s[:len(s)-1]
		}
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	for len(s) > max { // each replaced byte became three
		_, n := utf8.DecodeLastRuneInString(s)
		s, long = s[:len(s)-n], true
	}
	return s, long
}

// tidy returns a reason as it is kept. Control characters, and those that turn
// the direction of text, could make a page or a terminal show something else.
func tidy(reason string) string {
	if len(reason) > 8*maxReason {
		reason = reason[:8*maxReason]
	}
	n := 0
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\r' || r == '\t' {
			r = ' '
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
			return -1
		}
		if n++; n > maxReason {
			return -1
		}
		return r
	}, strings.ToValidUTF8(reason, "\uFFFD")))
}
