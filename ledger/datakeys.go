package ledger

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A record that was encrypted is worth nothing without its data key, so the key,
// itself encrypted, is in the same segment: in the first record there that
// needs it. It is durable with that record, moves, is proved and is purged with
// it, and no other segment's purge can take it away.

// maxNeeds is how many data keys one record may need.
const maxNeeds = 2

// needs are the data keys of one record, as JSON.
type needs struct {
	n    int
	keys [maxNeeds]string
}

func (n *needs) set(keys []string) { n.n = copy(n.keys[:], keys) }

// carry adds to the line at hand the data keys that the segment, with what is
// before in the batch, does not hold yet. The segment of a batch is known: if
// there is none, the next is new.
func (c *committer) carry(n *needs) {
	const member = `,"data_keys":[`
	first := true
	for _, key := range n.keys[:n.n] {
		if c.seg != nil && slices.Contains(c.seg.keys, key) || slices.Contains(c.carried, key) {
			continue
		}
		if first {
			c.buf = append(c.buf, member...)
		} else {
			c.buf = append(c.buf, ',')
		}
		c.buf = append(c.buf, key...)
		c.carried, first = append(c.carried, key), false
	}
	if !first {
		c.buf = append(c.buf, ']')
	}
}

// checkRecord refuses fields and data keys that would break the log's lines.
func checkRecord(fields []byte, keys []string) error {
	if err := checkFields(fields); err != nil || len(keys) == 0 {
		return err
	}
	size, wrong := len(fields), ""
	for _, key := range keys {
		size += len(key) + 1
		if !strings.HasPrefix(key, `{"`) || !strings.HasSuffix(key, "}") || strings.ContainsAny(key, "\n\x00") {
			wrong = "needs a data key that is no JSON object on one line"
		}
	}
	switch {
	case len(keys) > maxNeeds:
		wrong = fmt.Sprintf("needs %d data keys; %d is the most", len(keys), maxNeeds)
	case size > MaxFields:
		wrong = fmt.Sprintf("of %d bytes with its data keys is longer than %d", size, MaxFields)
	}
	if wrong == "" {
		return nil
	}
	return &CommitError{Reason: reasonUnavailable, Err: errors.New("the record " + wrong)}
}
