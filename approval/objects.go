package approval

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/caddyrec/caddyrec/storage"
)

// The names of a request's objects within its folder.
const (
	requestName        = "request.json"
	decisionName       = "decision.json"
	useName            = "use.json"
	votesFolder        = "votes/"
	votesSuffix        = ".json"
	root               = "approvals/"
	maxObject    int64 = 256 << 10 // bytes
	maxObjects         = 1000      // objects of one request
)

// ballot is a vote as it is written down. It exists only when its record is
// durable.
type ballot struct {
	Request string `json:"request"`
	Vote
	Record string `json:"record"`
}

// verdict is the winner at one of the two forks. Its record carries the id in
// Record, whoever writes it.
type verdict struct {
	Request string    `json:"request"`
	Outcome Status    `json:"outcome"`
	Time    time.Time `json:"time"`
	// Votes are the keys of the voters whose votes were counted.
	Votes  []string `json:"votes,omitempty"`
	Record string   `json:"record"`
}

// mark says that a verdict's record is durable. Its name tells the outcome.
type mark struct {
	Request string `json:"request"`
	Record  string `json:"record"`
}

// markName is the mark of an outcome.
func markName(outcome Status) string { return string(outcome) + ".json" }

// endedName says whether an object of this name means that nothing more can
// become of the request.
func endedName(name string) bool {
	return name == useName || name == markName(Denied) || name == markName(Expired)
}

// encode writes v in the one form that decode takes.
func encode[T any](v T) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	// Through a reader and back: bytes that are not UTF-8 change their form
	// once, and must have done so before they are stored.
	if err := json.Unmarshal(b, &v); err != nil {
		return nil, err
	}
	if b, err = json.Marshal(v); err != nil {
		return nil, err
	}
	if int64(len(b)) > maxObject {
		return nil, fmt.Errorf("%w: it takes %d bytes, %d is the most", ErrInvalid, len(b), maxObject)
	}
	return b, nil
}

// decode reads an object that encode wrote. Every other spelling of the same
// is refused with it: unknown, repeated or misspelt names, trailing data,
// another order.
func decode[T any](b []byte) (T, error) {
	var v, none T
	if err := json.Unmarshal(b, &v); err != nil {
		return none, errors.New("not the JSON of such an object")
	}
	again, err := json.Marshal(v)
	if err != nil || !bytes.Equal(again, b) {
		return none, errors.New("not as it was written")
	}
	return v, nil
}

// create makes the object once; the error is storage.ErrExist when it is there.
func create[T any](ctx context.Context, s *Service, id, name string, v T) error {
	b, err := encode(v)
	if err != nil {
		return fmt.Errorf("writing %s of approval %s: %w", name, id, err)
	}
	if err := s.store.Create(ctx, root+id+"/"+name, bytes.NewReader(b)); err != nil {
		return fmt.Errorf("writing %s of approval %s: %w", name, id, err)
	}
	return nil
}

// read reads one object of request id.
func read[T any](ctx context.Context, s *Service, id, name string) (T, error) {
	var none T
	r, err := s.store.Open(ctx, root+id+"/"+name)
	if err != nil {
		return none, fmt.Errorf("reading %s of approval %s: %w", name, id, err)
	}
	b, err := io.ReadAll(io.LimitReader(r, maxObject+1))
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return none, fmt.Errorf("reading %s of approval %s: %w", name, id, err)
	}
	if int64(len(b)) > maxObject {
		return none, fmt.Errorf("%s of approval %s is over %d bytes: %w", name, id, maxObject, ErrDamaged)
	}
	v, err := decode[T](b)
	if err != nil {
		return none, fmt.Errorf("%s of approval %s: %w: %w", name, id, err, ErrDamaged)
	}
	return v, nil
}

// names lists request id's objects.
func (s *Service) names(ctx context.Context, id string) ([]string, error) {
	var names []string
	prefix := root + id + "/"
	for name, err := range s.store.List(ctx, prefix) {
		if err != nil {
			return nil, fmt.Errorf("listing the objects of approval %s: %w", id, err)
		}
		if len(names) == maxObjects {
			return nil, fmt.Errorf("approval %s has over %d objects: %w", id, maxObjects, ErrDamaged)
		}
		names = append(names, strings.TrimPrefix(name, prefix))
	}
	return names, nil
}

// exists says whether err is a Create that lost.
func exists(err error) bool { return errors.Is(err, storage.ErrExist) }
