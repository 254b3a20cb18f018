package cli

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/caddyrec/caddyrec/record"
)

// orphans lists the intents that no exchange followed.
func (l *list) orphans() error {
	found := orphanage{open: map[string]item{}}
	// An outcome may be of another type or status than the intent that is
	// asked for, so only the intents are filtered.
	readErr := l.src.each(filter{}, l.start(), func(it item) error {
		return found.see(it, l.want)
	})
	out := newPrinter(l.con, l.json)
	orphans := found.sorted()
	count := len(orphans)
	if l.last > 0 && count > l.last {
		orphans = orphans[count-l.last:]
	}
	if count > 0 {
		for _, it := range orphans {
			if err := out.item(it); err != nil {
				return err
			}
		}
		if err := out.live(false); err != nil {
			return err
		}
	}
	if readErr != nil {
		return broken(l.src, readErr)
	}
	if count == 0 {
		l.con.say("Every intent has its outcome.")
		return nil
	}
	return negative(fmt.Sprintf("%d %s without an outcome: %d lost, %d open", count,
		plural(count, "intent", "intents"), found.lost, count-found.lost))
}

// orphanage keeps the intents that no exchange has followed yet.
type orphanage struct {
	open map[string]item // by exchange
	lost int             // how many of them belong to a gateway that has ended
}

var (
	markOpen = &cell{"open", warn}
	markLost = &cell{"lost", bad}
)

func (o *orphanage) see(it item, want filter) error {
	r := it.record
	switch r.Type {
	case record.Intent:
		if want.wants(r) && want.mayWant(it.line) {
			it.line, it.mark = bytes.Clone(it.line), markOpen
			o.open[r.Exchange] = it
		}
	case record.ExchangeType:
		if it, ok := o.open[r.Exchange]; ok {
			if it.mark == markLost {
				o.lost--
			}
			delete(o.open, r.Exchange)
		}
	case record.GatewayStarted, record.GatewayStopped:
		// One process has a log at a time, and stops when its last request is
		// done: nothing of before is still under way.
		for id, it := range o.open {
			it.mark = markLost
			o.open[id] = it
		}
		o.lost = len(o.open)
	}
	return nil
}

func (o *orphanage) sorted() []item {
	return slices.SortedFunc(maps.Values(o.open), func(a, b item) int {
		return cmp.Compare(a.record.Seq, b.record.Seq)
	})
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
