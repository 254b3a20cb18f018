// Package localstore is the module caddyrec.stores.local: records in a folder
// on this machine.
package localstore

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"go.uber.org/zap"

	"github.com/caddyrec/caddyrec/caddyrec"
	"github.com/caddyrec/caddyrec/storage"
	"github.com/caddyrec/caddyrec/storage/local"
)

func init() { caddy.RegisterModule(Local{}) }

// Local keeps records in a folder on this machine.
//
//	store local <folder> {
//		immutable
//	}
type Local struct {
	// The folder. It is made if it is not there; one that holds something else
	// is refused. Global placeholders such as `{env.HOME}` may be used.
	// Default: the folder `caddyrec` in Caddy's data directory.
	Folder string `json:"folder,omitempty"`

	// Sets the file system's immutable flag on what is written once: sealed
	// records, their hashes and signatures, approvals. It takes Linux, a file
	// system that knows the flag, and CAP_LINUX_IMMUTABLE; where one of them is
	// missing, that is logged, and files are read-only as without it.
	Immutable bool `json:"immutable,omitempty"`

	folder string
	logger *zap.Logger
}

// CaddyModule returns the Caddy module information.
func (Local) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "caddyrec.stores.local", New: func() caddy.Module { return new(Local) }}
}

// Provision resolves the folder's name.
func (l *Local) Provision(ctx caddy.Context) error {
	l.logger = ctx.Logger()
	folder := l.Folder
	if folder == "" {
		folder = filepath.Join(caddy.AppDataDir(), "caddyrec")
	}
	folder, err := caddy.NewReplacer().ReplaceOrErr(folder, true, true)
	if err != nil {
		return fmt.Errorf("store local %s: %w", l.Folder, err)
	}
	if l.folder, err = filepath.Abs(folder); err != nil {
		return fmt.Errorf("store local %s: %w", l.Folder, err)
	}
	return nil
}

// Validate refuses a folder that is the whole machine.
func (l *Local) Validate() error {
	if l.folder == filepath.Dir(l.folder) {
		return errors.New("store local: name a folder of its own, not the root")
	}
	return nil
}

// UnmarshalCaddyfile reads what stands behind store.
func (l *Local) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if !d.AllArgs(&l.Folder) {
		return d.ArgErr()
	}
	return caddyrec.EachOption(d, func(option string) error {
		if option != "immutable" {
			return d.Errf("unrecognized option %q of store local: use immutable", option)
		}
		return caddyrec.FlagArg(d, &l.Immutable)
	})
}

// Key names the folder.
func (l *Local) Key() string { return "local:" + l.folder }

// Open makes or takes the folder.
func (l *Local) Open(*slog.Logger) (storage.Store, string, error) {
	s, err := local.Open(l.folder)
	if err != nil {
		return nil, "", err
	}
	if l.Immutable {
		if err := s.Protect(); err != nil {
			l.logger.Error("files are read-only, not immutable as configured", zap.Error(err))
		}
	}
	return s, l.folder, nil
}

// Interface guards
var (
	_ caddyrec.Store        = (*Local)(nil)
	_ caddy.Provisioner     = (*Local)(nil)
	_ caddy.Validator       = (*Local)(nil)
	_ caddyfile.Unmarshaler = (*Local)(nil)
)
