package caddyrec

import (
	"context"
	"sync"

	"go.uber.org/zap"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/replay/frames"
	"github.com/caddyrec/caddyrec/replay/provision"
	"github.com/caddyrec/caddyrec/replay/watch"
)

// recordings are what a gateway has recorded, to be watched. All configurations
// of a log share them, and with them what is in memory of them.
type recordings struct {
	once   sync.Once
	reader *ledger.Reader
	server *watch.Server
}

// Recordings streams what the gateway has recorded.
func (v *Visit) Recordings() *watch.Server { return v.gateway.shown().server }

// SessionsOf are the ids of the sessions that somebody has records of: see
// [ledger.Reader.SessionsOf].
func (v *Visit) SessionsOf(ctx context.Context, w ledger.SessionFilter) ([]string, error) {
	return v.gateway.shown().reader.SessionsOf(ctx, w)
}

func (g *Gateway) shown() *recordings {
	g.recordings.once.Do(func() {
		g.recordings.reader = g.log.Reader()
		g.recordings.server = &watch.Server{
			Library: frames.NewLibrary(g.recordings.reader),
			Cursors: watch.NewCursors(g.keys.MAC("caddyrec replay cursors")),
			Renew:   ReplayPrefix + "keys",
			Ends:    func(err error) string { return string(provision.ReasonOf(err)) },
			Failed:  func(err error) { g.logger.Error("showing a recording", zap.String("log", g.name), zap.Error(err)) },
		}
	})
	return &g.recordings
}
