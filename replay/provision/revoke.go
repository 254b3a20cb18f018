package provision

import (
	"context"
	"errors"
	"fmt"

	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/storage"
)

// Revocation is somebody's word that a key is to count no longer.
type Revocation struct {
	// ID is the key's.
	ID string
	// Identity is who revokes it, where somebody vouches for that; else By says
	// it.
	Identity *record.Identity
	By       string
	// Why is the reason given, masked.
	Why string
	// From is where the word came from; it may be empty.
	From Client
}

// Revoke takes a key back: here at once, at the service's other gateways within
// a few seconds. What is shown for it ends. Once it is on record the error is
// nil; after another error it is revoked here, and what is missing is tried again
// until it is done, by this process.
// The error is a [*Refusal] with [NotFound] when there is no such key.
func (a *Authority) Revoke(ctx context.Context, v Revocation) error {
	g, err := a.grant(ctx, v.ID)
	if errors.Is(err, errDamaged) { // that must not keep it from working
		g, err = a.barely(v.ID), nil
	}
	if err != nil {
		return err
	}
	return a.revoke(ctx, g, v)
}

func (a *Authority) revoke(ctx context.Context, g *Grant, v Revocation) error {
	day, _ := dayOfID(g.ID)
	a.revoked.add(day, g.ID)
	a.drop(g.ID)
	err := a.publish(ctx, g, v)
	if err != nil {
		a.revoked.owe(owed{g, v})
		return err
	}
	a.revoked.paid(g.ID)
	return nil
}

// publish stores a revocation for the other gateways, and records it, once.
func (a *Authority) publish(ctx context.Context, g *Grant, v Revocation) error {
	day, _ := dayOfID(g.ID)
	// Nobody is to keep it from working by going away.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finish)
	defer cancel()
	said := revocation{ID: g.ID, Time: a.clock.now().UTC(), Why: v.Why, Identity: v.Identity, By: v.By, Record: record.NewID()}
	name := a.folder(revokedRoot) + day + "/" + g.ID + objectSuffix
	err := a.create(ctx, name, said)
	if errors.Is(err, storage.ErrExist) {
		// Somebody was first. Their record may be missing, if they got no further.
		var first revocation
		switch first, err = a.revocation(ctx, g); {
		case err == nil && a.revoked.recorded(g.ID):
			return nil
		case err == nil:
			said = first
		case errors.Is(err, errDamaged):
			err = nil // it works by its name: what it says is nobody's word
		}
	}
	if err != nil {
		return err
	}
	r := a.record(record.KeyRevoked, g, &v.From)
	r.ID, r.Time = said.Record, record.Time{Time: said.Time}
	r.Identity = said.Identity
	r.Key.By, r.Key.Reason = said.By, said.Why
	if u := a.using(g.ID); u != nil {
		r.Key.Frames = u.frames.Load()
	}
	if err := a.opts.Recorder.Record(ctx, r); err != nil {
		return fmt.Errorf("recording that key %s is revoked, which it is: %w", g.ID, err)
	}
	a.opts.Watch(Event{Type: record.KeyRevoked, Grant: g, Client: v.From.Record})
	return nil
}

func (a *Authority) using(id string) *Use {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.inUse[id]
}
