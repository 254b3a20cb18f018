package gcs

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"strings"
	"time"

	gcs "cloud.google.com/go/storage"
	"google.golang.org/api/iterator"

	"github.com/caddyrec/caddyrec/storage"
)

// watch ends a context when nothing has happened for the store's timeout. Each
// step puts that off.
func (s *Store) watch(ctx context.Context) (watched context.Context, step, stop func()) {
	watched, cancel := context.WithCancelCause(ctx)
	timer := time.AfterFunc(s.opts.Timeout, func() { cancel(errSlow) })
	return watched, func() { timer.Reset(s.opts.Timeout) }, func() {
		timer.Stop()
		cancel(nil)
	}
}

// Open implements [storage.Store]. The object's CRC32C is checked as it is
// read: the read that would end a damaged one is an error instead.
func (s *Store) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	if err := storage.CheckName(name); err != nil {
		return nil, err
	}
	watched, step, stop := s.watch(ctx)
	r, err := s.object(name).NewReader(watched)
	if err != nil {
		stop()
		if errors.Is(err, gcs.ErrObjectNotExist) {
			return nil, fmt.Errorf("%w: %s", storage.ErrNotExist, name)
		}
		return nil, s.explain(watched, "opening object", name, err)
	}
	return &reader{store: s, name: name, ctx: watched, step: step, stop: stop, from: r}, nil
}

// reader reads an object and checks it.
type reader struct {
	store      *Store
	name       string
	ctx        context.Context
	step, stop func()
	from       *gcs.Reader
	size       int64
	crc        uint32
}

func (r *reader) Read(p []byte) (int, error) {
	r.step()
	n, err := r.from.Read(p)
	r.size += int64(n)
	r.crc = crc32.Update(r.crc, castagnoli, p[:n])
	if err == io.EOF {
		want := r.from.Attrs.Size // -1: not told
		if want >= 0 && r.size != want || r.crc != r.from.Attrs.CRC32C {
			return n, fmt.Errorf("reading object %s in bucket %s: it came damaged: %d bytes with CRC32C %08x, not %d with %08x",
				r.name, r.store.opts.Bucket, r.size, r.crc, want, r.from.Attrs.CRC32C)
		}
		return n, io.EOF
	}
	if err != nil {
		err = r.store.explain(r.ctx, "reading object", r.name, err)
	}
	return n, err
}

func (r *reader) Close() error {
	defer r.stop()
	return r.from.Close()
}

// List implements [storage.Store]. What others keep under the store's prefix is
// listed too when its name is one.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if err := storage.CheckPrefix(prefix); err != nil {
			yield("", err)
			return
		}
		watched, step, stop := s.watch(ctx)
		defer stop()
		query := &gcs.Query{Prefix: s.prefix + prefix, Projection: gcs.ProjectionNoACL}
		if err := query.SetAttrSelection([]string{"Name"}); err != nil {
			yield("", fmt.Errorf("listing %s: %w", prefix, err))
			return
		}
		for objects := s.bucket.Objects(watched, query); ; {
			step()
			o, err := objects.Next()
			if err == iterator.Done {
				return
			}
			if err != nil {
				yield("", s.explain(watched, "listing", prefix, err))
				return
			}
			name := strings.TrimPrefix(o.Name, s.prefix)
			if storage.CheckName(name) == nil && !yield(name, nil) {
				return
			}
		}
	}
}
