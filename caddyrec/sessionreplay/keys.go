package sessionreplay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/caddyrec/caddyrec/caddyrec"
	"github.com/caddyrec/caddyrec/exchange"
	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/replay/provision"
)

const (
	maxAsk = 16 << 10
	// lookWithin bounds the search for a filter's sessions.
	lookWithin = 20 * time.Second
)

// keyAsk is what is posted for a key.
type keyAsk struct {
	// Sessions are the ids of the sessions; or Filter finds them.
	Sessions []string   `json:"sessions"`
	Filter   *keyFilter `json:"filter"`
	// From and Until bound what of them is shown; RFC 3339.
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
	// Purpose says what the key is for.
	Purpose string `json:"purpose"`
	// Lifetime is how long it is good, such as 10m.
	Lifetime string `json:"lifetime"`
	// Client is the client that alone may use it.
	Client    *keyClient `json:"client"`
	MaxFrames int64      `json:"max_frames"`
}

// keyFilter names sessions by who they were of, and when.
type keyFilter struct {
	Issuer  string    `json:"issuer"`
	Subject string    `json:"subject"`
	From    time.Time `json:"from"`
	Until   time.Time `json:"until"`
}

// keyClient is an address, "self" for the one that asks, or the thumbprint of a
// DPoP key.
type keyClient struct {
	IP  string `json:"ip"`
	JKT string `json:"jkt"`
}

// keyAnswer is what is told of a key; Key itself only when it is issued.
type keyAnswer struct {
	Key       string          `json:"key,omitempty"`
	ID        string          `json:"id"`
	State     provision.State `json:"state"`
	Service   string          `json:"service"`
	Subject   record.Identity `json:"subject"`
	Sessions  []string        `json:"sessions"`
	From      *record.Time    `json:"from,omitempty"`
	Until     *record.Time    `json:"until,omitempty"`
	Purpose   string          `json:"purpose"`
	Client    string          `json:"client,omitempty"`
	MaxFrames int64           `json:"max_frames,omitempty"`
	Issued    record.Time     `json:"issued"`
	Expires   record.Time     `json:"expires"`
}

func (v *visit) issue(w http.ResponseWriter, r *http.Request) error {
	if p := v.mayIssue(); p != nil {
		return v.deny(w, *p)
	}
	ask, err := v.readAsk(r)
	switch unsearched := (*unsearchedError)(nil); {
	case errors.As(err, &unsearched):
		return v.deny(w, exchange.Problem{Title: "The log could not be searched", Status: http.StatusServiceUnavailable, Reason: "store-unavailable",
			Detail: unsearched.remedy, RetryAfter: 5 * time.Second})
	case err != nil:
		return v.deny(w, exchange.Problem{Title: "Not what a key can be issued for", Status: http.StatusBadRequest, Reason: "key-invalid", Detail: err.Error()})
	}
	if ask.Scope.Sessions == nil {
		return v.deny(w, exchange.Problem{Title: "The filter finds no session", Status: http.StatusUnprocessableEntity, Reason: "no-session",
			Detail: "name the subject as its identity provider does, and a time in which it was seen"})
	}
	key, g, err := v.authority.Issue(r.Context(), ask)
	if err != nil {
		if p, ok := problem(err); ok {
			return v.deny(w, p)
		}
		return v.refuse(w, err)
	}
	a := answer(g, provision.Active)
	a.Key = key
	w.Header().Set("Location", v.ReservedPath(r, keysPath+"/"+g.ID))
	return v.Answer(w, http.StatusCreated, a)
}

// mayIssue says why whoever asks gets no key.
func (v *visit) mayIssue() *exchange.Problem {
	if v.Identity == nil {
		p := exchange.NoIdentity()
		return &p
	}
	if !v.isIssuer() {
		return &exchange.Problem{Title: "You may not have keys issued", Status: http.StatusForbidden, Reason: "claim-" + v.IssueTo.Claim,
			Detail: "a different value of the claim " + v.IssueTo.Claim + " is needed"}
	}
	return nil
}

func (v *visit) isIssuer() bool {
	return v.Values != nil && slices.ContainsFunc(v.Values(v.IssueTo.Claim), func(s string) bool { return slices.Contains(v.IssueTo.Values, s) })
}

// deny answers and records that somebody gets no key.
func (v *visit) deny(w http.ResponseWriter, p exchange.Problem) error {
	v.Deny(record.Denial{By: "session_replay", Status: p.Status, Reason: p.Reason}, nil)
	return p.Write(w, v.Exchange)
}

// readAsk reads what is asked for; a filter is resolved to the sessions that it
// finds, none of which may be.
func (v *visit) readAsk(r *http.Request) (ask provision.Ask, err error) {
	// A form cannot be posted across sites with this media type without a
	// preflight, so a browser's ambient credentials get no key.
	if exchange.MediaOf(r.Header) != exchange.JSON {
		return ask, errors.New("the Content-Type is not application/json")
	}
	text, err := caddyrec.JSONBody(r, oneOfOurs)
	if err != nil {
		return ask, err
	}
	if len(text) > maxAsk {
		return ask, errors.New("the body is too large")
	}
	var k keyAsk
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if d.Decode(&k) != nil {
		return ask, errFields
	}
	ask = provision.Ask{
		Identity: record.Identity{Issuer: v.Identity.Issuer, Subject: v.Identity.Subject},
		Scope:    provision.Scope{Sessions: k.Sessions, From: k.From, Until: k.Until},
		Purpose:  v.Masker().Text(k.Purpose, provision.MaxPurpose), MaxFrames: k.MaxFrames, From: v.client,
	}
	if k.Lifetime != "" {
		if ask.Lifetime, err = time.ParseDuration(k.Lifetime); err != nil || ask.Lifetime <= 0 {
			return ask, errors.New("lifetime is no duration such as 10m")
		}
	}
	if c := k.Client; c != nil {
		ask.Client = provision.Binding{IP: c.IP, Thumbprint: c.JKT}
		if c.IP == "self" {
			ask.Client.IP = v.client.IP
		}
	}
	switch {
	case (len(k.Sessions) > 0) == (k.Filter != nil):
		return ask, errors.New("name sessions or a filter, and not both")
	case k.Filter != nil:
		ask.Scope, err = v.find(r.Context(), *k.Filter, ask.Scope)
	}
	return ask, err
}

// find resolves a filter.
func (v *visit) find(ctx context.Context, f keyFilter, s provision.Scope) (provision.Scope, error) {
	if f.Subject == "" || f.From.IsZero() {
		return s, errors.New("a filter has at least a subject, and from: when to begin to look")
	}
	if s.From.IsZero() {
		s.From = f.From
	}
	if s.Until.IsZero() {
		s.Until = f.Until
	}
	ctx, cancel := context.WithTimeout(ctx, lookWithin)
	defer cancel()
	var err error
	s.Sessions, err = v.SessionsOf(ctx, ledger.SessionFilter{
		Issuer: f.Issuer, Subject: f.Subject, From: f.From, Until: f.Until, Most: provision.MaxSessions + 1,
	})
	switch {
	case err == nil:
		return s, nil
	case ctx.Err() != nil:
		return s, &unsearchedError{"it takes too long: name the sessions, or a shorter time"}
	}
	v.logger.Error("searching the log for what a key is for", zap.Error(err))
	return s, &unsearchedError{"name the sessions, or have whoever runs the gateway look into its log"}
}

// unsearchedError says that the filter cannot be answered, which is not the
// fault of who asks.
type unsearchedError struct{ remedy string }

func (e *unsearchedError) Error() string { return "the log could not be searched: " + e.remedy }

var errFields = errors.New("it is not an object of sessions or filter, from, until, purpose, lifetime, client and max_frames")

// askFields are the fields of a [keyAsk] and of what is in it.
var askFields = []string{"sessions", "filter", "issuer", "subject", "from", "until", "purpose", "lifetime", "client", "ip", "jkt", "max_frames"}

// oneOfOurs refuses a field by any but its exact name: encoding/json would take
// "Purpose" for "purpose".
func oneOfOurs(name []byte) error {
	if !slices.Contains(askFields, string(name)) {
		return errFields
	}
	return nil
}

// get tells of a key to whom it was issued, and to those who may issue.
func (v *visit) get(w http.ResponseWriter, r *http.Request, id string) error {
	g, state, p, err := v.concerns(r.Context(), id)
	if err != nil || p != nil {
		return v.told(w, p, err)
	}
	return v.Answer(w, http.StatusOK, answer(g, state))
}

func (v *visit) revoke(w http.ResponseWriter, r *http.Request, id string) error {
	g, _, p, err := v.concerns(r.Context(), id)
	if err != nil || p != nil {
		return v.told(w, p, err)
	}
	why := v.Masker().Text(r.URL.Query().Get("why"), provision.MaxPurpose)
	err = v.authority.Revoke(r.Context(), provision.Revocation{ID: g.ID, Identity: v.Identity, Why: why, From: v.client})
	if err != nil {
		return v.refuse(w, err)
	}
	v.Local = true
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// concerns finds a key, if it is any of the business of who asks.
func (v *visit) concerns(ctx context.Context, id string) (*provision.Grant, provision.State, *exchange.Problem, error) {
	if v.Identity == nil {
		p := exchange.NoIdentity()
		return nil, "", &p, nil
	}
	g, state, err := v.authority.Get(ctx, id)
	if err == nil && !v.isIssuer() && (g.Issuer != v.Identity.Issuer || g.Subject != v.Identity.Subject) {
		err = &provision.Refusal{Reason: provision.NotFound}
	}
	return g, state, nil, err
}

// told answers that a key cannot be found, or not by the one who asks.
func (v *visit) told(w http.ResponseWriter, p *exchange.Problem, err error) error {
	if p != nil {
		return v.deny(w, *p)
	}
	return v.refuse(w, err)
}

func answer(g *provision.Grant, state provision.State) keyAnswer {
	return keyAnswer{
		ID: g.ID, State: state, Service: g.Service, Subject: *g.Identity(), Sessions: g.Scope.Sessions,
		From: moment(g.Scope.From), Until: moment(g.Scope.Until), Purpose: g.Purpose, Client: g.Client.String(), MaxFrames: g.MaxFrames,
		Issued: record.Time{Time: g.Issued}, Expires: record.Time{Time: g.Expires},
	}
}

func moment(t time.Time) *record.Time {
	if t.IsZero() {
		return nil
	}
	return &record.Time{Time: t}
}
