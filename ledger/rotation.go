package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/caddyrec/caddyrec/storage"
)

// rotation is a change of the signing key that is being made.
type rotation struct {
	succession
	note   []byte
	signer note.Signer // of the new key
}

// RotateKey takes up the signing key that [NewSigningKey] has left with the
// log's keys, and returns it as a verifier key; "" means that there is none. It
// signs a checkpoint with the old and the new key, stores that for good, and
// removes the old secret key. Should the store fail, nothing is signed until
// the next checkpoint is due, when it is tried again: the old key must not sign
// for more records than it says there.
func (l *Log) RotateKey() (string, error) {
	public, err := l.signing.rotate()
	if err != nil {
		return "", fmt.Errorf("changing the signing key of log %s: %w", l.opts.Log, err)
	}
	return public, nil
}

// Verifier is the public key in force, as [Keys.Verifier] is. It waits for
// nothing.
func (l *Log) Verifier() string { return l.signing.ring().current().text }

func (s *signing) rotate() (string, error) {
	defer s.tell()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.half == nil {
		next, err := loadNextKey(s.log.opts.Keys.dir, s.log.opts.Log)
		if err != nil || next == nil {
			return "", err
		}
		keys := s.ring()
		current := keys.current()
		if next.public.text == current.text { // in force already
			s.promote()
			return current.text, nil
		}
		if keys.find(next.public.text) >= 0 {
			return "", fmt.Errorf("the new key %s was in force before: remove it and make another", next.public.id())
		}
		tree := s.log.treeNow()
		if tree.size == 0 {
			return "", errors.New("the log has no record yet that a key could be changed at")
		}
		if n := len(keys); n > 1 && keys[n-2].until == tree.size {
			return "", errors.New("the key was changed after this very record: try again after the next one")
		}
		size := checkpoint{tree.size, tree.root()}
		h := &rotation{signer: next.signer}
		h.succession = succession{checkpoint: size, from: current, to: next.public, at: time.Now(), name: successionName(size.size)}
		if h.note, err = h.succession.sign(s.log.opts.Log, s.signer, next.signer); err != nil {
			return "", err
		}
		s.half = h
	}
	if err := s.settle(); err != nil {
		return "", err
	}
	return s.ring().current().text, nil
}

// settle brings a rotation under way to its end: from when the store has it,
// the new key signs.
func (s *signing) settle() error {
	h := s.half
	if h == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	err := storage.CreateAll(ctx, s.log.opts.Store, []storage.Object{{Name: s.log.prefix + h.name, Data: h.note}})
	if errors.Is(err, storage.ErrExist) {
		s.half = nil // another has its place: this one is not there
		return err
	}
	if err != nil {
		return fmt.Errorf("nothing is signed until the new key's succession is stored: %w", err)
	}
	s.half = nil
	keys := slices.Clone(s.ring()) // others may be reading them
	keys[len(keys)-1].until = h.size
	keys = append(keys, h.to)
	s.keys.Store(&keys)
	s.signer = h.signer
	s.untold = append(s.untold, h.note)
	signed, err := s.latest(h.checkpoint)
	if err != nil {
		return err
	}
	s.untold = append(s.untold, signed)
	s.promote()
	return nil
}

// promote puts the key in force into the place of the retired one.
func (s *signing) promote() {
	if err := promoteKey(s.log.opts.Keys.dir, s.log.opts.Log, s.ring()); err != nil {
		s.log.problem(fmt.Errorf("the key %s is in force, but is still kept as the next one: %w", s.ring().current().id(), err))
	}
}

// takeKeys finds the key that the log is signed with, and refuses a log that
// another one signs. It puts the first public key beside the log, so that the
// folder can be verified wherever it goes.
func (l *Log) takeKeys() error {
	k := l.opts.Keys
	text, err := l.firstKey([]byte(k.public.text + "\n"))
	if err != nil {
		return err
	}
	began, err := parseKeyring(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w: restore it from a backup", publicKeyFile, err)
	}
	all, bad, err := readSuccessions(l.storeSource(), origin(l.opts.Log))
	if err != nil {
		return err
	}
	for _, f := range bad {
		l.problem(fmt.Errorf("%s is not used: %w", f.name, f.err))
	}
	s := &l.signing
	s.log = l
	keys, _ := chain(began[0], all)
	s.keys.Store(&keys)
	current := keys.current()
	switch {
	case current.text == k.public.text:
		s.signer = k.signer
	case k.next != nil && current.text == k.next.public.text:
		s.signer = k.next.signer
		s.promote()
	case len(keys) == 1:
		return fmt.Errorf("the log was begun with another key than %s: restore that key, or start a log under another name", k.public.text)
	default:
		return fmt.Errorf("the log is signed with the key %s since %d records, not with %s: restore that key, or start a log under another name", current.id(), keys[len(keys)-2].until, k.public.id())
	}
	return l.keepSuccession()
}

// firstKey is the key that the log was begun with, this one if it begins now.
func (l *Log) firstKey(own []byte) (text []byte, err error) {
	if l.root != nil {
		text, err = l.root.ReadFile(publicKeyFile)
	} else {
		text, err = readSmall(l.storeSource().open(publicKeyFile))
	}
	if !errors.Is(err, fs.ErrNotExist) { // looked at first: the disk may be full
		return text, err
	}
	if l.root != nil {
		return own, createFile(l.root, publicKeyFile, own, 0o444)
	}
	err = l.opts.Store.Create(context.Background(), l.prefix+publicKeyFile, bytes.NewReader(own))
	if errors.Is(err, storage.ErrExist) { // another process was first
		return readSmall(l.storeSource().open(publicKeyFile))
	}
	return own, err
}

// keepSuccession makes the newest succession durable: who stored it may not
// have got to that, and the old key is gone.
func (l *Log) keepSuccession() error {
	keys := l.signing.ring()
	n := len(keys)
	if n < 2 {
		return nil
	}
	name := successionName(keys[n-2].until)
	data, err := readSmall(l.storeSource().open(name))
	if err != nil {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	return storage.CreateAll(context.Background(), l.opts.Store, []storage.Object{{Name: l.prefix + name, Data: data}})
}
