package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/caddyrec/caddyrec/storage"
)

// indexFolder has a write-once object for each sealed segment that says where
// in it each session's records are. All in it follows from the segment: one
// that is missing, or that nobody vouches for, only means that the segment is
// read instead.
const indexFolder = "index"

func indexName(first uint64) string { return fmt.Sprintf("%s/%012d.gz", indexFolder, first) }

// mostIndex bounds an index, unpacked, in bytes.
const mostIndex = 256 << 20

// indexNote is what is signed of an index: that of the records [first,end) in
// the tree whose root was root after them, the table has that digest. Its first
// line is no log's origin, so that it is never taken for a checkpoint. Before is
// the digest of the note of the segment before; zero where that is not known.
// So the newest note, which the key in force has signed, vouches for those that
// were signed with keys that have been retired since.
type indexNote struct {
	first, end uint64
	root       tlog.Hash
	table      [sha256.Size]byte
	before     [sha256.Size]byte
}

func indexOrigin(key string) string { return key + " index" }

func (n *indexNote) text(key string) string {
	b64 := base64.StdEncoding.EncodeToString
	return indexOrigin(key) + "\n" + strconv.FormatUint(n.first, 10) + "\n" + strconv.FormatUint(n.end, 10) + "\n" +
		n.root.String() + "\n" + b64(n.table[:]) + "\n" + b64(n.before[:]) + "\n"
}

func parseIndexNote(text, key string) (n indexNote, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 7 {
		return n, errIndexDamaged
	}
	n.first, _ = strconv.ParseUint(lines[1], 10, 63)
	n.end, _ = strconv.ParseUint(lines[2], 10, 63)
	for i, to := range []*[sha256.Size]byte{(*[sha256.Size]byte)(&n.root), &n.table, &n.before} {
		raw, err := base64.StdEncoding.Strict().DecodeString(lines[3+i])
		if err != nil || len(raw) != sha256.Size {
			return n, errIndexDamaged
		}
		*to = [sha256.Size]byte(raw)
	}
	if n.text(key) != text || n.end <= n.first { // one spelling only
		return n, errIndexDamaged
	}
	return n, nil
}

// signedIndex is an index as it lies in the store.
type signedIndex struct {
	indexNote
	signed []byte
	table  []byte
	by     ringKey
}

// digest is what the note after it has as before.
func (x *signedIndex) digest() [sha256.Size]byte { return sha256.Sum256(x.signed) }

// pack makes the object: the signed note, an empty line, and the table.
func (x *signedIndex) pack() []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestSpeed) // the level is valid
	z.Write(x.signed)
	z.Write([]byte("\n"))
	z.Write(x.table)
	z.Close()
	return b.Bytes()
}

// readIndex reads the index of the segment that begins at first, and holds it
// against the keys of the log: one of them signed it, that may for so many
// records. Whether a retired key's word counts is for the caller to say.
func readIndex(src source, first uint64, keys keyring) (*signedIndex, error) {
	f, err := src.open(indexName(first))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, errIndexDamaged
	}
	object, err := io.ReadAll(io.LimitReader(z, mostIndex+1))
	if err != nil || len(object) > mostIndex {
		return nil, errIndexDamaged
	}
	// The note's text ends with an empty line, and so do its signatures.
	text, rest, ok := bytes.Cut(object, []byte("\n\n"))
	signatures, table, more := bytes.Cut(rest, []byte("\n\n"))
	if !ok || !more {
		return nil, errIndexDamaged
	}
	x := &signedIndex{signed: object[:len(text)+2+len(signatures)+1], table: table}
	if err := x.open(keys); err != nil {
		return nil, err
	}
	if x.first != first {
		return nil, fmt.Errorf("it is of the segment that begins at record %d", x.first)
	}
	return x, nil
}

func (x *signedIndex) open(keys keyring) error {
	verifiers := make([]note.Verifier, len(keys))
	for i, k := range keys {
		verifiers[i] = k
	}
	n, err := note.Open(x.signed, note.VerifierList(verifiers...))
	if err != nil {
		return fmt.Errorf("no key of the log signed it: %w", err)
	}
	if x.indexNote, err = parseIndexNote(n.Text, keys[0].Name()); err != nil {
		return err
	}
	if sha256.Sum256(x.table) != x.indexNote.table {
		return errors.New("its table is not the one that was signed")
	}
	for _, k := range keys {
		for _, s := range n.Sigs {
			if s.Hash == k.KeyHash() && x.end <= k.until {
				x.by = k
			}
		}
	}
	if x.by.Verifier == nil {
		return errors.New("it is signed with a key that was retired before")
	}
	return nil
}

// signIndex signs an index's note.
func (s *signing) signIndex(n *indexNote) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	signed, err := note.Sign(&note.Note{Text: n.text(s.signer.Name())}, s.signer)
	if err != nil {
		return nil, fmt.Errorf("signing the index of records %d to %d: %w", n.first, n.end-1, err)
	}
	return signed, nil
}

// lastIndex is the newest index that the sealer knows to be right.
type lastIndex struct {
	end    uint64
	digest [sha256.Size]byte
}

// restoreIndex finds the last index when the log is opened. Only the key in
// force vouches for it: the sealer is about to vouch for all before it.
func (s *sealer) restoreIndex() error {
	size := s.tiling.size
	if size == 0 {
		return nil
	}
	src := s.log.storeSource()
	sealed, err := segments(src, sealedFolder)
	if err != nil {
		return err
	}
	for i := len(sealed) - 1; i >= 0; i-- {
		if sealed[i].first >= size {
			continue
		}
		x, err := readIndex(src, sealed[i].first, s.log.signing.ring())
		if err == nil && x.end == size && x.by.until == noLimit {
			s.last = lastIndex{size, x.digest()}
		}
		return nil
	}
	return nil
}

// writeIndex writes a segment's index. Nothing depends on it but how soon a
// session is found: what keeps it from being written is told, and stops no seal.
func (s *sealer) writeIndex(ctx context.Context, p *pass) error {
	x := &signedIndex{table: p.index.text()}
	x.indexNote = indexNote{first: p.job.first, end: p.job.end, root: p.job.root, table: sha256.Sum256(x.table)}
	if s.last.end == p.job.first {
		x.before = s.last.digest
	}
	var err error
	if x.signed, err = s.log.signing.signIndex(&x.indexNote); err != nil {
		return err
	}
	object := storage.Object{Name: p.prefix + indexName(x.first), Data: x.pack()}
	err = storage.CreateAll(ctx, s.log.opts.Store, []storage.Object{object})
	if errors.Is(err, fs.ErrExist) {
		// It is from an attempt that was cut short, perhaps under another key.
		there, readErr := readIndex(s.log.storeSource(), x.first, s.log.signing.ring())
		if readErr == nil && there.end == x.end && there.root == x.root && bytes.Equal(there.table, x.table) && there.before == x.before {
			s.last = lastIndex{x.end, there.digest()}
			return nil
		}
		s.log.problem(fmt.Errorf("%w: the sessions in that segment are found by reading it", err))
		return nil
	}
	if err == nil {
		s.last = lastIndex{x.end, x.digest()}
	}
	return err
}
