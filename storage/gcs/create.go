package gcs

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	gcs "cloud.google.com/go/storage"
	"github.com/googleapis/gax-go/v2"

	"github.com/caddyrec/caddyrec/storage"
)

// What an object's metadata has of ours.
const (
	shaKey  = "caddyrec-sha256"
	markKey = "caddyrec-create" // made up by each Create, so that it knows its own object again
)

// chunk is how much of a large object is sent in one request, in bytes. It is
// what has to be sent again after a fault, and must go through within a third
// of the timeout: by default over 200 KiB a second.
const chunk = 2 << 20

// Create implements [storage.Store]. An r that is an [io.Seeker] is read twice
// or more; of any other a copy is kept meanwhile.
func (s *Store) Create(ctx context.Context, name string, r io.Reader) error {
	if err := storage.CheckName(name); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("creating object %s: %w", name, err)
	}
	c, err := gather(ctx, r)
	if err != nil {
		return fmt.Errorf("creating object %s: %w", name, err)
	}
	defer c.remove()
	// Each chunk has its own time, and one more for what comes around them.
	patience := s.opts.Timeout * time.Duration(1+c.size/chunk)
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errSlow)
	defer cancel()
	if err := s.create(ctx, name, c); err != nil {
		if errors.Is(err, storage.ErrExist) {
			return fmt.Errorf("%w: %s", storage.ErrExist, name)
		}
		return s.explain(ctx, "creating object", name, err)
	}
	return nil
}

// create tries until it is known what became of it, or ctx ends.
func (s *Store) create(ctx context.Context, name string, c *content) error {
	mark := rand.Text()
	pause := gax.Backoff{Initial: s.opts.Timeout / 300, Max: s.opts.Timeout / 6, Multiplier: 2}
	for {
		err := s.attempt(ctx, name, c, mark)
		if status(err) == http.StatusPreconditionFailed {
			return s.own(ctx, name, c, mark)
		}
		if err == nil || !passing(err) || ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause.Pause()):
		}
	}
}

// attempt sends an object once; a large one with its chunks tried again. One
// that is sent in a single request has a third of the time, so that a
// connection that stalls leaves some for another.
func (s *Store) attempt(ctx context.Context, name string, c *content, mark string) error {
	if c.size < chunk {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, s.opts.Timeout/3, errStalled)
		defer cancel()
	} else {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx) // it ends an upload that is given up
		defer cancel()
	}
	r, err := c.rewind()
	if err != nil {
		return err
	}
	w := s.object(name).If(gcs.Conditions{DoesNotExist: true}).NewWriter(ctx)
	w.ContentType = "application/octet-stream"
	w.ChunkSize = int(min(c.size+1, chunk)) // rounded up to 256 KiB; what fits goes in one request
	w.ChunkTransferTimeout = s.opts.Timeout / 3
	w.ChunkRetryDeadline = s.opts.Timeout
	w.CRC32C, w.SendCRC32C = c.crc, true
	w.Metadata = map[string]string{shaKey: c.sha, markKey: mark}
	if keep := s.opts.Retention; keep.Mode != Off {
		until := time.Now().Add(keep.For + time.Second).UTC() // it is sent in whole seconds, and must not be less
		w.Retention = &gcs.ObjectRetention{Mode: string(keep.Mode), RetainUntil: until}
	}
	_, err = io.Copy(w, r)
	if closed := w.Close(); closed != nil {
		err = closed // it has the server's answer, where Copy met a closed pipe
	}
	if err != nil {
		if context.Cause(ctx) == errStalled {
			return errStalled
		}
		return err
	}
	return c.is(w.Attrs(), mark)
}

// own says what a failed precondition means: nil when the object that is there
// is the one that this Create wrote, whose answer was lost, and ErrExist when
// it is anybody else's.
func (s *Store) own(ctx context.Context, name string, c *content, mark string) error {
	attrs, err := s.object(name).Attrs(ctx)
	if err != nil {
		return fmt.Errorf("looking whose object is there: %w", err)
	}
	if attrs.Metadata[markKey] != mark {
		return storage.ErrExist
	}
	return c.is(attrs, mark)
}

// is says whether an object is what was to be written.
func (c *content) is(attrs *gcs.ObjectAttrs, mark string) error {
	if attrs.Size != c.size || attrs.CRC32C != c.crc || attrs.Metadata[shaKey] != c.sha || attrs.Metadata[markKey] != mark {
		return fmt.Errorf("what is there has %d bytes and CRC32C %08x, what was sent %d and %08x: the bucket, or something on the way to it, is at fault",
			attrs.Size, attrs.CRC32C, c.size, c.crc)
	}
	return nil
}
