package ledger

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/caddyrec/caddyrec/jsonscan"
)

// proof is a record that can be handed over without the rest of its log. As
// text it is the record's line and then a C2SP tlog-proof: the record's index,
// the hashes beside its way to the tree's root, the nearest first (RFC 6962
// section 2.1.1), and the signed checkpoint of that tree.
type proof struct {
	line   []byte // without the newline
	index  uint64
	hashes tlog.RecordProof
	signed []byte
}

const (
	proofHeader = "c2sp.org/tlog-proof@v1\n"
	proofIndex  = "index "
)

func (p *proof) text() []byte {
	var b bytes.Buffer
	b.Write(p.line)
	b.WriteString("\n" + proofHeader + proofIndex + strconv.FormatUint(p.index, 10) + "\n")
	for _, h := range p.hashes {
		b.WriteString(h.String() + "\n")
	}
	b.WriteByte('\n')
	b.Write(p.signed)
	return b.Bytes()
}

// parseProof takes a proof's text apart. It accepts one spelling only.
func parseProof(text []byte) (*proof, error) {
	line, rest, ok := bytes.Cut(text, []byte("\n"))
	if !ok || !bytes.HasPrefix(rest, []byte(proofHeader)) {
		return nil, errors.New("the file is no proof: a record's line comes first, then the line " + proofHeader[:len(proofHeader)-1])
	}
	p := &proof{line: line}
	next := func() (string, error) {
		line, after, ok := bytes.Cut(rest, []byte("\n"))
		if !ok {
			return "", errors.New("the proof is cut short")
		}
		rest = after
		return string(line), nil
	}
	rest = rest[len(proofHeader):]
	index, err := next()
	if err != nil {
		return nil, err
	}
	p.index, err = strconv.ParseUint(index[min(len(proofIndex), len(index)):], 10, 63)
	if err != nil || index != proofIndex+strconv.FormatUint(p.index, 10) {
		return nil, errors.New("the line of the record's index is damaged")
	}
	for {
		hash, err := next()
		if err != nil {
			return nil, err
		}
		if hash == "" {
			break
		}
		raw, err := base64.StdEncoding.Strict().DecodeString(hash)
		if err != nil || len(raw) != tlog.HashSize || len(p.hashes) == 64 {
			return nil, fmt.Errorf("hash %d is damaged", len(p.hashes)+1)
		}
		p.hashes = append(p.hashes, tlog.Hash(raw))
	}
	p.signed = rest
	return p, nil
}

// ProofReport is what there is to say of one record's proof.
type ProofReport struct {
	Log string `json:"log"`
	// Seq is the record's index in the log.
	Seq uint64 `json:"seq"`
	// Size is how many records the checkpoint is signed for.
	Size uint64 `json:"size"`
	// KeyHash is the id of the key that signed it, eight hex digits.
	KeyHash string `json:"key_hash"`
	// Anchors is how many checkpoints kept elsewhere are of that many records.
	Anchors int `json:"anchors"`
	// Record is the record's line, without the newline.
	Record []byte `json:"-"`
	// Problems are the faults; none: the record is in the log as signed. Beside
	// the kinds signature and damaged there are proof: the file is no proof, or
	// the record is not in the tree; and checkpoint: what was kept elsewhere
	// contradicts it, or tells nothing of it.
	Problems []Problem `json:"problems"`
}

func (r *ProofReport) add(kind, format string, args ...any) {
	r.Problems = append(r.Problems, Problem{Kind: kind, Seq: -1, Offset: -1, Detail: fmt.Sprintf(format, args...)})
}

// VerifyProof checks a file that [Prove] made, by itself and offline: that a
// log whose public keys are keys signed a tree with this very record at this
// place. Keys is as in [VerifyOptions]. The newest of them must have signed it:
// with a retired one, whoever stole that may have. Against are signed
// checkpoints that were kept elsewhere, as there; if any are given, one of them
// must be of the same tree, and none of another one of as many records.
//
// The error is for keys that cannot be used; a file that proves nothing is a
// report with problems.
func VerifyProof(file []byte, keys string, against ...[]byte) (*ProofReport, error) {
	ring, err := parseKeyring(keys)
	if err != nil {
		return nil, err
	}
	r := &ProofReport{Log: ring.log(), Problems: []Problem{}}
	p, err := parseProof(file)
	if err != nil {
		r.add(kindProof, "%v", err)
		return r, nil
	}
	r.Seq, r.Record = p.index, p.line
	r.checkRecord(p)
	c, err := ring.openInForce(p.signed)
	switch {
	case errors.Is(err, errRetiredKey):
		r.add(kindSignature, "the checkpoint is signed with a key that was retired, which may be in other hands by now: ask for the proof anew")
		return r, nil
	case errors.Is(err, errForeignKey):
		r.add(kindSignature, "the checkpoint is not signed with a key given: pass all keys of the log, as its key file has them since the last rotation")
		return r, nil
	case err != nil:
		r.add(kindSignature, "the checkpoint does not hold: %v", err)
		return r, nil
	}
	r.Size, r.KeyHash = c.size, ring.current().id()
	if p.index >= c.size {
		r.add(kindProof, "the checkpoint is signed for %d records, which record %d is not among", c.size, p.index)
	} else if tlog.CheckRecord(p.hashes, int64(c.size), c.root, int64(p.index), tlog.RecordHash(p.line)) != nil {
		r.add(kindProof, "the tree of %d records that was signed does not have this record at index %d: the record, its index or the hashes are changed", c.size, p.index)
	}
	if len(against) > 0 {
		r.hold(c, ring, against)
	}
	return r, nil
}

// hold holds the proof's checkpoint against those that were kept elsewhere.
// Only those of as many records tell something.
func (r *ProofReport) hold(c checkpoint, ring keyring, against [][]byte) {
	for _, signed := range against {
		kept, err := openCheckpoint(signed, ring)
		if err != nil || kept.size != c.size {
			continue
		}
		r.Anchors++
		if kept.root != c.root {
			r.add(kindCheckpoint, "the checkpoint kept elsewhere for %d records has another root: the proof is of another history", c.size)
			return
		}
	}
	if r.Anchors == 0 {
		r.add(kindCheckpoint, "none of the checkpoints kept elsewhere is of %d records, as the proof is: give one that is, or have the log itself verified against them", c.size)
	}
}

// checkRecord looks at the line by itself.
func (r *ProofReport) checkRecord(p *proof) {
	h, ok := parseHead(p.line)
	_, fault := jsonscan.Check(p.line, jsonscan.Limits{})
	switch {
	case fault != nil:
		r.add(kindDamaged, "the record is no strict JSON")
	case !ok:
		r.add(kindDamaged, "the record does not begin as records do")
	case string(h.log) != r.Log:
		r.add(kindDamaged, "the record is of log %q, the key of %q", h.log, r.Log)
	case h.seq != p.index:
		r.add(kindProof, "the record says that it is record %d, the proof is for index %d", h.seq, p.index)
	}
}
