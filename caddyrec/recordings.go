package caddyrec

import (
	"sync"

	"go.uber.org/zap"

	"github.com/caddyrec/caddyrec/replay/frames"
	"github.com/caddyrec/caddyrec/replay/provision"
	"github.com/caddyrec/caddyrec/replay/watch"
)

// recordings are what a gateway has recorded, to be watched. All configurations
// of a log share them, and with them what is in memory of them.
type recordings struct {
	once   sync.Once
	server *watch.Server
}

// Recordings streams what the gateway has recorded.
func (v *Visit) Recordings() *watch.Server {
	g := v.gateway
	g.recordings.once.Do(func() {
		g.recordings.server = &watch.Server{
			Library: frames.NewLibrary(g.log.Reader()),
			Cursors: watch.NewCursors(g.keys.MAC("caddyrec replay cursors")),
			Renew:   ReplayPrefix + "keys",
			Ends:    func(err error) string { return string(provision.ReasonOf(err)) },
			Failed:  func(err error) { g.logger.Error("showing a recording", zap.String("log", g.name), zap.Error(err)) },
		}
	})
	return g.recordings.server
}
