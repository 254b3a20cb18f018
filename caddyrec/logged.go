package caddyrec

import (
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// LoggedRequest is r, a request that Caddy logs, without what the operation of
// the exchange that it belongs to calls secret: r itself if it belongs to none,
// or json_schema_guard has not seen it yet.
func LoggedRequest(r *http.Request) *http.Request {
	v := visitOf(r)
	if v == nil {
		return r
	}
	original, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request)
	clean := new(http.Request)
	*clean = *r
	clean.RequestURI = v.LoggedAddress(r.RequestURI, ok && original.RequestURI == r.RequestURI)
	clean.Header = v.LoggedHeader(r.Header)
	return clean
}

// LoggedHeader is the same for header fields that are logged with r, such as its
// answer's.
func LoggedHeader(r *http.Request, h http.Header) http.Header {
	if v := visitOf(r); v != nil {
		return v.LoggedHeader(h)
	}
	return h
}

// LoggedText is the same for text that is logged with r, such as an error or
// what log_append adds.
func LoggedText(r *http.Request, text string) string {
	if v := visitOf(r); v != nil {
		return v.LoggedText(text, r.Header)
	}
	return text
}
