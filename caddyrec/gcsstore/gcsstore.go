// Package gcsstore is the module caddyrec.stores.gcs: records in a bucket of
// Google Cloud Storage.
//
// The ledger's objects wait in a spool on this machine until the bucket has
// them, or, on a machine without a disk, each batch of records is in the bucket
// before it is acknowledged. Approvals, votes and single uses go to the bucket at once, so that of
// all the gateways that share it one wins.
package gcsstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddyrec/caddyrec/caddyrec"
	"github.com/caddyrec/caddyrec/storage"
	"github.com/caddyrec/caddyrec/storage/gcs"
	"github.com/caddyrec/caddyrec/storage/spool"
)

func init() { caddy.RegisterModule(GCS{}) }

// GCS keeps records in a bucket of Google Cloud Storage, with the credentials
// that Google's libraries find (Application Default Credentials). The open
// segment, the keys and what waits for the bucket are in a folder on this
// machine; with ack remote only the keys are.
//
//	store gcs <bucket> {
//		prefix <folder>
//		retention locked|unlocked <duration>
//		retention off
//		spool <folder> <limit>
//		on_full deny|alarm
//		ack local|remote
//		folder <folder>
//		endpoint <url>
//	}
type GCS struct {
	// The bucket. It must exist; with a retention it must have been made with
	// object retention enabled. Global placeholders such as `{env.BUCKET}` may
	// be used here, in the prefix, the endpoint and the spool's folder.
	Bucket string `json:"bucket,omitempty"`

	// A folder in the bucket, such as `prod/orders`. Default: the bucket itself.
	Prefix string `json:"prefix,omitempty"`

	// How long each object must stay, from its creation on. Default: nothing is
	// retained but by the bucket's own policy.
	Retention *Retention `json:"retention,omitempty"`

	// Where objects wait for the bucket, and how many.
	Spool *Spool `json:"spool,omitempty"`

	// What happens when the spool has reached its limit: `deny` refuses
	// requests with 503 until there is room, `alarm` logs an error and goes on
	// as long as the disk does. Default: `deny`.
	OnFull string `json:"on_full,omitempty"`

	// When a record counts as durable. `local`: when this machine's disk has it;
	// it goes to the bucket when its segment is sealed. `remote`: when the bucket
	// has it, in an object of its batch; for machines without a disk that
	// outlives them. Default: `local`.
	Ack string `json:"ack,omitempty"`

	// With `ack remote`, the folder whose folder `keys` has the log's keys, which
	// must be the same at each start. Default: as for the spool.
	Folder string `json:"folder,omitempty"`

	// The base URL of an emulator, such as `http://127.0.0.1:4443`. No
	// credentials are sent to it. Default: Google's own.
	Endpoint string `json:"endpoint,omitempty"`

	folder  string
	options gcs.Options
	limits  spool.Options
}

// Retention is a term in which the bucket lets nobody delete an object.
type Retention struct {
	// `locked`: the term can be made longer, but neither shorter nor removed, by
	// nobody. `unlocked`: those with the permission
	// `storage.objects.overrideUnlockedRetention` can change it.
	Mode string `json:"mode,omitempty"`

	// How long.
	For caddy.Duration `json:"for,omitempty"`
}

// Spool is what the store keeps on this machine.
type Spool struct {
	// The folder, on a local disk. It also has the keys and the open segments,
	// so it must outlive restarts. Default: a folder `caddyrec-gcs` in Caddy's
	// data directory, with one of its own for each bucket and prefix.
	Folder string `json:"folder,omitempty"`

	// How much may wait for the bucket, in bytes. Default: 4 GiB.
	Limit int64 `json:"limit,omitempty"`
}

// CaddyModule returns the Caddy module information.
func (GCS) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "caddyrec.stores.gcs", New: func() caddy.Module { return new(GCS) }}
}

const defaultLimit = 4 << 30

// Provision resolves placeholders and defaults. Nothing is opened.
func (g *GCS) Provision(caddy.Context) error {
	text := func(value string) (string, error) { return caddy.NewReplacer().ReplaceOrErr(value, true, true) }
	var own Spool
	if g.Spool != nil {
		own = *g.Spool
	}
	var errs [4]error
	g.options.Bucket, errs[0] = text(g.Bucket)
	g.options.Prefix, errs[1] = text(g.Prefix)
	g.options.Endpoint, errs[2] = text(g.Endpoint)
	g.folder, errs[3] = text(own.Folder + g.Folder) // one of them, says Validate
	if err := errors.Join(errs[:]...); err != nil {
		return fmt.Errorf("store gcs %s: %w", g.Bucket, err)
	}
	if r := g.Retention; r != nil {
		switch r.Mode {
		case "locked":
			g.options.Retention.Mode = gcs.Locked
		case "unlocked":
			g.options.Retention.Mode = gcs.Unlocked
		default:
			return fmt.Errorf("store gcs %s: retention %q: use locked or unlocked", g.Bucket, r.Mode)
		}
		g.options.Retention.For = time.Duration(r.For)
	}
	if g.folder == "" {
		// No bucket's name has a plus sign.
		name := strings.ReplaceAll(strings.Trim(g.options.Bucket+"/"+g.options.Prefix, "/"), "/", "+")
		g.folder = filepath.Join(caddy.AppDataDir(), "caddyrec-gcs", name)
	}
	var err error
	if g.folder, err = filepath.Abs(g.folder); err != nil {
		return fmt.Errorf("store gcs %s: %w", g.Bucket, err)
	}
	g.limits = spool.Options{Dir: filepath.Join(g.folder, "outbox"), Limit: own.Limit, OnFull: spool.Policy(g.OnFull)}
	if g.limits.Limit == 0 {
		g.limits.Limit = defaultLimit
	}
	if g.limits.OnFull == "" {
		g.limits.OnFull = spool.Deny
	}
	return nil
}

// Validate checks what has no default to fall back to.
func (g *GCS) Validate() error {
	err := g.options.Check()
	if err == nil {
		err = g.checkAck()
	}
	if err == nil {
		err = g.limits.Check()
	}
	if err == nil && g.folder == filepath.Dir(g.folder) {
		err = errors.New("spool and folder: name a folder of its own, not the root")
	}
	if err != nil {
		return fmt.Errorf("store gcs %s: %w", g.Bucket, err)
	}
	return nil
}

// checkAck refuses what has no meaning beside ack.
func (g *GCS) checkAck() error {
	switch {
	case g.Ack != "" && g.Ack != "local" && g.Ack != "remote":
		return fmt.Errorf("ack %q: use local or remote", g.Ack)
	case g.Ack == "remote" && (g.Spool != nil || g.OnFull != ""):
		return errors.New("with ack remote nothing waits on this machine: leave out spool and on_full, and name the folder of the keys with folder")
	case g.Ack != "remote" && g.Folder != "":
		return errors.New("folder is for ack remote: name the folder with spool")
	}
	return nil
}

// Key names the place: the folder and the bucket.
func (g *GCS) Key() string {
	return strings.Join([]string{"gcs", g.folder, g.options.Endpoint, g.options.Bucket, g.options.Prefix}, "\x00")
}

// Open makes or takes the folder, and a client for the bucket. What waits in
// the folder begins to be uploaded.
func (g *GCS) Open(log *slog.Logger) (storage.Store, string, error) {
	bucket, err := gcs.Open(context.Background(), g.options)
	if err != nil {
		return nil, "", err
	}
	if g.Ack == "remote" {
		s, err := openRemote(bucket, g.options)
		return s, g.folder, err
	}
	limits := g.limits
	limits.Log = log.With("bucket", g.options.Bucket)
	waiting, err := spool.Open(bucket, limits)
	if err != nil {
		return nil, "", errors.Join(err, bucket.Close())
	}
	return &store{bucket, waiting}, g.folder, nil
}

// store is a bucket, and a spool in front of it for who asks for that.
type store struct {
	*gcs.Store
	spool *spool.Spool
}

func (s *store) Spooled() storage.Store { return s.spool }

func (s *store) Close() error { return errors.Join(s.spool.Close(), s.Store.Close()) }

// Read implements [caddyrec.ReadableStore].
func (g *GCS) Read(ctx context.Context) (s storage.Store, dir string, err error) {
	bucket, err := gcs.Open(ctx, g.options)
	if err != nil {
		return nil, "", err
	}
	if g.Ack == "remote" {
		return bucket, g.folder, nil
	}
	return spool.NewPeek(bucket, g.limits.Dir), g.folder, nil
}

// String is the address of the bucket, as caddy rec takes it.
func (g *GCS) String() string {
	return "gs://" + strings.TrimSuffix(g.options.Bucket+"/"+g.options.Prefix, "/")
}

// batchTerm is how long a batch must stay where objects are retained: much
// longer than it takes to be sealed. It is batchPatience that what is committed
// waits for one request before it is tried again.
const (
	batchTerm     = time.Hour
	batchPatience = 6 * time.Second
)

// remote is a bucket that takes batches as they are committed.
type remote struct {
	*gcs.Store
	batches *gcs.Store
}

func openRemote(bucket *gcs.Store, options gcs.Options) (storage.Store, error) {
	options.Timeout = batchPatience
	if options.Retention.Mode != gcs.Off {
		options.Retention.For = min(options.Retention.For, batchTerm)
	}
	batches, err := gcs.Open(context.Background(), options)
	if err != nil {
		return nil, errors.Join(err, bucket.Close())
	}
	return &remote{bucket, batches}, nil
}

func (r *remote) Batches() storage.Store { return r.batches }

func (r *remote) Close() error { return errors.Join(r.batches.Close(), r.Store.Close()) }

// Interface guards
var (
	_ caddyrec.Store         = (*GCS)(nil)
	_ caddyrec.ReadableStore = (*GCS)(nil)
	_ caddy.Provisioner      = (*GCS)(nil)
	_ caddy.Validator        = (*GCS)(nil)
	_ storage.Spooler        = (*store)(nil)
	_ storage.Retainer       = (*store)(nil)
	_ storage.Batched        = (*remote)(nil)
)
