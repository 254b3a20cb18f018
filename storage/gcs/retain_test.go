package gcs

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/storage"
	"github.com/caddyrec/caddyrec/storage/gcs/gcstest"
	"github.com/caddyrec/caddyrec/storage/storagetest"
)

func retain(mode Mode) func(*Options) {
	return func(o *Options) { o.Retention = Retention{mode, 400 * 24 * time.Hour} }
}

func TestStoreThatRetains(t *testing.T) {
	for _, mode := range []Mode{Locked, Unlocked} {
		t.Run(string(mode), func(t *testing.T) {
			storagetest.Run(t, func(t *testing.T) storage.Store { return open(t, gcstest.Start(t), retain(mode)) })
		})
	}
}

func TestRetainer(t *testing.T) {
	storagetest.RunRetainer(t, func(t *testing.T) storagetest.Retaining {
		server := gcstest.Start(t)
		return storagetest.Retaining{
			Free:    open(t, server),
			Locked:  open(t, server, func(o *Options) { o.Prefix = "kept"; retain(Locked)(o) }),
			Advance: func() { server.Advance(401 * 24 * time.Hour) },
		}
	})
}

func TestEachObjectIsRetainedFromItsCreationOn(t *testing.T) {
	for _, mode := range []Mode{Locked, Unlocked} {
		server := gcstest.Start(t)
		s := open(t, server, retain(mode))
		began := time.Now()
		for name, data := range map[string]string{"small": "x", "large": string(large)} {
			if err := s.Create(t.Context(), name, strings.NewReader(data)); err != nil {
				t.Fatal(err)
			}
			o, _ := server.Object(name)
			if least := began.Add(400 * 24 * time.Hour); o.Mode != string(mode) || o.RetainUntil.Before(least) || o.RetainUntil.After(least.Add(time.Minute)) {
				t.Errorf("%s is retained %q until %v", name, o.Mode, o.RetainUntil)
			}
		}
	}
}

func TestABucketThatCannotRetainIsNotWrittenTo(t *testing.T) {
	server := gcstest.Start(t)
	server.RefuseRetention()
	s := open(t, server, retain(Locked))
	if err := s.Create(t.Context(), "a", strings.NewReader("x")); err == nil || !strings.Contains(err.Error(), "retention") {
		t.Errorf("got %v", err)
	}
	if names := server.Names(); len(names) != 0 {
		t.Errorf("it holds %q", names)
	}
}

// Somebody holds the object after Delete has looked at it.
func TestAHoldThatComesInBetweenWins(t *testing.T) {
	server := gcstest.Start(t)
	s := open(t, server)
	if err := s.Create(t.Context(), "a", strings.NewReader("x")); err != nil {
		t.Fatal(err)
	}
	first := true
	server.Fail(func(c gcstest.Call) gcstest.Fault {
		if c.Op == "delete" && first {
			first = false
			server.Hold("a")
		}
		return gcstest.None
	})
	if err := s.Delete(t.Context(), "a"); !errors.Is(err, storage.ErrRetained) {
		t.Errorf("got %v, want ErrRetained", err)
	}
	if _, there := server.Object("a"); !there {
		t.Error("the object is gone")
	}
}

func TestChangesGoThroughLostAnswers(t *testing.T) {
	for _, op := range []string{"patch", "delete"} {
		for _, fault := range []gcstest.Fault{gcstest.LostAck, 503, 429} {
			server := gcstest.Start(t)
			s := open(t, server)
			if err := s.Create(t.Context(), "a", strings.NewReader("x")); err != nil {
				t.Fatal(err)
			}
			server.Fail(gcstest.Once(op, fault))
			if op == "patch" {
				if err := s.Hold(t.Context(), "a"); err != nil {
					t.Errorf("%s %d: %v", op, fault, err)
				}
				if o, _ := server.Object("a"); !o.Hold {
					t.Error("it is not held")
				}
				continue
			}
			if err := s.Delete(t.Context(), "a"); err != nil {
				t.Errorf("%s %d: %v", op, fault, err)
			}
			if names := server.Names(); len(names) != 0 {
				t.Errorf("it still holds %q", names)
			}
		}
	}
}

func TestChangesAreBounded(t *testing.T) {
	server := gcstest.Start(t)
	s := open(t, server, soon)
	server.Put("a", []byte("x"), nil)
	server.Fail(func(gcstest.Call) gcstest.Fault { return gcstest.Stall })
	for what, change := range map[string]func() error{
		"hold":   func() error { return s.Hold(t.Context(), "a") },
		"delete": func() error { return s.Delete(t.Context(), "a") },
	} {
		if err := change(); !errors.Is(err, errSlow) {
			t.Errorf("%s: got %v", what, err)
		}
	}
}
