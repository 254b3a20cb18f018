package exchange

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

// Problem is an answer of the gateway itself, as problem details (RFC 9457).
// It never holds a value from a request.
type Problem struct {
	// Type is "urn:caddyrec:problem:" and the reason.
	Type string `json:"type"`
	// Title says the same for people.
	Title  string `json:"title"`
	Status int    `json:"status"`
	// Detail says what to do.
	Detail string `json:"detail,omitempty"`
	// Instance names the exchange, so that its records can be found.
	Instance string `json:"instance,omitempty"`
	// Reason is a fixed word for programs.
	Reason string `json:"reason"`
	// Errors are the places at fault.
	Errors []record.Fault `json:"errors,omitempty"`
	// Schema is the schema that was not met.
	Schema string `json:"schema,omitempty"`
	// Approval names the approval request to wait for.
	Approval *ApprovalNote `json:"approval,omitempty"`
	// Challenge, when set, goes into the WWW-Authenticate header (RFC 9110
	// section 11.6.1), which a 401 must have.
	Challenge string `json:"-"`
	// RetryAfter, when positive, also goes into the Retry-After header.
	RetryAfter time.Duration `json:"-"`
}

// Challenge is what a 401 asks for: a bearer token (RFC 6750 section 3). more
// are further parameters, such as the error.
func Challenge(more string) string {
	if more != "" {
		more = ", " + more
	}
	return `Bearer realm="caddyrec"` + more
}

// NoIdentity is the answer where somebody must be authenticated and nobody is.
func NoIdentity() Problem {
	return Problem{Title: "Nobody is authenticated", Status: http.StatusUnauthorized, Reason: "no-identity",
		Detail: "put oidc_auth, or another authentication handler, before this", Challenge: Challenge("")}
}

// ApprovalNote tells a client where its request for approval stands.
type ApprovalNote struct {
	ID      string `json:"id"`
	State   string `json:"state"`
	Status  string `json:"status_url,omitempty"`
	Expires string `json:"expires,omitempty"`
}

// Write sends p in place of whatever w's header held about another body.
func (p Problem) Write(w http.ResponseWriter, x *Exchange) error {
	p.Type = "urn:caddyrec:problem:" + p.Reason
	if x != nil {
		p.Instance = "urn:uuid:" + x.ID
		x.Local = true
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false) // it is read by people, and is not HTML
	if err := enc.Encode(p); err != nil {
		return err
	}
	h := w.Header()
	for _, name := range []string{"Content-Encoding", "Etag", "Last-Modified", "Accept-Ranges", "Content-Range", "Trailer"} {
		h.Del(name)
	}
	h.Set("Content-Type", "application/problem+json")
	h.Set("Content-Length", strconv.Itoa(text.Len()))
	h.Set("Cache-Control", "no-store")
	if p.Challenge != "" {
		h.Set("WWW-Authenticate", p.Challenge)
	}
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(max(1, int(p.RetryAfter.Round(time.Second)/time.Second))))
	}
	w.WriteHeader(p.Status)
	_, err := w.Write(text.Bytes())
	return err
}
