package ledger

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/storage"
)

// holdFolder has two write-once objects for each legal hold: one that begins
// it, and one that ends it.
const (
	holdFolder   = "holds"
	holdSuffix   = ".json"
	endedSuffix  = ".released.json"
	holdTextMost = 1024
)

// Hold is a legal hold: whole segments stay, whatever their age, as long as any
// of their records is within the hold's times.
type Hold struct {
	// ID names it. [Log.Hold] makes it.
	ID string `json:"id"`
	// From and Until bound the records by their times, From included. The zero
	// time is no bound.
	From  time.Time `json:"from,omitzero"`
	Until time.Time `json:"until,omitzero"`
	// Why is the reason, By who asked for it, as far as they said.
	Why string `json:"why"`
	By  string `json:"by"`
	// Since is when it began.
	Since time.Time `json:"since"`
	// Released says when it ended; zero while it is in force.
	Released time.Time `json:"released,omitzero"`
}

// release is what ends a hold.
type release struct {
	Why   string    `json:"why"`
	By    string    `json:"by"`
	Since time.Time `json:"since"`
}

func (h *Hold) inForce() bool { return h.Released.IsZero() }

// unbounded says whether the hold reaches any segment.
func (h *Hold) unbounded() bool { return h.From.IsZero() && h.Until.IsZero() }

// reaches says whether the hold is, or was, of a segment with these times.
func (h *Hold) reaches(t period) bool {
	return (h.Until.IsZero() || t.from.Before(h.Until)) && (h.From.IsZero() || !t.until.Before(h.From))
}

// Hold places a legal hold and returns its id. It is on record before it is in
// force, and in force when Hold returns: a purge under way either removed a
// segment before, or leaves it. A store that can keep things itself is told to,
// see [Log.KeepHeld]; what goes wrong with that is no part of the hold, and goes
// to OnProblem. The error may be an [AskError].
func (l *Log) Hold(ctx context.Context, h Hold) (id string, err error) {
	if err := checkWords(h.Why, h.By); err != nil {
		return "", err
	}
	if !h.From.IsZero() && !h.Until.IsZero() && !h.From.Before(h.Until) {
		return "", AskError("the hold ends before it begins")
	}
	if id, err = l.hold(ctx, h); err != nil {
		return "", fmt.Errorf("placing a hold: %w", err)
	}
	if err := l.KeepHeld(ctx); err != nil {
		l.problem(err)
	}
	return id, nil
}

func (l *Log) hold(ctx context.Context, h Hold) (id string, err error) {
	l.retention.Lock()
	defer l.retention.Unlock()
	h.ID, h.Since, h.Released = newHoldID(), time.Now().UTC(), time.Time{}
	err = l.tellRetention(ctx, record.RetentionHeld, record.Retention{Hold: h.ID, From: bound(h.From), Until: bound(h.Until), Why: h.Why, By: h.By})
	if err == nil {
		err = l.createJSON(ctx, holdFolder+"/"+h.ID+holdSuffix, h)
	}
	return h.ID, err
}

// Release ends a legal hold. The error wraps [fs.ErrNotExist] when there is
// none of that id in force; it may be an [AskError].
func (l *Log) Release(ctx context.Context, id, why, by string) error {
	if err := checkWords(why, by); err != nil {
		return err
	}
	if err := l.release(ctx, id, why, by); err != nil {
		return fmt.Errorf("releasing hold %s: %w", id, err)
	}
	if err := l.letGo(ctx, id); err != nil {
		l.problem(err)
	}
	return nil
}

func (l *Log) release(ctx context.Context, id, why, by string) error {
	l.retention.Lock()
	defer l.retention.Unlock()
	holds, err := holds(l.storeSource())
	if err != nil {
		return err
	}
	i := slices.IndexFunc(holds, func(h Hold) bool { return h.ID == id && h.Released.IsZero() })
	if i < 0 {
		return noHold{}
	}
	err = l.tellRetention(ctx, record.RetentionReleased, record.Retention{Hold: id, Why: why, By: by})
	if err == nil {
		err = l.createJSON(ctx, holdFolder+"/"+id+endedSuffix, release{why, by, time.Now().UTC()})
	}
	return err
}

// noHold says that no such hold is in force.
type noHold struct{}

func (noHold) Error() string { return "no such hold is in force" }

func (noHold) Unwrap() error { return fs.ErrNotExist }

// Holds lists the legal holds of the log in fsys, its own folder, oldest first,
// those that are over too.
func Holds(fsys fs.FS) ([]Hold, error) { return holds(fsSource{fsys}) }

func holds(src source) ([]Hold, error) {
	names, err := src.list(holdFolder)
	if err != nil {
		return nil, fmt.Errorf("listing holds: %w", err)
	}
	var all []Hold
	ended := map[string]time.Time{}
	for _, name := range names {
		text, err := readSmall(src.open(name))
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		base := strings.TrimPrefix(name, holdFolder+"/")
		if id, ok := strings.CutSuffix(base, endedSuffix); ok {
			var r release
			if err := json.Unmarshal(text, &r); err != nil {
				return nil, fmt.Errorf("reading %s: %w", name, err)
			}
			ended[id] = r.Since
			continue
		}
		var h Hold
		if err := json.Unmarshal(text, &h); err != nil || h.ID+holdSuffix != base {
			// What cannot be read may keep anything: nothing is purged.
			return nil, fmt.Errorf("%s is damaged: restore it from a backup", name)
		}
		all = append(all, h)
	}
	for i := range all {
		all[i].Released = ended[all[i].ID]
	}
	slices.SortFunc(all, func(a, b Hold) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.ID, b.ID)) })
	return all, nil
}

func newHoldID() string { return uuid.Must(uuid.NewV7()).String() }

// checkWords bounds what people say, which goes into records.
func checkWords(words ...string) error {
	for _, w := range words {
		if len(w) > holdTextMost {
			return AskError(fmt.Sprintf("a reason or name of %d bytes is longer than %d", len(w), holdTextMost))
		}
	}
	return nil
}

func bound(t time.Time) *record.Time {
	if t.IsZero() {
		return nil
	}
	return &record.Time{Time: t.UTC()}
}

// tellRetention commits a retention record.
func (l *Log) tellRetention(ctx context.Context, t record.Type, what record.Retention) error {
	r := record.New(t)
	r.Retention = &what
	return l.commitOwn(ctx, t, r.AppendFields(nil))
}

// createJSON writes a small object, or finds the same one there and makes sure
// that it is durable: its maker may not have got to that.
func (l *Log) createJSON(ctx context.Context, name string, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return storage.CreateAll(ctx, l.opts.Store, []storage.Object{{Name: l.prefix + name, Data: append(text, '\n')}})
}
