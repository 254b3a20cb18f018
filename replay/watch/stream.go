package watch

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/replay/frames"
)

// Lease is a key in use, as package provision has it.
type Lease interface {
	// Frame must be called before each frame, and says whether it may be shown.
	Frame() error
	// Remaining is how much of the key's life is left, by a clock that is not
	// set back.
	Remaining() time.Duration
	// Expiring is closed when a fifth of the key's life is left, Done when the
	// key is over; Err then says why.
	Expiring() <-chan struct{}
	Done() <-chan struct{}
	Err() error
}

// Server streams recordings.
type Server struct {
	Library *frames.Library
	Cursors *Cursors
	// Renew is where another key is to be had, as a path.
	Renew string
	// Ends is the word for why a key is good for no further frame, such as
	// expired or revoked; empty when the error is not about the key.
	Ends func(error) string
	// Failed is told what broke a stream off, beside its key and its reader.
	Failed func(error)
}

// Show is one stream.
type Show struct {
	Ask
	// Session is the recording's, Who the person that the key was issued to.
	Session string
	Who     *record.Identity
	// In says whether what happened at a time may be shown.
	In func(time.Time) bool
	// Closing ends the stream when it is closed, for the client to go on with
	// another; nil: nothing does.
	Closing <-chan struct{}
	// Back is called when the client's cursor is of before one that it has shown
	// already.
	Back func()
	// Over, if set, is given what ended the frames, before the reader is told.
	Over func(error)
}

// What a reader may do to a stream.
const (
	writeWithin = 10 * time.Second      // or it is too slow
	lateMost    = 50 * time.Millisecond // how long after the key's end a frame may be under way
	farewell    = time.Second           // for the last words
	aliveEvery  = 15 * time.Second      // something is written, so that the connection is seen to be alive
	flushEvery  = 32 << 10              // bytes, when frames come at once
)

// ErrForeignCursor says that a cursor was not signed for this person and
// recording.
var ErrForeignCursor = &AskError{"the cursor in Last-Event-ID is not one of this recording that you were given"}

// Prepare finds the recording and says where the stream begins, before anything
// is written. The error is an [*AskError], or wraps fs.ErrNotExist, or is of the
// store.
func (s *Server) Prepare(ctx context.Context, show *Show) (*Stream, error) {
	st := &Stream{server: s, Show: show, cursor: s.Cursors.signer(show.Who, show.Session)}
	after, resumed := uint64(0), false
	if show.Cursor != "" {
		if after, resumed = st.cursor.read(show.Cursor); !resumed {
			return nil, ErrForeignCursor
		}
	}
	var err error
	if st.recording, err = s.Library.Open(ctx, show.Session); err != nil {
		return nil, err
	}
	st.next = show.FromFrame
	if resumed {
		if s.Cursors.back(st.cursor.of, after) && show.Back != nil {
			show.Back()
		}
		st.next = max(st.next, st.recording.Find(after+1))
		st.last = append([]byte(nil), show.Cursor...)
	}
	st.pace.Speed = show.Speed
	return st, nil
}

// Stream is a stream that is about to begin.
type Stream struct {
	*Show
	server    *Server
	recording *frames.Recording
	cursor    signer
	next      int
	last      []byte // cursor; empty: nothing was shown yet
	pace      frames.Pace

	w        http.ResponseWriter
	control  *http.ResponseController
	lease    Lease
	expiring <-chan struct{} // nil once it was told
	timer    *time.Timer
	buf      []byte
	unsent   int // bytes since the last flush
}

// Head sets the header fields of the stream's answer.
func (s *Stream) Head(h http.Header) {
	h.Set("Content-Type", s.form().media)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Accel-Buffering", "no")
}

// Serve writes the stream until it ends, the key does, or the reader is gone or
// too slow.
func (s *Stream) Serve(ctx context.Context, w http.ResponseWriter, lease Lease) {
	s.w, s.control, s.lease, s.expiring = w, http.NewResponseController(w), lease, lease.Expiring()
	s.timer = time.NewTimer(time.Hour)
	defer s.timer.Stop()
	defer s.control.SetWriteDeadline(time.Time{})
	s.Head(w.Header())
	if s.Live {
		defer s.server.Library.Watch()()
	}
	err := s.run(ctx)
	if s.Over != nil {
		s.Over(err)
	}
	switch {
	case errors.Is(err, errGone):
	case errors.Is(err, errEnd):
		s.tell("end", notice{Cursor: string(s.last)})
	case errors.Is(err, errClosing):
		s.tell("reconnect", notice{Cursor: string(s.last)})
	case s.server.Ends(err) != "":
		s.tell("key-"+s.server.Ends(err), notice{Renew: s.server.Renew, Cursor: string(s.last)})
	default:
		s.server.Failed(err)
		s.tell("failed", notice{Cursor: string(s.last)})
	}
}

// How a stream ends, beside what the lease and the ledger say.
var (
	errEnd     = errors.New("the recording has ended")
	errClosing = errors.New("the server is closing")
	errGone    = errors.New("the reader is gone, or too slow")
)

// run shows frames until something ends it.
func (s *Stream) run(ctx context.Context) error {
	refreshed := false // since it came to the end of what was known
	for {
		changed := s.server.Library.Changed()
		f, err := s.recording.Frame(ctx, s.next)
		switch {
		case errors.Is(err, frames.ErrEnd) && !s.Live && refreshed:
			return errEnd
		case errors.Is(err, frames.ErrEnd) && !refreshed:
			refreshed = true
			err = s.recording.Refresh(ctx)
		case errors.Is(err, frames.ErrEnd):
			if err := s.await(ctx, changed, aliveEvery); err != nil {
				return err
			}
			err = s.recording.Refresh(ctx)
		case err == nil && (f.Time.Before(s.FromTime) || s.In != nil && !s.In(f.Time)):
			s.next++
		case err == nil:
			err = s.show(ctx, &f)
		}
		if err != nil && ctx.Err() != nil {
			return errGone
		}
		if err != nil {
			return err
		}
	}
}

// show shows a frame when it is due, if it may be shown then.
func (s *Stream) show(ctx context.Context, f *frames.Shown) error {
	if wait := time.Until(s.pace.Due(f.At)); wait > 0 {
		if err := s.await(ctx, nil, wait); err != nil {
			return err
		}
	}
	select {
	case <-s.Closing:
		return errClosing
	case <-s.expiring:
		if err := s.warn(); err != nil {
			return err
		}
	default:
	}
	if err := s.lease.Frame(); err != nil {
		return err
	}
	first := len(s.last) == 0
	s.last = s.cursor.append(s.last[:0], f.Seq)
	form := s.form()
	s.buf = append(append(append(s.buf[:0], form.head...), s.last...), form.body...)
	rest := f.JSON[form.skip:]
	within := min(writeWithin, s.lease.Remaining()+lateMost)
	if err := s.write(within, s.buf, rest, form.end); err != nil {
		return err
	}
	s.next++
	if s.unsent += len(rest); first || s.unsent > flushEvery {
		return s.flush()
	}
	return nil
}

// await waits for a time, or for more to come, and tells meanwhile what there is
// to tell.
func (s *Stream) await(ctx context.Context, more <-chan struct{}, most time.Duration) error {
	if err := s.flush(); err != nil {
		return err
	}
	for end := time.Now().Add(most); ; {
		s.timer.Reset(min(time.Until(end), aliveEvery))
		select {
		case <-ctx.Done():
			return errGone
		case <-s.Closing:
			return errClosing
		case <-s.lease.Done():
			return s.lease.Err()
		case <-s.expiring:
			if err := s.warn(); err != nil {
				return err
			}
		case <-more:
			return nil
		case <-s.timer.C:
			if more == nil && time.Until(end) <= 0 {
				return nil
			}
			if err := errors.Join(s.write(writeWithin, s.form().alive), s.flush()); err != nil {
				return err
			}
			if time.Until(end) <= 0 {
				return nil
			}
		}
	}
}
