package ledger

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyrec/caddyrec/record"
)

// indexTable says where the records of each session are, among those that were
// added to it. Records that carry no session, such as votes on an approval, are
// of the session that their exchange is of; where no record among them tells
// that, they are known by their exchange.
type indexTable struct {
	sessions  map[string]*seqSet // by their JSON strings
	exchanges map[string]*seqSet // of records without a session, by their JSON strings

	seed maphash.Seed
	of   map[uint64]*seqSet // by the hash of an exchange, the session it is of

	subjects subjectTable
}

func newIndexTable() *indexTable {
	return &indexTable{
		sessions: map[string]*seqSet{}, exchanges: map[string]*seqSet{},
		seed: maphash.MakeSeed(), of: map[uint64]*seqSet{},
		subjects: subjectTable{seen: map[string]*period{}},
	}
}

// withoutSession begins the types of records that are of a session, but carry an
// exchange only.
var withoutSession = []byte(`"type":"approval.`)

// beginningOf is so much of a line that its type is in it.
func beginningOf(line []byte) []byte { return line[:min(len(line), 512)] }

// add takes in one record. Seqs come in ascending order.
func (t *indexTable) add(seq uint64, line []byte) {
	session, exchange := record.Belonging(line)
	switch {
	case session != nil:
		set := setOf(t.sessions, session)
		set.add(seq)
		if exchange != nil {
			t.of[maphash.Bytes(t.seed, exchange)] = set
		}
		t.subjects.add(line, session)
	case exchange != nil:
		if bytes.Contains(beginningOf(line), withoutSession) {
			setOf(t.exchanges, exchange).add(seq)
		}
	}
}

func setOf(m map[string]*seqSet, key []byte) *seqSet {
	set := m[string(key)]
	if set == nil {
		set = new(seqSet)
		m[string(key)] = set
	}
	return set
}

// The text of an index has a line for each session, then for each subject and
// session that it has records of, with the times of the first and the last, and
// then for each exchange whose session is not known, in the order of their ids:
//
//	session "s_1" 12,14-17
//	subjects
//	subject "ana" "https://id.example.com" "s_1" 2026-11-21T18:00:00.000000Z 2026-11-21T18:09:00.000000Z
//	exchange "019aa7a0-…" 20
//
// Those of before there were subjects in it are without the lines that begin
// with that.
const (
	indexSession  = "session "
	indexSubjects = "subjects\n"
	indexSubject  = "subject "
	indexExchange = "exchange "
)

// text is the table, always spelled in the same way.
func (t *indexTable) text() []byte { return t.spell(true) }

func (t *indexTable) spell(subjects bool) []byte {
	loose := map[string]*seqSet{}
	added := map[*seqSet][]uint64{}
	for exchange, set := range t.exchanges {
		if of := t.of[maphash.String(t.seed, exchange)]; of != nil {
			added[of] = slices.AppendSeq(added[of], set.all())
			continue
		}
		loose[exchange] = set
	}
	var b bytes.Buffer
	for _, id := range slices.Sorted(maps.Keys(t.sessions)) {
		set := t.sessions[id]
		if more := added[set]; more != nil {
			all := slices.AppendSeq(more, set.all())
			slices.Sort(all)
			set = new(seqSet)
			for _, seq := range slices.Compact(all) {
				set.add(seq)
			}
		}
		fmt.Fprintf(&b, "%s%s %s\n", indexSession, id, set)
	}
	if subjects {
		t.subjects.spell(&b)
	}
	for _, id := range slices.Sorted(maps.Keys(loose)) {
		fmt.Fprintf(&b, "%s%s %s\n", indexExchange, id, loose[id])
	}
	return b.Bytes()
}

// indexed gives what the text of an index has of one session or exchange.
func indexed(text []byte, kind string, id []byte) (seqs []uint64, err error) {
	want := append([]byte("\n"+kind), id...)
	want = append(want, ' ')
	rest, ok := bytes.CutPrefix(text, want[1:])
	if !ok {
		if _, rest, ok = bytes.Cut(text, want); !ok {
			return nil, nil
		}
	}
	set, _, _ := bytes.Cut(rest, []byte("\n"))
	return parseSeqs(string(set))
}

// looseIn gives the records that an index knows by their exchange only.
func looseIn(text []byte) (iter.Seq2[string, uint64], error) {
	at := 0
	if !bytes.HasPrefix(text, []byte(indexExchange)) {
		if at = bytes.Index(text, []byte("\n"+indexExchange)) + 1; at == 0 {
			return func(func(string, uint64) bool) {}, nil
		}
	}
	all := map[string][]uint64{}
	for line := range bytes.Lines(text[at:]) {
		entry := string(bytes.TrimSuffix(bytes.TrimPrefix(line, []byte(indexExchange)), []byte("\n")))
		space := strings.LastIndexByte(entry, ' ')
		if space < 0 {
			return nil, errIndexDamaged
		}
		seqs, err := parseSeqs(entry[space+1:])
		if err != nil {
			return nil, err
		}
		all[entry[:space]] = seqs
	}
	return func(yield func(string, uint64) bool) {
		for id, seqs := range all {
			for _, seq := range seqs {
				if !yield(id, seq) {
					return
				}
			}
		}
	}, nil
}

// seqSet is a set of ascending seqs, as runs.
type seqSet struct{ runs []seqRun }

type seqRun struct{ first, last uint64 }

func (s *seqSet) add(seq uint64) {
	if n := len(s.runs); n > 0 && s.runs[n-1].last+1 == seq {
		s.runs[n-1].last = seq
		return
	}
	s.runs = append(s.runs, seqRun{seq, seq})
}

func (s *seqSet) all() iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		for _, r := range s.runs {
			for seq := r.first; seq <= r.last; seq++ {
				if !yield(seq) {
					return
				}
			}
		}
	}
}

// below are those below end.
func (s *seqSet) below(end uint64) (seqs []uint64) {
	for seq := range s.all() {
		if seq >= end {
			break
		}
		seqs = append(seqs, seq)
	}
	return seqs
}

// String is what parseSeqs reads.
func (s *seqSet) String() string {
	var b []byte
	for i, r := range s.runs {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, r.first, 10)
		if r.last > r.first {
			b = strconv.AppendUint(append(b, '-'), r.last, 10)
		}
	}
	return string(b)
}
