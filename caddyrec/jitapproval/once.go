package jitapproval

import (
	"io"
	"net/http"
	"strings"
)

// unrepeatable keeps Go's HTTP transport from sending r a second time when the
// upstream closes the connection without an answer, after it may have worked
// the request off: it does that with a request without a body that is safe or
// carries an Idempotency-Key, which the requester chooses. A body that is
// there, though it is empty, and cannot be rewound, is never sent again.
func unrepeatable(r *http.Request) {
	if r.ContentLength == 0 || r.Body == nil || r.Body == http.NoBody {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader("")), -1
	}
	r.GetBody = nil
}
