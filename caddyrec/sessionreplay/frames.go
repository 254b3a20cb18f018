package sessionreplay

import (
	"errors"
	"io/fs"
	"net/http"
	"time"

	"go.uber.org/zap"

	"github.com/caddyrec/caddyrec/exchange"
	"github.com/caddyrec/caddyrec/replay/provision"
	"github.com/caddyrec/caddyrec/replay/watch"
)

// frames streams what happened in a session, as long as the key is good for it.
// Everything that can be refused is refused before the first byte.
func (v *visit) frames(w http.ResponseWriter, r *http.Request, lease *provision.Lease, session string) error {
	ask, err := watch.Parse(r)
	if err != nil {
		return v.unshown(w, err)
	}
	use, err := lease.Begin(r.Context(), session)
	if err != nil {
		return v.refuse(w, err)
	}
	grant := lease.Grant()
	stream, err := v.Recordings().Prepare(r.Context(), &watch.Show{
		Ask: ask, Session: session, Who: grant.Identity(), In: grant.Scope.In, Closing: v.closing,
		Back: func() { lease.WentBack(r.Context()) }, Over: lease.Tell,
	})
	if err != nil {
		return v.unshown(w, err)
	}
	stream.Head(w.Header())
	if r.Method != http.MethodHead {
		stream.Serve(r.Context(), w, use)
	}
	return nil
}

// unshown answers that there is nothing to be shown.
func (v *visit) unshown(w http.ResponseWriter, err error) error {
	const asked = "The recording cannot be shown as asked"
	var p exchange.Problem
	var bad *watch.AskError
	switch {
	case errors.Is(err, watch.ErrNotAcceptable):
		p = exchange.Problem{Title: asked, Status: http.StatusNotAcceptable, Reason: "not-acceptable", Detail: err.Error()}
	case errors.Is(err, watch.ErrForeignCursor):
		p = exchange.Problem{Title: asked, Status: http.StatusBadRequest, Reason: "bad-cursor", Detail: err.Error()}
	case errors.As(err, &bad):
		p = exchange.Problem{Title: asked, Status: http.StatusBadRequest, Reason: "bad-query", Detail: err.Error()}
	case errors.Is(err, fs.ErrNotExist):
		p = exchange.Problem{Title: "No such recording", Status: http.StatusNotFound, Reason: "no-recording",
			Detail: "the log has no record of that session, or retention has removed it"}
	default:
		v.logger.Error("opening a recording", zap.Error(err))
		p = exchange.Problem{Title: "The recording cannot be read now", Status: http.StatusServiceUnavailable, Reason: "unreadable",
			Detail: "try again; if that does not help, the gateway's log says why", RetryAfter: 5 * time.Second}
	}
	return p.Write(w, v.Exchange)
}
