package jitapproval

import (
	"encoding/base64"
	"maps"
	"net/http"
	"slices"

	"github.com/caddyrec/caddyrec/caddyrec"
	"github.com/caddyrec/caddyrec/record"
)

// volatile are the header fields that may differ when the same request is sent
// again. All others might change what the upstream does, so they are bound.
var volatile = map[string]bool{
	"Authorization": true, header: true, "Prefer": true, // see preferences
	"Accept-Encoding": true, "Connection": true, "Content-Length": true, "Keep-Alive": true, "Te": true, "Trailer": true, "Transfer-Encoding": true,
	"Date": true, "User-Agent": true,
	"Traceparent": true, "Tracestate": true, "Baggage": true, "X-Request-Id": true, "X-Correlation-Id": true,
	"Forwarded": true, "Via": true, "X-Forwarded-For": true, "X-Forwarded-Port": true, "X-Real-Ip": true,
}

// bind is the keyed digest over all that an approval holds for: who asks, the
// request as it will go on to the upstream, and the policy, by its digest.
func bind(v *caddyrec.Visit, r *http.Request, who *record.Identity, policy string, body []byte) string {
	parts := []string{who.Issuer, who.Subject, policy, caddyrec.SiteOf(r), r.Method, r.Host, r.URL.RequestURI()}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		if !volatile[name] {
			parts = append(parts, "\x00"+name)
			parts = append(parts, r.Header[name]...)
		}
	}
	parts = append(parts, "\x00Prefer")
	parts = append(parts, preferences(r.Header)...)
	parts = append(parts, "\x00body", string(body))
	return "v1:" + base64.RawURLEncoding.EncodeToString(v.MAC("approval", parts...))
}
