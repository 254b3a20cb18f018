package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"golang.org/x/mod/sumdb/note"

	"github.com/caddyrec/caddyrec/storage"
)

// signing is what signs a log: one checkpoint at a time, so that no key signs
// for more records than there were when it was retired.
type signing struct {
	log  *Log
	keys atomic.Pointer[keyring] // changed under mu only, and never in place

	mu     sync.Mutex // held while the disk or the store is waited for
	signer note.Signer
	newest uint64    // size of the newest checkpoint in the folder
	half   *rotation // under way: whether the store has it is not known
	untold [][]byte  // notes that [signing.tell] is to hand out
}

// tell hands out, in order, what was signed on the way, once mu is free.
func (s *signing) tell() {
	s.mu.Lock()
	none := len(s.untold) == 0
	s.mu.Unlock()
	if none {
		return
	}
	s.log.announceAll(func() (notes [][]byte) {
		s.mu.Lock()
		defer s.mu.Unlock()
		notes, s.untold = s.untold, nil
		return notes
	})
}

// treeNow is the tree of all that is durable.
func (l *Log) treeNow() frontier {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tree
}

// now signs the tree of all that is durable and puts that into the folder,
// unless the checkpoint there says it already; signed is nil then.
func (s *signing) now() (signed []byte, err error) {
	defer s.tell()
	s.mu.Lock()
	defer s.mu.Unlock()
	tree := s.log.treeNow()
	c := checkpoint{size: tree.size, root: tree.root()}
	if c.size <= s.newest {
		return nil, s.settle()
	}
	return s.latest(c)
}

// sign signs a checkpoint. One that is newer than the one in the folder takes
// its place: whatever else is made of it comes after, so that no stored
// checkpoint is newer than that.
func (s *signing) sign(c checkpoint) ([]byte, error) {
	defer s.tell()
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.size > s.newest {
		return s.latest(c)
	}
	if err := s.settle(); err != nil {
		return nil, err
	}
	return c.sign(s.log.opts.Log, s.signer)
}

// latest signs a checkpoint and puts it into the folder.
func (s *signing) latest(c checkpoint) ([]byte, error) {
	if err := s.settle(); err != nil {
		return nil, err
	}
	signed, err := c.sign(s.log.opts.Log, s.signer)
	if err != nil {
		return nil, err
	}
	if err := s.log.disk.replace(latestCheckpoint, signed); err != nil {
		return nil, fmt.Errorf("writing the checkpoint at %d records: %w", c.size, err)
	}
	s.newest = c.size
	return signed, nil
}

// ring is the keys as they are now. It waits for nothing.
func (s *signing) ring() keyring { return *s.keys.Load() }

// store puts a checkpoint among the stored ones. One that is there already is
// as good if it says the same and is rightly signed, by an earlier key perhaps.
func (s *signing) store(ctx context.Context, c checkpoint, signed []byte) error {
	object := storage.Object{Name: s.log.prefix + checkpointName(c.size), Data: signed}
	err := storage.CreateAll(ctx, s.log.opts.Store, []storage.Object{object})
	if !errors.Is(err, storage.ErrExist) {
		return err
	}
	r, openErr := s.log.opts.Store.Open(ctx, object.Name)
	if openErr != nil {
		return openErr
	}
	defer r.Close()
	there, readErr := io.ReadAll(io.LimitReader(r, 1<<20))
	if readErr != nil {
		return readErr
	}
	if same, openErr := openCheckpoint(there, s.ring()); openErr != nil || same != c {
		return err
	}
	object.Data = there // so that it is made durable, should its maker not have got to that
	return storage.CreateAll(ctx, s.log.opts.Store, []storage.Object{object})
}
