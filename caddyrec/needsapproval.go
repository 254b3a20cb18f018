package caddyrec

import "net/http"

// NeedsApproval says whether the operation that r asks for needs approval by its
// own description, and nobody has approved it yet. It begins no visit.
func NeedsApproval(r *http.Request) bool {
	v := visitOf(r)
	return v != nil && v.NeedsApproval
}
