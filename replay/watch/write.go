package watch

import (
	"encoding/json"
	"time"
)

// form is how a stream is written.
type form struct {
	media      string
	head, body string // before a frame's cursor, and between that and its JSON
	skip       int    // bytes of that JSON that body has already
	end        []byte // of a frame
	alive      []byte // between frames, so that the connection is seen to be alive
}

var (
	ndjson = form{"application/x-ndjson", `{"cursor":"`, `",`, len("{"), []byte("\n"), []byte("\n")}
	sse    = form{"text/event-stream", "id: ", "\nevent: frame\ndata: ", 0, []byte("\n\n"), []byte(":\n\n")}
)

func (s *Stream) form() *form {
	if s.SSE {
		return &sse
	}
	return &ndjson
}

// notice is what is told beside frames.
type notice struct {
	Event string `json:"event,omitempty"`
	// Left is how much of the key's life is left, in milliseconds.
	Left int64 `json:"left_ms,omitempty"`
	// Renew is where another key is to be had.
	Renew string `json:"renew,omitempty"`
	// Cursor is where to go on, as Last-Event-ID.
	Cursor string `json:"cursor,omitempty"`
}

// warn tells that the key will soon be over.
func (s *Stream) warn() error {
	s.expiring = nil
	return s.tell("key-expiring", notice{Left: s.lease.Remaining().Milliseconds(), Renew: s.server.Renew})
}

// tell tells something that is no frame, at once.
func (s *Stream) tell(event string, n notice) error {
	var text []byte
	if s.SSE {
		data, err := json.Marshal(n)
		if err != nil {
			return err
		}
		text = append(append([]byte("event: "+event+"\ndata: "), data...), "\n\n"...)
	} else {
		n.Event = event
		data, err := json.Marshal(n)
		if err != nil {
			return err
		}
		text = append(data, '\n')
	}
	if err := s.write(farewell, text); err != nil {
		return err
	}
	return s.flush()
}

// write writes within a time; whoever does not take it in by then is gone.
func (s *Stream) write(within time.Duration, parts ...[]byte) error {
	s.control.SetWriteDeadline(time.Now().Add(within))
	for _, part := range parts {
		if _, err := s.w.Write(part); err != nil {
			return errGone
		}
	}
	return nil
}

func (s *Stream) flush() error {
	s.unsent = 0
	if s.control.Flush() != nil {
		return errGone
	}
	return nil
}
