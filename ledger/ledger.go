// Package ledger is an append-only, signed log of records.
//
// Its promise: a record that [Log.Commit] acknowledged is on the disk, has a
// place in one gapless sequence, and can be neither changed, lost nor reordered
// without [Verify] finding it, offline, with the log's files and one public key.
// That everything was put back to an older signed state is found with a
// checkpoint that was kept elsewhere, see [VerifyOptions].
//
// A record is one JSON object on one line. Every line carries the RFC 6962
// leaf hash of the line before; the leaf hash of a line is over its bytes
// without the newline. All leaves form one RFC 6962 tree, whose root is signed
// at least each second while records come (C2SP tlog-checkpoint), and whose
// hashes are kept as C2SP tlog-tiles when a segment is sealed. What was written
// since the last checkpoint that left the machine is protected only against
// people who cannot write the files and do not have the key.
//
// A log's folder holds:
//
//	lock                the process that writes the log
//	public.key          the key that its checkpoints are verified with
//	checkpoint          the newest checkpoint
//	checkpoints/<size>  one for each seal and each stop, write-once
//	keys/<size>         one for each change of the signing key, signed by both
//	open/<first>.ndjson the segment being written: records, then zeros
//	sealed/dt=…/hour=…/<first>.ndjson.gz  write-once, by the first record's time
//	tile/…              hashes of all sealed records
//	index/<first>.gz    where each session's records are in a sealed segment
//	holds/              legal holds, and what ended them
//	purged/             one for each segment that was removed by retention
//	conflict/           open segments whose sealed name something else had
//
// Without a disk, see [Options].Batches, it is all in the store: no lock, each
// batch as open/<first>.ndjson, and the newest checkpoint as latest/<size>.<n>.
//
// <first> is the seq of the segment's first record, so that a segment ends
// where the next one begins, whatever may lie behind in its file.
package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/storage"
)

// Options say where a log is and how it is written.
type Options struct {
	// Dir is the log's folder on a local disk. In a local store that is
	// ledger/<log> below the store's root. With Batches there is none.
	Dir string
	// Log is the log's name: 1 to 64 letters, digits, - and _.
	Log string
	// Store gets sealed segments, tiles and checkpoints, under ledger/<log>/.
	Store storage.Store
	// Batches, where it is not nil, is for a machine without a disk: the same
	// place as Store, in which each batch of records is created as an object of
	// its own and acknowledged when it is there. They are removed once they are
	// sealed, if it is a [storage.Retainer]. Instead of a lock it is the next
	// batch that keeps another process out: who finds another there stops, see
	// [ErrOtherWriter].
	Batches storage.Store
	// Keys sign the log.
	Keys *Keys
	// SealBytes and SealAfter are when a segment is sealed: at that many bytes,
	// at most 1 GiB, or that long after its first record. 0: 64 MiB, and 1 h, or
	// 10 min with Batches, so that there are not too many of them.
	SealBytes int64
	SealAfter time.Duration
	// CheckpointEvery is the longest time from a record to a checkpoint that
	// covers it. 0: 1 s.
	CheckpointEvery time.Duration
	// Wait is how long Open waits for another process that has the log open: a
	// command that puts something on record, or a gateway that is ending. 0: not
	// at all. With Batches there is no lock to wait for.
	Wait time.Duration
	// OnWait is told, once, that Open waits, and for which process: its id, or
	// "unknown".
	OnWait func(holder string)
	// OnCheckpoint is given each signed checkpoint, from one goroutine at a
	// time, and should return soon. One made at a seal may be of an older size
	// than the one before.
	OnCheckpoint func(note []byte)
	// OnProblem is given what went wrong without stopping the log: a failed
	// seal, a segment given up, a damaged sealed segment. It is called from one
	// goroutine at a time, which may be the one that commits: it must return
	// soon and not call the log.
	OnProblem func(error)
	// OnCommit is told of each batch that became durable: how many records, how
	// many bytes, how long the disk took. The goroutine that commits calls it.
	OnCommit func(records, bytes int, took time.Duration)
	// OnOwnRecord is told the type of each record that the log itself made
	// durable, about its retention and its recovery, rather than a caller of
	// Commit. It may be called at once by any number of goroutines, also within
	// Open.
	OnOwnRecord func(record.Type)

	disk  disk          // for tests; nil: Dir
	retry time.Duration // for tests; 0: 1 s. Between attempts while failing

	sealAgain time.Duration // for tests; 0: 2 s. After the first failed seal
}

func (o *Options) check() error {
	if err := checkLogName(o.Log); err != nil {
		return err
	}
	switch {
	case o.Dir == "" && o.Batches == nil:
		return errors.New("no folder given")
	case o.Dir != "" && o.Batches != nil:
		return errors.New("batches are in the store, and a folder is given too")
	case o.Store == nil:
		return errors.New("no store given")
	case o.Keys == nil || o.Keys.signer == nil:
		return errors.New("no keys given")
	case o.Keys.log != o.Log:
		return fmt.Errorf("the keys are of log %s", o.Keys.log)
	case o.SealBytes < 0 || o.SealBytes > 1<<30:
		return errors.New("segments are sealed at 1 GiB or less")
	case o.SealAfter < 0 || o.CheckpointEvery < 0 || o.Wait < 0:
		return errors.New("a time is negative")
	}
	setDefault(&o.SealBytes, 64<<20)
	if o.Batches != nil {
		setDefault(&o.SealAfter, 10*time.Minute)
	}
	setDefault(&o.SealAfter, time.Hour)
	setDefault(&o.CheckpointEvery, time.Second)
	setDefault(&o.retry, time.Second)
	setDefault(&o.sealAgain, 2*time.Second)
	return nil
}

// place is where the log is, for people.
func (o *Options) place() string {
	if o.Batches != nil {
		return "the store"
	}
	return o.Dir
}

func setDefault[T int64 | time.Duration](v *T, value T) {
	if *v == 0 {
		*v = value
	}
}

// Log is an open log. Make it with [Open], end it with Close. Its methods may
// be called at once by any number of goroutines.
type Log struct {
	opts   Options
	prefix string // of the log's objects in the store
	disk   disk
	lock   *os.File // nil without a folder, as root is
	root   *os.Root
	remote *remote // the disk, where it is a store

	queue     *queue
	committer committer
	committed chan struct{}  // closed when the committer has ended
	telling   sync.WaitGroup // of a recovery that cannot be recorded yet

	mu   sync.Mutex
	tree frontier  // of what is durable; changed by the committer only, under mu
	last tlog.Hash // leaf hash of its last record

	retention    sync.Mutex // held while a hold begins or ends, or a segment is purged
	onRecord     onRecord
	examined     examined
	storeHolds   storeHolds
	signing      signing
	sealer       sealer
	stopSealer   context.CancelFunc
	checkpointer checkpointer

	problems  sync.Mutex // held during OnProblem
	announced sync.Mutex // held during OnCheckpoint

	closing  sync.Once
	closed   chan struct{} // closed when all is done
	closeErr error
}

// commitOwn commits a record of the log's own.
func (l *Log) commitOwn(ctx context.Context, t record.Type, fields []byte) (Receipt, error) {
	receipt, err := l.Commit(ctx, fields)
	if err == nil && l.opts.OnOwnRecord != nil {
		l.opts.OnOwnRecord(t)
	}
	return receipt, err
}

// problem reports what went wrong but stops nothing.
func (l *Log) problem(err error) {
	if l.opts.OnProblem == nil {
		return
	}
	l.problems.Lock()
	defer l.problems.Unlock()
	l.opts.OnProblem(fmt.Errorf("ledger %s: %w", l.opts.Log, err))
}

// announce hands out a signed checkpoint.
func (l *Log) announce(signed []byte) {
	l.announceAll(func() [][]byte { return [][]byte{signed} })
}

// announceAll hands out what take gives, which nobody else does meanwhile.
func (l *Log) announceAll(take func() [][]byte) {
	l.announced.Lock()
	defer l.announced.Unlock()
	for _, signed := range take() {
		if l.opts.OnCheckpoint != nil {
			l.opts.OnCheckpoint(signed)
		}
	}
}
