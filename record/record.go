// Package record says what a caddyrec record is: one JSON object on one line,
// telling who asked what, when, under which schema version, who approved it
// and what came back, with every secret masked.
//
// The published form is [Schema]; every record caddyrec writes validates
// against it. A record is built by the one that saw the event; seq, prev and
// log are put on by the ledger when the record is committed.
package record

import _ "embed" // for Schema

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
	OriginalsOpened   Type = "originals.opened"   // somebody is about to see what was masked
	KeyIssued         Type = "key.issued"         // a provisioning key is about to be shown
	KeyUsed           Type = "key.used"           // a recording is about to be shown to a provisioning key
	KeyRefused        Type = "key.refused"        // a provisioning key, or what was given for one, was refused
	KeyExpiring       Type = "key.expiring"       // a key in use has a fifth of its life left
	KeyExpired        Type = "key.expired"        // a key in use came to its end
	KeyRevoked        Type = "key.revoked"        // a key was taken back
	KeyAnomaly        Type = "key.anomaly"        // a key was used as it should not be
	ReplayStarted     Type = "replay.started"     // recorded requests are about to be sent again, elsewhere
	ReplayFinished    Type = "replay.finished"    // what came of that
)

// Types are all the types of records that this version writes.
func Types() []Type {
	return []Type{Intent, ExchangeType, Chunk, Denied, SessionObserved,
		ApprovalRequested, ApprovalVoted, ApprovalDecided, ApprovalUsed, ApprovalExpired,
		GatewayStarted, GatewayStopped, GatewayRecovered, GatewayOutage,
		RetentionHeld, RetentionReleased, RetentionPurged, OriginalsOpened,
		KeyIssued, KeyUsed, KeyRefused, KeyExpiring, KeyExpired, KeyRevoked, KeyAnomaly,
		ReplayStarted, ReplayFinished}
}

// Record is one record. Seq, Prev, Log and DataKeys are set by the ledger: leave
// them zero when building one.
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
	// Originals is what request and response were before masking, encrypted:
	// see [Ciphers]. Empty if nothing was masked, or nobody is to see it.
	Originals string `json:"originals,omitempty"`
	// Unmasked is what Originals is made from. It is written in no other way.
	Unmasked *Unmasked `json:"-"`
	Approval *Approval `json:"approval,omitempty"`
	Denial   *Denial   `json:"denial,omitempty"`
	Chunk    *Part     `json:"chunk,omitempty"`
	Gateway  *Gateway  `json:"gateway,omitempty"`
	// Retention is set for retention.*.
	Retention *Retention `json:"retention,omitempty"`
	// Opened is set for originals.opened.
	Opened *Opened `json:"opened,omitempty"`
	// Key is set for key.*.
	Key *Key `json:"key,omitempty"`
	// Replay is set for replay.*.
	Replay *Replay `json:"replay,omitempty"`
	Timing *Timing `json:"timing,omitempty"`

	// Exchange is the ID that the intent, the exchange, its chunks, refusals
	// and approval records of one request have in common, and what tells that
	// their originals were opened.
	Exchange string `json:"exchange,omitempty"`

	// DataKeys are the keys, themselves encrypted, that this record is the
	// first in its segment to need. Later ones there need them too.
	DataKeys []DataKey `json:"data_keys,omitempty"`
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

// KeyedTag begins an entity tag that stands in the place of another in records,
// a keyed digest of it: a tag may be a hash of the body, and unkeyed.
const KeyedTag = "keyed-"

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
	// Upstream is where reverse_proxy sent the request, last if it tried several:
	// host and port, or a network, a slash and an address, as in
	// unix//run/orders.sock. Empty if it was not asked.
	Upstream string `json:"upstream,omitempty"`
}

// Body is a request's or a response's content.
type Body struct {
	// Content is the exact bytes after masking. It is absent when they could
	// not be masked without doubt; Omitted then says why.
	Content *string `json:"content,omitempty"`
	// Encrypted is Content encrypted, and then stands in its place: see
	// [Ciphers].
	Encrypted string `json:"encrypted,omitempty"`
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

// Timing is how long things took, in microseconds.
type Timing struct {
	// Upstream is from handing the request on to the answer's end, with any
	// wait for approval in it.
	Upstream int64 `json:"upstream_us"`
	// Total is from the request's arrival at session_record to this record.
	Total int64 `json:"total_us"`
}
