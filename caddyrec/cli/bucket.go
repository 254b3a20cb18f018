package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddyrec/caddyrec/caddyrec"
	_ "github.com/caddyrec/caddyrec/caddyrec/gcsstore" // gs:// is its
	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/storage"
)

// bucketScheme begins the address of a bucket: gs://<bucket>/<prefix>.
const bucketScheme = "gs://"

// bucketAt reads an address. It may name a store or one log in it.
func bucketAt(address, log string) (*source, error) {
	rest := strings.Trim(strings.TrimPrefix(address, bucketScheme), "/")
	if above, name := path.Split(rest); path.Base(above) == "ledger" {
		if log != "" && log != name {
			return nil, fmt.Errorf("%s is log %s, not %s: leave out --log", address, name, log)
		}
		rest, log = path.Dir(path.Clean(above)), name
	}
	bucket, prefix, _ := strings.Cut(rest, "/")
	raw, err := json.Marshal(map[string]string{"module": "gcs", "bucket": bucket, "prefix": prefix})
	if err != nil {
		return nil, err
	}
	store, err := loadStore(raw)
	if err != nil {
		return nil, err
	}
	return readStore(store, log, false)
}

// loadStore makes the store that a configuration describes, if it can be read
// from afar. Nothing is opened.
func loadStore(raw json.RawMessage) (caddyrec.ReadableStore, error) {
	var which struct {
		Module string `json:"module"`
	}
	if err := json.Unmarshal(raw, &which); err != nil {
		return nil, fmt.Errorf("the store: %w", err)
	}
	info, err := caddy.GetModule("caddyrec.stores." + which.Module)
	if err != nil {
		return nil, fmt.Errorf("this build of Caddy has no store of kind %q", which.Module)
	}
	store, ok := info.New().(caddyrec.ReadableStore)
	if !ok {
		return nil, fmt.Errorf("a store of kind %q cannot be read where it is: copy its records and pass --store", which.Module)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil {
		return nil, fmt.Errorf("the store: %w", err)
	}
	delete(fields, "module")
	rest, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	if err := caddy.StrictUnmarshalJSON(rest, store); err != nil {
		return nil, fmt.Errorf("the store %s: %w", which.Module, err)
	}
	ctx, cancel := caddy.NewContext(caddy.Context{Context: context.Background()})
	defer cancel()
	if p, ok := store.(caddy.Provisioner); ok {
		if err := p.Provision(ctx); err != nil {
			return nil, err
		}
	}
	if v, ok := store.(caddy.Validator); ok {
		if err := v.Validate(); err != nil {
			return nil, err
		}
	}
	return store, nil
}

// readStore opens a log where it is. With here, what this machine keeps of it is
// read too: its open segment, and what waits to be uploaded.
func readStore(store caddyrec.ReadableStore, log string, here bool) (*source, error) {
	if log == "" {
		log = "main"
	}
	ctx := context.Background()
	objects, dir, err := store.Read(ctx)
	if err != nil {
		return nil, err
	}
	s := &source{dir: store.String() + "/ledger/" + log, log: log, far: true}
	var disk fs.FS
	if here {
		s.keep = dir
		own := filepath.Join(dir, "ledger", log)
		if root, err := os.OpenRoot(own); err == nil {
			disk = root.FS()
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, notReadable(own, err)
		}
		s.waiting, _ = objects.(interface {
			Backlog() (storage.Backlog, error)
		})
	}
	folder := ledger.NewStoreFolder(ctx, objects, log, disk)
	s.FS, s.followed = folder, folder.Follow
	// What there is of a log, there is with its key.
	key, err := objects.Open(ctx, "ledger/"+log+"/"+publicKey)
	if errors.Is(err, storage.ErrNotExist) {
		return nil, fmt.Errorf("%s has no log %s: say which with --log, and see that the address is the store's", store, log)
	}
	if err != nil {
		return nil, fmt.Errorf("log %s in %s: %w", log, store, err)
	}
	return s, key.Close()
}
