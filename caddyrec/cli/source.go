package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/spf13/cobra"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/storage"
)

// place is where the command line says the records are.
type place struct {
	store  string
	log    string
	config string
}

func (p *place) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&p.store, "store", "", "folder of the store, or of one log, or a bucket as gs://bucket/prefix (default: caddyrec in Caddy's data directory)")
	f.StringVar(&p.log, "log", "", "name of the log (default: main)")
	f.StringVarP(&p.config, "config", "c", "", "take store and log from this Caddyfile or JSON configuration")
}

// source is one log's folder. Nothing outside it is read through it, whatever
// links somebody has put there.
type source struct {
	dir string // absolute, or the address in a bucket
	log string
	fs.FS

	admin string // the gateway's admin endpoint, where --config tells it

	far     bool   // it is in a bucket
	keep    string // the folder of that store on this machine; "": it is not known
	waiting interface {
		Backlog() (storage.Backlog, error)
	}
	followed func(context.Context, uint64, func(ledger.Line) error) error
}

// follow gives new records as they come.
func (s *source) follow(ctx context.Context, from uint64, fn func(ledger.Line) error) error {
	if s.far {
		return s.followed(ctx, from, fn)
	}
	return ledger.Follow(ctx, s.dir, from, fn)
}

// find opens the log that p, or a path given as an argument, names.
func (p *place) find(path []string) (src *source, err error) {
	dir, log := p.store, p.log
	if len(path) > 0 {
		dir = path[0]
	}
	switch {
	case len(path) > 0 && p.store != "":
		return nil, fmt.Errorf("both %s and --store %s are given: say one", path[0], p.store)
	case dir != "" && p.config != "":
		return nil, fmt.Errorf("both %s and --config are given: say one", dir)
	case p.config != "":
		configured, err := readConfig(p.config)
		if err != nil {
			return nil, err
		}
		if log == "" {
			log = configured.log
		}
		defer func() {
			if src != nil {
				src.admin = configured.admin
			}
		}()
		if configured.far != nil {
			return readStore(configured.far, log, true)
		}
		dir = configured.store
	case dir == "":
		dir = filepath.Join(caddy.AppDataDir(), "caddyrec")
	}
	if strings.HasPrefix(dir, bucketScheme) {
		return bucketAt(dir, log)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	return locate(dir, log)
}

// locate opens the log in dir, which is a store or the log itself. An empty
// name is main in a store, and whatever it is for a log.
func locate(dir, log string) (*source, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, notReadable(dir, err)
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s is a file: name the folder of a store, or of one log", dir)
	}
	if isLog(dir) {
		name := nameOf(dir)
		if log != "" && log != name {
			return nil, fmt.Errorf("%s is the folder of log %s, not of %s: leave out --log", dir, name, log)
		}
		return open(dir, name)
	}
	logs, err := os.ReadDir(filepath.Join(dir, "ledger"))
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s holds no records: it has neither a folder ledger, as a store has, nor segments; %s", dir, elsewhere)
		}
		return nil, notReadable(dir, err)
	}
	if log == "" {
		log = "main"
	}
	var names []string
	for _, l := range logs {
		if l.IsDir() {
			names = append(names, l.Name())
		}
	}
	if !slices.Contains(names, log) {
		at := filepath.Join(dir, "ledger", log)
		if _, err := os.Lstat(at); err == nil {
			if to, err := os.Readlink(at); err == nil {
				return nil, fmt.Errorf("%s is a link, which is not followed: name where it leads, --store %s", at, to)
			}
			return nil, fmt.Errorf("%s is no folder, as a log is: say where the records are with --store, or of which log with --log", at)
		}
		if len(names) == 0 {
			return nil, fmt.Errorf("%s has no log yet", dir)
		}
		return nil, fmt.Errorf("%s has no log %s; it has %s: say which with --log", dir, log, strings.Join(names, ", "))
	}
	return open(filepath.Join(dir, "ledger", log), log)
}

const elsewhere = "say where they are with --store or --config"

func notReadable(dir string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("no records in %s: there is no such folder; %s", dir, elsewhere)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s may not be read (%w): run this as the user or in the group that Caddy runs as", dir, err)
	}
	return fmt.Errorf("reading %s: %w", dir, err)
}

func open(dir, log string) (*source, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, notReadable(dir, err)
	}
	return &source{dir: dir, log: log, FS: root.FS(), keep: filepath.Join(dir, "..", "..")}, nil
}

// Open implements [fs.FS]. What is neither file nor folder is refused: to open a
// pipe is to wait for ever.
func (s *source) Open(name string) (fs.File, error) {
	if info, err := s.Lstat(name); err == nil && !info.IsDir() && !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("it is no regular file")}
	}
	return s.FS.Open(name)
}

// small reads a file that is a few lines; no more than 64 KiB of it.
func (s *source) small(name string) ([]byte, error) {
	f, err := s.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, 64<<10))
}

// Lstat and ReadLink implement [fs.ReadLinkFS]: what is no file is then told
// without opening it.
func (s *source) Lstat(name string) (fs.FileInfo, error) { return fs.Lstat(s.FS, name) }

// ReadLink implements [fs.ReadLinkFS].
func (s *source) ReadLink(name string) (string, error) {
	return fs.ReadLink(s.FS, name)
}

// isLog says whether a folder is a log's own.
func isLog(dir string) bool {
	for _, name := range []string{"open", "sealed", "checkpoint", publicKey} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return true
		}
	}
	return false
}

// publicKey is the file beside a log that its checkpoints are verified with.
const publicKey = "public.key"

// nameOf is a log's name by the key beside it, or else by its folder.
func nameOf(dir string) string {
	file := filepath.Join(dir, publicKey)
	if info, err := os.Lstat(file); err != nil || !info.Mode().IsRegular() {
		return filepath.Base(dir)
	}
	text, err := readSmall(file)
	if name, _, ok := strings.Cut(strings.TrimPrefix(text, "caddyrec/"), "+"); err == nil && ok && name != "" {
		return name
	}
	return filepath.Base(dir)
}
