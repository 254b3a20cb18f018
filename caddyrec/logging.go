package caddyrec

import (
	"log/slog"

	"go.uber.org/zap"
	"go.uber.org/zap/exp/zapslog"
	"go.uber.org/zap/zapcore"
)

// liveLogger logs to the newest of the configurations that hold it. What
// outlives a reload must not keep the logger it began with: its writers may have
// been closed.
type liveLogger struct{ inForce[*zap.Logger] }

// named is a logger of this name, whatever the newest configuration is then.
func (l *liveLogger) named(name string) *zap.Logger {
	return zap.New(liveCore{live: l}).Named(name)
}

// slog is the same for packages that know no zap.
func (l *liveLogger) slog(name string) *slog.Logger {
	return slog.New(zapslog.NewHandler(liveCore{live: l}, zapslog.WithName(name)))
}

// liveCore looks up the newest core at each entry.
type liveCore struct {
	live   *liveLogger
	fields []zapcore.Field
}

func (c liveCore) core() zapcore.Core { return (*c.live.get()).Core() }

func (c liveCore) Enabled(level zapcore.Level) bool { return c.core().Enabled(level) }

func (c liveCore) With(fields []zapcore.Field) zapcore.Core {
	return liveCore{c.live, append(c.fields[:len(c.fields):len(c.fields)], fields...)}
}

func (c liveCore) Check(e zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	return c.core().With(c.fields).Check(e, checked)
}

func (c liveCore) Write(e zapcore.Entry, fields []zapcore.Field) error {
	return c.core().With(c.fields).Write(e, fields)
}

func (c liveCore) Sync() error { return c.core().Sync() }
