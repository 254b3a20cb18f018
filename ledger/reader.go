package ledger

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
)

// Reader reads single records, and those of single sessions, each through the
// log's proofs. It needs no lock, and works while the log is written. Its
// methods may be called at once by any number of goroutines.
type Reader struct {
	at   func(context.Context) source
	keys func(source) (keyring, error)
	size func() uint64 // of the log, where this process writes it; else nil

	tail openTail

	mu      sync.Mutex
	listed  *listing
	indexes map[string]*knownIndex // by segment
	held    int                    // bytes of all
}

// NewReader reads the log in a folder, or in a copy of one, or in a store, see
// [StoreFolder]. Keys are the public keys that are trusted, as in
// [VerifyOptions]; empty means the one beside the log.
func NewReader(fsys fs.FS, keys string) (*Reader, error) {
	given, err := trusted(keys)
	if err != nil {
		return nil, err
	}
	return &Reader{
		at:   func(context.Context) source { return fsSource{fsys} },
		keys: func(src source) (keyring, error) { return readKeys(src, given) },
		tail: openTail{reading: newTurns()},
	}, nil
}

// Reader reads this log, as it is in its store and its folder.
func (l *Log) Reader() *Reader {
	return &Reader{
		at:   func(ctx context.Context) source { return l.wholeSource(ctx) },
		keys: func(source) (keyring, error) { return l.signing.ring(), nil },
		size: func() uint64 { return l.treeNow().size },
		tail: openTail{reading: newTurns()},
	}
}

func trusted(keys string) (keyring, error) {
	if strings.TrimSpace(keys) == "" {
		return nil, nil
	}
	return parseKeyring(keys)
}

// readKeys are the keys that follow from those given, or else from the one
// beside the log.
func readKeys(src source, given keyring) (keyring, error) {
	if given == nil {
		text, err := readSmall(besideOf(src).open(publicKeyFile))
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", publicKeyFile, err)
		}
		if given, err = parseKeyring(string(text)); err != nil {
			return nil, fmt.Errorf("%s: %w", publicKeyFile, err)
		}
	}
	all, _, err := readSuccessions(src, given[0].Name())
	if err != nil {
		return nil, err
	}
	keys, _ := chain(given[0], all)
	if keys.find(given.current().text) < 0 {
		return given, nil // a log that goes on under other keys than those is not trusted
	}
	return keys, nil
}

// besideOf is where the public key and the newest checkpoint are: with the open
// segments.
func besideOf(src source) source {
	if whole, ok := src.(wholeSource); ok {
		return whole.folder
	}
	return src
}

// knownIndex is what is known of where the records of sessions are in a sealed
// segment.
type knownIndex struct {
	end     uint64
	table   []byte            // as [indexTable.text]
	before  [sha256.Size]byte // what its note says of the one before
	damaged []uint64          // records that may be of any session, when the segment was read for want of an index
}

// mostKnown bounds the indexes that a reader remembers, in bytes.
const mostKnown = 64 << 20

func (r *Reader) known(s segment) *knownIndex {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.indexes[s.name]
}

func (r *Reader) keep(s segment, x *knownIndex) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.indexes == nil {
		r.indexes = map[string]*knownIndex{}
	}
	if old := r.indexes[s.name]; old != nil {
		r.held -= len(old.table)
		delete(r.indexes, s.name)
	}
	if len(x.table) > mostKnown/4 {
		return
	}
	for name, other := range r.indexes { // any: it is read again when it is needed
		if r.held+len(x.table) <= mostKnown {
			break
		}
		r.held -= len(other.table)
		delete(r.indexes, name)
	}
	r.indexes[s.name] = x
	r.held += len(x.table)
}

// Proof says how far a record can be trusted.
type Proof string

// The proofs.
const (
	// Signed: a checkpoint signed with the key in force vouches for the record.
	Signed Proof = "signed"
	// Unsigned: the record follows the one before, and no checkpoint is signed
	// for it yet, which takes about a second.
	Unsigned Proof = "unsigned"
	// Damaged: the record is not what was signed, or nothing can be said of it.
	Damaged Proof = "damaged"
)

// Entry is a record as a [Reader] found it.
type Entry struct {
	Seq   uint64
	Proof Proof
	// Raw is the record's line, without the newline. It is nil for a damaged
	// one: what stands there is nobody's word.
	Raw []byte
	// Fault says what is wrong with a damaged record, for people; it has nothing
	// of the record in it.
	Fault string
	// Segment is the segment's name, below the log's folder.
	Segment string
	// Purged says that the record was removed by retention, and no fault.
	Purged bool
}

func damaged(seq uint64, segment, format string, args ...any) Entry {
	return Entry{Seq: seq, Proof: Damaged, Segment: segment, Fault: fmt.Sprintf(format, args...)}
}

// again does something that a seal under way may get in the way of: three times
// more if nothing has moved since, and as long as seals go on otherwise.
func (r *Reader) again(ctx context.Context, do func(*view) error) error {
	var before *listing
	var promised uint64
	for try, all := 0, 0; ; try, all = try+1, all+1 {
		v, err := r.view(ctx)
		if err == nil {
			if v.retried = before != nil && v.base == before.base && slices.Equal(v.open, before.open); !v.retried {
				try = 0
			}
			before, v.promised = v.listing, promised
			err = do(v)
			promised = v.beyond
		}
		if err == nil || !errors.Is(err, errMoved) && !errors.Is(err, fs.ErrNotExist) || try == 3 || all == mostMoves || ctx.Err() != nil {
			return err
		}
		r.forget()
	}
}

// mostMoves bounds how often a reader looks again at a log that always moves.
const mostMoves = 50

// errMoved says that a segment was sealed between two looks.
var errMoved = errors.New("a segment is being sealed: try again")
