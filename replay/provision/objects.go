package provision

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/storage"
)

// What is known of keys is kept in write-once objects:
//
//	replay/keys/<service>/<day>/<id>.json     what a key stands for, and its SHA-256
//	replay/revoked/<service>/<day>/<id>.json  that it is revoked
//
// The day is the one on which the key was issued, in UTC, as its id tells.
const (
	keysRoot     = "replay/keys/"
	revokedRoot  = "replay/revoked/"
	objectSuffix = ".json"
	maxObject    = 64 << 10 // bytes
)

func (a *Authority) folder(root string) string { return root + a.opts.Service + "/" }

// kept is a key as the store knows it.
type kept struct {
	ID        string    `json:"id"`
	Kid       string    `json:"kid"`
	SHA256    string    `json:"sha256"` // of the key, hex
	Issuer    string    `json:"iss,omitempty"`
	Subject   string    `json:"sub"`
	Service   string    `json:"service"`
	Sessions  []string  `json:"sessions"`
	From      time.Time `json:"from,omitzero"`
	Until     time.Time `json:"until,omitzero"`
	Purpose   string    `json:"purpose"`
	Issued    time.Time `json:"issued"`
	Expires   time.Time `json:"expires"`
	IP        string    `json:"ip,omitempty"`
	JKT       string    `json:"jkt,omitempty"`
	MaxFrames int64     `json:"max_frames,omitempty"`
}

// revocation says that a key is revoked. Its record carries the id in Record,
// whoever writes it.
type revocation struct {
	ID       string           `json:"id"`
	Time     time.Time        `json:"time"`
	Why      string           `json:"why"`
	Identity *record.Identity `json:"identity,omitempty"`
	By       string           `json:"by,omitempty"`
	Record   string           `json:"record"`
}

// keep writes down what a key stands for.
func (a *Authority) keep(ctx context.Context, g *Grant, sum string) error {
	return a.create(ctx, a.folder(keysRoot)+dayOf(g.Issued)+"/"+g.ID+objectSuffix, kept{
		ID: g.ID, Kid: g.Kid, SHA256: sum, Issuer: g.Issuer, Subject: g.Subject, Service: g.Service,
		Sessions: g.Scope.Sessions, From: g.Scope.From, Until: g.Scope.Until, Purpose: g.Purpose,
		Issued: g.Issued, Expires: g.Expires, IP: g.Client.IP, JKT: g.Client.Thumbprint, MaxFrames: g.MaxFrames,
	})
}

// State is where a key stands.
type State string

// The states of a key.
const (
	Active  State = "active"
	Over    State = "expired"
	Removed State = "revoked"
)

// Get tells what a key stands for, and where it stands. The error is a
// [*Refusal] with [NotFound] when there is no key of that id.
func (a *Authority) Get(ctx context.Context, id string) (*Grant, State, error) {
	g, err := a.grant(ctx, id)
	if err != nil {
		return nil, "", err
	}
	switch {
	case a.revoked.has(id):
		return g, Removed, nil
	case !a.clock.now().Before(g.Expires):
		return g, Over, nil
	}
	_, err = a.revocation(ctx, g)
	switch {
	case err == nil, errors.Is(err, errDamaged): // its name says that it is
		return g, Removed, nil
	case errors.Is(err, storage.ErrNotExist):
		return g, Active, nil
	}
	return nil, "", err
}

// grant reads back what a key stands for.
func (a *Authority) grant(ctx context.Context, id string) (*Grant, error) {
	day, ok := dayOfID(id)
	if !ok {
		return nil, &Refusal{Reason: NotFound}
	}
	var k kept
	err := a.readObject(ctx, a.folder(keysRoot)+day+"/"+id+objectSuffix, &k)
	if errors.Is(err, storage.ErrNotExist) {
		return nil, &Refusal{Reason: NotFound}
	}
	if err == nil && !k.is(id, a.opts.Service) {
		err = fmt.Errorf("key %s in the store: %w", id, errDamaged)
	}
	if err != nil {
		return nil, err
	}
	return &Grant{
		ID: k.ID, Kid: k.Kid, Issuer: k.Issuer, Subject: k.Subject, Service: k.Service,
		Scope: Scope{Sessions: k.Sessions, From: k.From, Until: k.Until}, Purpose: k.Purpose,
		Issued: k.Issued, Expires: k.Expires, Client: Binding{IP: k.IP, Thumbprint: k.JKT}, MaxFrames: k.MaxFrames,
	}, nil
}

// errDamaged says that an object is not as this package writes it: who can write
// the store has put it there.
var errDamaged = errors.New("it is not as it was written: see who can write to the store")

// is says whether k can be what was kept of the key of that id. Whatever is done
// about it must be done about that one.
func (k *kept) is(id, service string) bool {
	u, err := uuid.Parse(id)
	return err == nil && k.ID == id && k.Service == service && k.Issued.UnixMilli() == issuedAt(u) && len(k.Sessions) > 0 &&
		k.Issued.Before(k.Expires) && k.Expires.Sub(k.Issued) <= MaxLifetime &&
		k.Subject != "" && fits(k.Issuer, maxName) && fits(k.Subject, maxName) && fits(k.Purpose, MaxPurpose) &&
		kidForm.MatchString(k.Kid) && (k.JKT == "" || thumbprint.MatchString(k.JKT)) && fits(k.IP, maxName) &&
		!slices.ContainsFunc(k.Sessions, func(s string) bool { return !sessionID.MatchString(s) })
}

// barely is what a key's id alone tells of it.
func (a *Authority) barely(id string) *Grant {
	issued := time.UnixMilli(issuedAt(uuid.MustParse(id))).UTC()
	return &Grant{ID: id, Service: a.opts.Service, Issued: issued, Expires: issued.Add(MaxLifetime)}
}

// revocation reads the revocation of a key; the error is storage.ErrNotExist
// where there is none.
func (a *Authority) revocation(ctx context.Context, g *Grant) (v revocation, err error) {
	day, _ := dayOfID(g.ID)
	err = a.readObject(ctx, a.folder(revokedRoot)+day+"/"+g.ID+objectSuffix, &v)
	if err == nil && !v.is(g, a.clock.now()) {
		err = fmt.Errorf("the revocation of key %s in the store: %w", g.ID, errDamaged)
	}
	return v, err
}

// is says whether v can be what was said of a key until now. It goes into the
// record.
func (v *revocation) is(g *Grant, now time.Time) bool {
	_, named := dayOfID(v.Record)
	return v.ID == g.ID && named && !v.Time.Before(g.Issued.Add(-skew)) && !v.Time.After(now.Add(skew)) &&
		fits(v.Why, maxSaid) && fits(v.By, maxSaid) &&
		(v.Identity == nil || v.Identity.Subject != "" && fits(v.Identity.Issuer, maxSaid) && fits(v.Identity.Subject, maxSaid))
}

// maxSaid bounds what a revocation may say of who and why, each, in bytes.
const maxSaid = 4 << 10

var kidForm = regexp.MustCompile(`^[0-9a-f]{16}$`)

func (a *Authority) create(ctx context.Context, name string, v any) error {
	text, err := json.Marshal(v)
	if err == nil {
		err = a.opts.Store.Create(ctx, name, bytes.NewReader(append(text, '\n')))
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

func (a *Authority) readObject(ctx context.Context, name string, v any) error {
	text, err := storage.Read(ctx, a.opts.Store, name, maxObject)
	if err == nil && json.Unmarshal(text, v) != nil {
		err = errDamaged
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", name, err)
	}
	return nil
}
