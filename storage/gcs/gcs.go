// Package gcs is a [storage.Store] in a bucket of Google Cloud Storage.
//
// It promises what the interface does, against every other client of the
// bucket: an object is created under the precondition that there is none of its
// name, with its CRC32C sent along, so that the service refuses it if a byte
// changed on the way, and with its SHA-256 in the metadata. Nothing here
// overwrites, and the service account needs no right to.
//
// A create whose answer was lost is tried again and then meets its own object.
// That is told from somebody else's by a mark that each Create makes up and
// leaves in the metadata; size, CRC32C and SHA-256 must be the same too. So one
// Create of many wins, even if all of them write the same bytes.
//
// Every operation is bounded, see [Options].Timeout, and tried again within
// that bound after what may pass: 408, 429, 5xx, broken connections, stalls.
package gcs

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	gcs "cloud.google.com/go/storage"
	"github.com/googleapis/gax-go/v2"
	"google.golang.org/api/option"

	"github.com/caddyrec/caddyrec/storage"
)

// Options say which bucket, and how it is used.
type Options struct {
	// Bucket must exist. With Retention it must have been made with object
	// retention enabled.
	Bucket string
	// Prefix is a folder in the bucket, without a slash at its ends: a name as
	// [storage.CheckName] accepts, or empty.
	Prefix string
	// Retention is how long each object must stay, from its creation on.
	Retention Retention
	// Endpoint is the base URL of an emulator, such as http://127.0.0.1:4443.
	// No credentials are sent to it. Empty: Google's own, with the
	// application's default credentials, or, as in all of Google's libraries,
	// the emulator that the variable STORAGE_EMULATOR_HOST names.
	Endpoint string
	// Timeout bounds what takes one request, all attempts together, and how
	// long a transfer may go without progress. One attempt has a third of it.
	// 0: 30 s.
	Timeout time.Duration
}

// Mode is what can be done about an object's retention later.
type Mode string

// The modes of retention.
const (
	// Off retains nothing.
	Off Mode = ""
	// Locked can be made longer, but neither shorter nor removed, by anybody,
	// the bucket's owners and Google's support included.
	Locked Mode = "Locked"
	// Unlocked can be changed by those who have the permission
	// storage.objects.overrideUnlockedRetention.
	Unlocked Mode = "Unlocked"
)

// Retention is a term in which the service lets nobody delete an object.
type Retention struct {
	Mode Mode
	For  time.Duration
}

// Store is a folder of write-once objects in a bucket. Make it with [Open].
type Store struct {
	opts   Options
	prefix string // of object names, with its slash
	client *gcs.Client
	bucket *gcs.BucketHandle
}

var (
	_ storage.Store    = (*Store)(nil)
	_ storage.Retainer = (*Store)(nil)
)

// Open makes a client for a bucket. It finds the credentials, but sends
// nothing: a bucket that is out of reach is noticed when it is used.
func Open(ctx context.Context, opts Options) (*Store, error) {
	if err := opts.Check(); err != nil {
		return nil, fmt.Errorf("opening store in bucket %q: %w", opts.Bucket, err)
	}
	if opts.Timeout == 0 {
		opts.Timeout = 30 * time.Second
	}
	settings := []option.ClientOption{gcs.WithJSONReads(), gcs.WithDisabledClientMetrics()}
	if opts.Endpoint != "" {
		settings = append(settings, option.WithEndpoint(strings.TrimSuffix(opts.Endpoint, "/")+"/storage/v1/"), option.WithoutAuthentication())
	}
	client, err := gcs.NewClient(ctx, settings...)
	if err != nil {
		return nil, fmt.Errorf("opening store in bucket %q: %w", opts.Bucket, err)
	}
	client.SetRetry(
		gcs.WithPolicy(gcs.RetryIdempotent),
		gcs.WithErrorFunc(passing),
		gcs.WithBackoff(gax.Backoff{Initial: opts.Timeout / 300, Max: opts.Timeout / 6, Multiplier: 2}),
	)
	s := &Store{opts: opts, client: client, bucket: client.Bucket(opts.Bucket)}
	if opts.Prefix != "" {
		s.prefix = opts.Prefix + "/"
	}
	return s, nil
}

// Check says whether the options can be meant.
func (o Options) Check() error {
	if o.Bucket == "" || strings.ContainsAny(o.Bucket, "/?#% ") {
		return errors.New("that is no bucket's name")
	}
	if o.Prefix != "" {
		if err := storage.CheckName(o.Prefix); err != nil {
			return fmt.Errorf("prefix: %w", err)
		}
	}
	switch o.Retention.Mode {
	case Off:
		if o.Retention.For != 0 {
			return errors.New("a retention needs a mode")
		}
	case Locked, Unlocked:
		if o.Retention.For <= 0 {
			return errors.New("a retention needs a duration")
		}
	default:
		return fmt.Errorf("retention %q: use %s or %s", o.Retention.Mode, Locked, Unlocked)
	}
	if o.Endpoint != "" {
		u, err := url.Parse(o.Endpoint)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
			return errors.New("the endpoint must be like http://127.0.0.1:4443")
		}
	}
	if o.Timeout < 0 {
		return errors.New("the timeout is negative")
	}
	return nil
}

// Close gives back the connections. Objects stay.
func (s *Store) Close() error { return s.client.Close() }

func (s *Store) object(name string) *gcs.ObjectHandle { return s.bucket.Object(s.prefix + name) }

// bound is the context of an operation that is one small request.
func (s *Store) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, s.opts.Timeout, errSlow)
}
