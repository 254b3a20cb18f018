// Package record says what a caddyrec record is: one JSON object on one line,
// telling who asked what, when, under which schema version, who approved it
// and what came back, with every secret masked.
//
// The published form is [Schema]; every record caddyrec writes validates
// against it. A record is built by the one that saw the event; seq, prev and
// log are put on by the ledger when the record is committed.
package record

import (
	_ "embed"
	"time"
)

// Schema is the JSON Schema (draft 2020-12) of every record.
//
//go:embed record.schema.json
var Schema []byte

// Type says what a record tells. New types may be added; a reader passes over
// those it does not know.
type Type string

// The types of records.
const (
	Intent            Type = "intent"             // an unsafe request is about to go to the upstream
	ExchangeType      Type = "exchange"           // a request and what came back
	Chunk             Type = "chunk"              // a part of a streamed response, recorded before its release
	Denied            Type = "denied"             // a request the gateway itself refused
	SessionObserved   Type = "session.observed"   // the first sight of a session on this gateway
	ApprovalRequested Type = "approval.requested" // a request waits for approval
	ApprovalVoted     Type = "approval.voted"     // an approver approved or denied
	ApprovalDecided   Type = "approval.decided"   // the votes decided it
	ApprovalUsed      Type = "approval.used"      // an approved request is about to run, once
	ApprovalExpired   Type = "approval.expired"   // nobody decided, or nobody used it, in time
	GatewayStarted    Type = "gateway.started"    // a process opened the log
	GatewayStopped    Type = "gateway.stopped"    // a process closed the log in good order
	GatewayRecovered  Type = "gateway.recovered"  // a torn tail was cut after a crash
	GatewayOutage     Type = "gateway.outage"     // records could not be committed for a time that is over
	RetentionHeld     Type = "retention.held"     // a legal hold keeps records from being purged
	RetentionReleased Type = "retention.released" // a legal hold is over
	RetentionPurged   Type = "retention.purged"   // a segment is about to be removed
)

// Types are all the types of records that this version writes.
func Types() []Type {
	return []Type{Intent, ExchangeType, Chunk, Denied, SessionObserved,
		ApprovalRequested, ApprovalVoted, ApprovalDecided, ApprovalUsed, ApprovalExpired,
		GatewayStarted, GatewayStopped, GatewayRecovered, GatewayOutage,
		RetentionHeld, RetentionReleased, RetentionPurged}
}

// Record is one record. Seq, Prev and Log are set by the ledger: leave them
// zero when building one.
type Record struct {
	// Seq is the record's index in its log, from 0, without gaps.
	Seq uint64 `json:"seq"`
	// Prev is the RFC 6962 leaf hash of the record before, base64; empty for
	// the first.
	Prev string `json:"prev"`
	// Log is the name of the log.
	Log string `json:"log"`
	// ID names the record: a UUID version 7 (RFC 9562).
	ID string `json:"id"`
	// Time is when the event happened on the gateway's clock, RFC 3339, UTC.
	Time Time `json:"time"`
	// Type says what the record tells.
	Type Type `json:"type"`

	Identity *Identity `json:"identity,omitempty"`
	Session  *Session  `json:"session,omitempty"`
	Client   *Client   `json:"client,omitempty"`
	Request  *Request  `json:"request,omitempty"`
	Response *Response `json:"response,omitempty"`
	Schema   *Schemas  `json:"schema,omitempty"`
	Masked   []Masked  `json:"masked,omitempty"`
	Approval *Approval `json:"approval,omitempty"`
	Denial   *Denial   `json:"denial,omitempty"`
	Chunk    *Part     `json:"chunk,omitempty"`
	Gateway  *Gateway  `json:"gateway,omitempty"`
	// Retention is set for retention.*.
	Retention *Retention `json:"retention,omitempty"`
	Timing    *Timing    `json:"timing,omitempty"`

	// Exchange is the ID that the intent, the exchange, its chunks, refusals
	// and approval records of one request have in common.
	Exchange string `json:"exchange,omitempty"`
}

// Time is a point in time as records write it: RFC 3339 in UTC with
// microseconds, always six digits, so that text order is time order.
type Time struct{ time.Time }

const timeLayout = "2006-01-02T15:04:05.000000Z"

// Now returns the present as a [Time].
func Now() Time { return Time{time.Now().UTC()} }

// AppendText appends t in the form of records.
func (t Time) AppendText(dst []byte) ([]byte, error) {
	return t.append(dst), nil
}

// append writes what AppendFormat would, without its reading of the layout:
// each record has a time.
func (t Time) append(dst []byte) []byte {
	u := t.UTC()
	year, month, day := u.Date()
	if year < 0 || year > 9999 {
		return u.AppendFormat(dst, timeLayout)
	}
	hour, minute, second := u.Clock()
	dst = digits(dst, year, 4)
	dst = digits(append(dst, '-'), int(month), 2)
	dst = digits(append(dst, '-'), day, 2)
	dst = digits(append(dst, 'T'), hour, 2)
	dst = digits(append(dst, ':'), minute, 2)
	dst = digits(append(dst, ':'), second, 2)
	dst = digits(append(dst, '.'), u.Nanosecond()/1000, 6)
	return append(dst, 'Z')
}

// digits appends n, which has no more than width digits, with leading zeros.
func digits(dst []byte, n, width int) []byte {
	dst = append(dst, "000000"[:width]...)
	for i := len(dst) - 1; n > 0; i-- {
		dst[i] = byte('0' + n%10)
		n /= 10
	}
	return dst
}

// MarshalJSON writes t as a JSON string.
func (t Time) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, len(timeLayout)+2)
	b = append(b, '"')
	b = t.append(b)
	return append(b, '"'), nil
}

// Identity is who asked, as the identity provider (or another authentication
// plugin) vouched.
type Identity struct {
	// Issuer is the token's iss; empty when another plugin authenticated.
	Issuer string `json:"iss,omitempty"`
	// Subject is the token's sub, or the other plugin's user id.
	Subject string `json:"sub"`
	// Groups is the token's groups claim.
	Groups []string `json:"groups,omitempty"`
}

// Session is the session of the identity's token.
type Session struct {
	// ID names the session on this gateway: a keyed hash, stable over restarts.
	ID string `json:"id"`
	// Key says what ID was made from: sid, auth_time, jti or token.
	Key string `json:"key"`
	// IssuedAt, Expires and AuthTime are iat, exp and auth_time, in seconds
	// since 1970 (RFC 7519 NumericDate); 0 when the token has none.
	IssuedAt int64 `json:"iat,omitempty"`
	Expires  int64 `json:"exp,omitempty"`
	AuthTime int64 `json:"auth_time,omitempty"`
	// ACR and AMR say how the person authenticated (OIDC Core section 2).
	ACR string   `json:"acr,omitempty"`
	AMR []string `json:"amr,omitempty"`
}

// Client is where the request came from.
type Client struct {
	// IP is the client's address, past trusted proxies.
	IP string `json:"ip"`
	// PeerIP is the other end of the connection.
	PeerIP string `json:"peer_ip"`
	// UserAgent is the User-Agent header, masked, at most 256 bytes.
	UserAgent string `json:"user_agent,omitempty"`
}

// Request is what was asked.
type Request struct {
	Method string `json:"method"`
	// URL is scheme, host, path and query, masked.
	URL string `json:"url"`
	// Proto is the protocol, such as HTTP/1.1.
	Proto string `json:"proto,omitempty"`
	// Headers are those on the allow list, masked, names in lower case.
	Headers map[string]string `json:"headers,omitempty"`
	Body    *Body             `json:"body,omitempty"`
}

// Response is what came back.
type Response struct {
	Status int `json:"status"`
	// Headers are those on the allow list, masked, names in lower case.
	Headers map[string]string `json:"headers,omitempty"`
	Body    *Body             `json:"body,omitempty"`
	// Trailers are its trailer fields, names in lower case: those on the allow
	// list masked, of others the name only.
	Trailers map[string]string `json:"trailers,omitempty"`
	// Masked says that the client got this body masked too.
	Masked bool `json:"masked,omitempty"`
	// Withheld is why the client did not get this response, in a fixed word,
	// such as response-invalid; empty when it was released.
	Withheld string `json:"withheld,omitempty"`
	// Replaced is the status the client got instead, when the gateway withheld
	// this response; 0 when it was released.
	Replaced int `json:"replaced,omitempty"`
	// Error says why there is no whole response: canceled (the client went
	// away), handler (one returned an error, which Caddy answers), aborted (it
	// was broken off). Never the error's own text.
	Error string `json:"error,omitempty"`
	// ErrorID is the id Caddy gives the error in its own logs.
	ErrorID string `json:"error_id,omitempty"`
}

// Body is a request's or a response's content.
type Body struct {
	// Content is the exact bytes after masking. It is absent when they could
	// not be masked without doubt; Omitted then says why.
	Content *string `json:"content,omitempty"`
	// Type is the media type as sent.
	Type string `json:"type,omitempty"`
	// Encoding is the content coding as sent; Content is decoded, and in UTF-8.
	Encoding string `json:"encoding,omitempty"`
	// Size is the length in bytes before masking, as sent.
	Size int64 `json:"size"`
	// Digest is the HMAC-SHA-256 of the bytes before masking, as
	// "hmac-sha256:<key id>:<base64>". Keyed, so that short secrets cannot be
	// guessed from it.
	Digest string `json:"digest,omitempty"`
	// Omitted says why there is no content: not-json (no media type that is
	// understood), invalid-json, not-form, not-multipart, not-text, charset,
	// coding, partial (206), too-large (or what a full disk has left), streamed, aborted, flood (of refused
	// bodies).
	Omitted string `json:"omitted,omitempty"`
	// Truncated says that the body went on past what was captured.
	Truncated bool `json:"truncated,omitempty"`
}

// Schemas tells the schemas that the two sides were held against.
type Schemas struct {
	Request  *Verdict `json:"request,omitempty"`
	Response *Verdict `json:"response,omitempty"`
}

// Verdict is one schema, and what came of it.
type Verdict struct {
	// ID is the schema's $id, or its file's name.
	ID string `json:"id"`
	// Version is the schema's x-version, or the digest's first 12 digits.
	Version string `json:"version"`
	// Digest is the SHA-256 of the schema's text, hex.
	Digest string `json:"digest"`
	// Verdict is valid, invalid, or unchecked.
	Verdict string `json:"verdict"`
	// Mode is enforce, report or shadow.
	Mode string `json:"mode,omitempty"`
	// Faults are the first of the places at fault, sorted.
	Faults []Fault `json:"faults,omitempty"`
}

// Fault is one place at fault; it never holds a value.
type Fault struct {
	// Pointer is the place, a JSON Pointer (RFC 6901), masked where a key is
	// itself a secret.
	Pointer string `json:"pointer"`
	// Keyword is the schema keyword that failed.
	Keyword string `json:"keyword"`
	// Schema is where that keyword stands: a JSON Pointer into the schema.
	Schema string `json:"schema,omitempty"`
}

// Masked is one place that was masked.
type Masked struct {
	// Part is where the place is: request, response, url, header, trailer.
	Part string `json:"part"`
	// Pointer is a JSON Pointer in a body, else the parameter's or header's
	// name.
	Pointer string `json:"pointer"`
	// Rule says what called it sensitive, as "key:password", "schema",
	// "path:/a/b", "detect:card".
	Rule string `json:"rule"`
	// Action is what was done: mask, partial, pseudonym, drop, or digest where
	// a length and a digest stand in place of what was there.
	Action string `json:"action"`
	// Count is how many such places there were, when more than one was folded
	// into this entry.
	Count int `json:"count,omitempty"`
}

// Approval tells the approval a request needed, or one event of it.
type Approval struct {
	// ID names the approval request: a UUID version 7.
	ID string `json:"id"`
	// State is pending, approved, denied, used or expired.
	State string `json:"state"`
	// Binding is the keyed digest over identity, method, host, URL, body and
	// policy that an approval holds for.
	Binding string `json:"binding,omitempty"`
	// Requester asked; Voter voted in an approval.voted record.
	Requester *Identity `json:"requester,omitempty"`
	Voter     *Identity `json:"voter,omitempty"`
	// Decision is approve or deny in an approval.voted record.
	Decision string `json:"decision,omitempty"`
	// Reason is what the voter gave, masked.
	Reason string `json:"reason,omitempty"`
	// Votes are all the votes so far.
	Votes []Vote `json:"votes,omitempty"`
	// Expires is when it ends, RFC 3339.
	Expires *Time `json:"expires,omitempty"`
}

// Vote is one person's word on an approval request.
type Vote struct {
	Voter    Identity `json:"voter"`
	Decision string   `json:"decision"`
	Time     Time     `json:"time"`
}

// Denial tells why the gateway refused a request.
type Denial struct {
	// By is the directive that refused.
	By string `json:"by"`
	// Status is the answer's status.
	Status int `json:"status"`
	// Reason is a fixed word for programs, such as token-expired.
	Reason string `json:"reason"`
	// Suppressed is how many further refusals were counted, not written out,
	// since the record before of its kind.
	Suppressed int64 `json:"suppressed,omitempty"`
	// Unverified is what a refused token claimed, iss and sub, when it could
	// be parsed. Nobody vouches for it.
	Unverified *Identity `json:"unverified,omitempty"`
}

// Part is a part of a streamed response body.
type Part struct {
	// Index counts the parts of one response from 0.
	Index int `json:"index"`
	// Offset is where the part begins, in bytes.
	Offset int64 `json:"offset"`
	Body   Body  `json:"body"`
}

// Gateway tells what happened to the gateway itself.
type Gateway struct {
	// Version is caddyrec's version.
	Version string `json:"version,omitempty"`
	// Cut is how many bytes of a torn tail a recovery left out.
	Cut int64 `json:"cut,omitempty"`
	// Segment is the segment that a recovery read.
	Segment string `json:"segment,omitempty"`
	// Since is when an outage began: the first record that could not be
	// committed.
	Since *Time `json:"since,omitempty"`
	// Reason is the ledger's word for the first failure of an outage.
	Reason string `json:"reason,omitempty"`
	// Failed is how many records could not be committed.
	Failed int64 `json:"failed,omitempty"`
}

// Retention tells what is kept, or no longer.
type Retention struct {
	// Hold names a legal hold.
	Hold string `json:"hold,omitempty"`
	// From and Until bound the records that a hold keeps, by their time; of a
	// segment that was purged they are its first and its last record's.
	From  *Time `json:"from,omitempty"`
	Until *Time `json:"until,omitempty"`
	// Segment is the segment that is purged, below the log's folder.
	Segment string `json:"segment,omitempty"`
	// First is the seq of its first record, Records how many it has.
	First   int64 `json:"first,omitempty"`
	Records int64 `json:"records,omitempty"`
	// Earlier are records that were purged before, and whose own retention.purged
	// records go with this segment.
	Earlier []Extent `json:"earlier,omitempty"`
	// Why is the reason given, or the rule that was met.
	Why string `json:"why,omitempty"`
	// By is who asked for it, as far as they said.
	By string `json:"by,omitempty"`
}

// Extent is a run of records: the seq of the first, and how many they are.
type Extent struct {
	First   int64 `json:"first"`
	Records int64 `json:"records"`
}

// Timing is how long things took, in microseconds.
type Timing struct {
	// Upstream is from handing the request on to the answer's end, with any
	// wait for approval in it.
	Upstream int64 `json:"upstream_us"`
	// Total is from the request's arrival at session_record to this record.
	Total int64 `json:"total_us"`
}
