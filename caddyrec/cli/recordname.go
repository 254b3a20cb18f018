package cli

import (
	"bytes"
	"fmt"
	"strconv"

	"github.com/caddyrec/caddyrec/record"
)

// recordName is how the command line names records: by seq, or by the id of
// the record, of its exchange or of its approval.
type recordName struct {
	seq uint64
	id  string // empty: by seq
}

func (n recordName) String() string {
	if n.id != "" {
		return n.id
	}
	return strconv.FormatUint(n.seq, 10)
}

func parseName(text string) (recordName, error) {
	if seq, err := strconv.ParseUint(text, 10, 63); err == nil {
		return recordName{seq: seq}, nil
	}
	id, err := parseID(text)
	if err != nil {
		return recordName{}, fmt.Errorf("%q is neither a sequence number nor an id: see caddy rec ls", text)
	}
	return recordName{id: id}, nil
}

// collection collects the records that a name means. A record of that very id
// goes before those that only belong to what it names.
type collection struct {
	name    recordName
	exact   []item
	related []item
}

func (c *collection) see(it item) error {
	r := it.record
	if c.name.id == "" {
		if r.Seq == c.name.seq {
			c.exact = append(c.exact, keep(it))
		}
		return errEnough
	}
	switch {
	case r.ID == c.name.id:
		// One record may stand twice when a crash came between the log and the
		// approval it tells of, so the search goes on.
		c.exact = append(c.exact, keep(it))
	case r.Exchange == c.name.id || isApproval(r, c.name.id):
		c.related = append(c.related, keep(it))
	}
	return nil
}

func isApproval(r *record.Record, id string) bool { return r.Approval != nil && r.Approval.ID == id }

func keep(it item) item {
	it.line = bytes.Clone(it.line)
	return it
}

func (c *collection) found() []item {
	if len(c.exact) > 0 {
		return c.exact
	}
	return c.related
}
