package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/google/uuid"
)

// New begins a record of type t that happened now, with an ID of its own.
func New(t Type) *Record {
	return &Record{ID: NewID(), Time: Now(), Type: t}
}

// NewID returns a fresh UUID version 7: unique, and in the order of time.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// fields is a record without what the ledger puts on: the outer fields shadow
// the inner ones and stay nil.
type fields struct {
	*Record
	Seq  *uint64 `json:"seq,omitempty"`
	Prev *string `json:"prev,omitempty"`
	Log  *string `json:"log,omitempty"`
}

type encoder struct {
	buf bytes.Buffer
	enc *json.Encoder
}

var encoders = sync.Pool{New: func() any {
	e := new(encoder)
	e.enc = json.NewEncoder(&e.buf)
	// A body is kept as it came: < > & need no escape in a file.
	e.enc.SetEscapeHTML(false)
	return e
}}

// AppendFields appends r as one JSON object on one line, without seq, prev and
// log, in the form that the ledger commits.
func (r *Record) AppendFields(dst []byte) ([]byte, error) {
	e := encoders.Get().(*encoder)
	defer func() {
		if e.buf.Cap() <= 1<<20 { // one huge body must not stay in the pool
			e.buf.Reset()
			encoders.Put(e)
		}
	}()
	if err := e.enc.Encode(fields{Record: r}); err != nil {
		return dst, fmt.Errorf("encoding a record of type %s: %w", r.Type, err)
	}
	return append(dst, bytes.TrimSuffix(e.buf.Bytes(), []byte("\n"))...), nil
}

// Parse reads one record from a line of the ledger.
func Parse(line []byte) (*Record, error) {
	r := new(Record)
	if err := json.Unmarshal(line, r); err != nil {
		return nil, fmt.Errorf("reading a record: %w", err)
	}
	return r, nil
}
