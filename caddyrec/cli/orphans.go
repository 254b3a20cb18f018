package cli

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
)

// Bounds of what a listing of orphans holds at once: that many intents whose
// outcome is still looked for, and that many rows of a table.
const (
	maxOpenIntents = 1 << 17
	maxHeldRows    = 1000
)

// orphans lists the intents that no outcome followed. However many there are,
// it holds a bounded number: the log is read again for the next ones.
func (l *list) orphans() error {
	found := orphanage{want: l.want, limit: maxOpenIntents}
	return l.orphansOf(&found)
}

func (l *list) orphansOf(found *orphanage) error {
	out := newPrinter(l.con, l.json, l.open)
	rows := orphanRows{list: l, out: out}
	newest := newSeqs(l.last)
	for from := l.src.since(l.want.begin()); ; from = found.next {
		readErr := found.look(l.src, from)
		for _, seq := range found.orphans() {
			newest.add(seq)
		}
		last := readErr != nil || !found.full
		if l.last == 0 || last {
			if err := rows.print(newest.take(), found.ended, last); err != nil {
				return err
			}
		}
		if readErr != nil {
			return broken(l.src, readErr)
		}
		if last {
			break
		}
	}
	if found.count == 0 {
		l.con.say("Every intent has its outcome.")
		return nil
	}
	return negative(fmt.Sprintf("%d %s without an outcome: %d lost, %d open", found.count,
		plural(found.count, "intent", "intents"), found.lost, found.count-found.lost))
}

// orphanage finds intents without an outcome, a bounded number in one look.
type orphanage struct {
	want  filter
	limit int

	open  map[string]uint64 // seq of intents, by exchange
	full  bool              // there are more, from next on
	next  uint64
	ended uint64 // seq at which the last gateway that has ended did: intents before it are lost

	count, lost int // in all looks
}

// look reads the log from a record on, to its end: an outcome may come late.
func (o *orphanage) look(src *source, from uint64) error {
	o.open, o.full = map[string]uint64{}, false
	return src.toTheEndFrom(from, func(l ledger.Line) error {
		if outcome, ok := plainOutcome(l.Raw); ok {
			delete(o.open, outcome)
			return nil
		}
		if it, ok := wanted(filter{types: tellsOfIntents}, l); ok {
			o.see(it)
		}
		return nil
	})
}

// tellsOfIntents are the types that see takes in.
var tellsOfIntents = []string{
	string(record.Intent), string(record.ExchangeType), string(record.Denied), "approval",
	string(record.GatewayStarted), string(record.GatewayStopped),
}

// plainOutcome is the exchange of a line that tells an outcome by its type
// alone, which needs no parsing.
func plainOutcome(line []byte) (exchange string, ok bool) {
	head, ok := headOf(line)
	if !ok {
		return "", false
	}
	if !isPlainOutcome(record.Type(head.typ)) {
		return "", false
	}
	_, quoted := record.Belonging(line)
	return string(bytes.Trim(quoted, `"`)), true
}

func isPlainOutcome(t record.Type) bool {
	return t == record.ExchangeType || t == record.Denied || t == record.ApprovalExpired
}

func (o *orphanage) see(it item) {
	r := it.record
	switch {
	case r.Type == record.Intent:
		if o.full || !o.want.wants(r) || !o.want.mayWant(it.line) {
			return
		}
		if len(o.open) == o.limit {
			o.full, o.next = true, r.Seq
			return
		}
		o.open[r.Exchange] = r.Seq
	case isOutcome(r):
		delete(o.open, r.Exchange)
	case r.Type == record.GatewayStarted || r.Type == record.GatewayStopped:
		// One process has a log at a time, and stops when its last request is
		// done: nothing of before is still under way.
		o.ended = r.Seq
	}
}

// isOutcome says whether a record tells what became of the request of its
// exchange: it was answered, or refused, or will never run.
func isOutcome(r *record.Record) bool {
	return isPlainOutcome(r.Type) || r.Type == record.ApprovalDecided && r.Approval != nil && r.Approval.State == "denied"
}

// orphans are the intents that are left after a look, in order.
func (o *orphanage) orphans() []uint64 {
	seqs := slices.Sorted(maps.Values(o.open))
	lost, _ := slices.BinarySearch(seqs, o.ended)
	o.count, o.lost = o.count+len(seqs), o.lost+lost
	return seqs
}

// seqs keeps sequence numbers: the newest n, or all.
type seqs struct {
	n   int // 0: all
	all []uint64
}

func newSeqs(n int) *seqs { return &seqs{n: n} }

func (s *seqs) add(seq uint64) {
	if s.all = append(s.all, seq); s.n > 0 && len(s.all) > s.n {
		s.all = s.all[1:]
	}
}

func (s *seqs) take() []uint64 {
	all := s.all
	s.all = nil
	return all
}

// orphanRows prints intents by their seqs.
type orphanRows struct {
	list *list
	out  *printer
	live bool // rows are printed at once
}

var (
	markOpen = &cell{"open", warn}
	markLost = &cell{"lost", bad}
)

// print reads the records again and prints them. Of a table, few are held until
// the last, so that its columns fit.
func (p *orphanRows) print(seqs []uint64, ended uint64, last bool) error {
	if !p.live && (!last || len(seqs) > maxHeldRows) {
		p.live = true
		if err := p.out.live(true); err != nil {
			return err
		}
	}
	if len(seqs) == 0 {
		return nil
	}
	err := ledger.Walk(p.list.src, seqs[0], func(l ledger.Line) error {
		if l.Seq != seqs[0] {
			return nil
		}
		it, _ := wanted(filter{}, l)
		if it.mark = markOpen; l.Seq < ended {
			it.mark = markLost
		}
		if err := p.out.item(it); err != nil {
			return err
		}
		if seqs = seqs[1:]; len(seqs) == 0 {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return broken(p.list.src, err)
	}
	if last && !p.live {
		return p.out.live(false)
	}
	return nil
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
