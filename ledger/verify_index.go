package ledger

import (
	"bytes"
	"errors"
	"io/fs"
)

// checkIndex holds the index of an intact segment against its records, which
// were just counted. One that is not there is no fault: its segment is read
// instead.
func (v *verification) checkIndex(s *scan, end uint64) {
	if s.index == nil || v.broken {
		return
	}
	name := indexName(s.segment.first)
	x, err := readIndex(v.src, s.segment.first, v.keys)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		v.aboutFile(kindIndex, name, "it does not hold: %v", err)
	case x.end != end || x.root != v.edge.root():
		v.aboutFile(kindIndex, name, "it is of other records than those from %d to %d", s.segment.first, end-1)
	case !bytes.Equal(x.table, s.index.spell(listsSubjects(x.table))):
		v.aboutFile(kindIndex, name, "it does not have the sessions of the segment's records: whoever looked for one by it may not have seen all of it")
	}
}
