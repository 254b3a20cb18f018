package caddyrec

import (
	"net"
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddyrec/caddyrec/exchange"
	"github.com/caddyrec/caddyrec/record"
)

// begin makes r's exchange: what the client asked for, masked. Originals may be
// nil.
func begin(m exchange.Masker, r *http.Request, originals *Originals) *exchange.Exchange {
	keepConnection(r.Header)
	x := &exchange.Exchange{ID: record.NewID(), Body: BodyOf(r)}
	// What the client asked for, before any rewrite. (Caddy keeps no Host there.)
	asked := r
	if original, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request); ok && original.URL != nil {
		asked = &original
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	if originals != nil {
		x.Before = exchange.NewBefore(originals.MaxBody, scheme, r.Host, asked.URL, r.Header)
	}
	x.Request = record.Request{Method: m.Text(asked.Method, 32), Proto: r.Proto}
	var inURL, inHeaders []record.Masked
	x.Request.URL, inURL = m.URL(scheme, r.Host, asked.URL)
	x.Request.Headers, inHeaders = m.Headers(r.Header)
	x.Masked = append(inURL, inHeaders...)
	x.Client = record.Client{PeerIP: hostOf(r.RemoteAddr), UserAgent: m.Text(r.UserAgent(), 256)}
	x.Client.IP = x.Client.PeerIP
	if ip, ok := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string); ok && ip != "" {
		x.Client.IP = ip
	}
	return x
}

// keepConnection leaves in Connection only what concerns the connection itself.
// A proxy removes each header field that Connection names (RFC 9110 section
// 7.6.1), so a client could take away, behind our back, a field that was
// approved, or the upstream's credential.
func keepConnection(h http.Header) {
	values := h["Connection"]
	if len(values) == 0 {
		return
	}
	var kept []string
	for _, v := range values {
		for token := range strings.SplitSeq(v, ",") {
			switch token = strings.ToLower(strings.TrimSpace(token)); token {
			case "close", "keep-alive", "upgrade", "te":
				kept = append(kept, token)
			}
		}
	}
	h.Del("Connection")
	if len(kept) > 0 {
		h.Set("Connection", strings.Join(kept, ", "))
	}
}

// MethodOverrides are header fields by which some upstreams take another method
// than the request's own.
var MethodOverrides = [...]string{"X-Http-Method-Override", "X-Http-Method", "X-Method-Override"}

// MethodOverridden says whether a header field names another method than r has.
func MethodOverridden(r *http.Request) bool {
	for _, name := range MethodOverrides {
		for _, method := range r.Header[name] {
			if !strings.EqualFold(strings.TrimSpace(method), r.Method) {
				return true
			}
		}
	}
	return false
}

// AmbiguousMethod is the refusal of a request with [MethodOverridden], where it
// must be known which method runs.
var AmbiguousMethod = exchange.Refusal{Reason: "ambiguous-method", Status: http.StatusBadRequest,
	Detail: "send the method itself, not a header field that overrides it"}

// StatusClientClosed is the status that Caddy notes for a client that went away
// before it was answered.
const StatusClientClosed = 499

// Identify takes over who another authentication plugin says is asking, if
// oidc_auth has not said it.
func (v *Visit) Identify(r *http.Request) {
	if v.Identity != nil {
		return
	}
	repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	if !ok {
		return
	}
	if id, _ := repl.GetString("http.auth.user.id"); id != "" {
		v.Identity = &record.Identity{Subject: id}
		v.Values = func(claim string) []string {
			if value, _ := repl.GetString("http.auth.user." + claim); value != "" {
				return []string{value}
			}
			return nil
		}
	}
}

func hostOf(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	return host
}
