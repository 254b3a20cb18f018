package cli

import (
	"bytes"
	"strconv"
	"time"

	"github.com/tidwall/gjson"

	"github.com/caddyrec/caddyrec/record"
)

// Reading a record's JSON takes ten times as long as finding its line. So a line
// is first asked, by the text that every wanted one has, whether it is worth it.

// mayWant says, cheaply, whether a line is worth being parsed. Of what the
// gateway writes it passes over nothing that is wanted, nor what is no JSON,
// which is shown as that.
func (f *filter) mayWant(line []byte) bool {
	if f.exchange != "" && !bytes.Contains(line, []byte(f.exchange)) || f.name != "" && !bytes.Contains(line, []byte(f.name)) {
		return false
	}
	return f.mentions(line) || !gjson.ValidBytes(line)
}

// mentions says whether a line has all texts that one which is wanted has.
func (f *filter) mentions(line []byte) bool {
	head, ok := headOf(line)
	return (!ok || f.mayBeOf(head)) &&
		(f.sub == "" || bytes.Contains(line, append([]byte(`"sub":`), record.Quoted(f.sub)...))) &&
		(f.session == "" || f.mayBeOfSession(line)) &&
		(len(f.status) == 0 || f.mayHaveStatus(line))
}

// head is what the beginning of a line tells.
type head struct{ time, typ []byte }

// headOf reads the beginning of a line as the gateway writes it.
func headOf(line []byte) (h head, ok bool) {
	// No text before has a quote in it: a log's name, hashes and an id.
	_, rest, ok := bytes.Cut(line, []byte(`","time":"`))
	if !ok || len(rest) < len(timeLayout) {
		return h, false
	}
	h.time, rest = rest[:len(timeLayout)], rest[len(timeLayout):]
	if rest, ok = bytes.CutPrefix(rest, []byte(`","type":"`)); !ok {
		return h, false
	}
	h.typ, _, ok = bytes.Cut(rest, []byte(`"`))
	return h, ok
}

// timeLayout is how records tell the time: as texts they have the same order.
const timeLayout = "2006-01-02T15:04:05.000000Z"

func timeText(t time.Time) string { return t.UTC().Format(timeLayout) }

func (f *filter) mayBeOf(h head) bool {
	if !f.since.IsZero() && string(h.time) < timeText(f.since) || !f.until.IsZero() && string(h.time) > timeText(f.until) {
		return false
	}
	for _, t := range f.types {
		if isOfType(record.Type(h.typ), t) {
			return true
		}
	}
	return len(f.types) == 0
}

func (f *filter) mayBeOfSession(line []byte) bool {
	session, exchange := record.Belonging(line)
	if session != nil {
		return bytes.Equal(session, record.Quoted(f.session))
	}
	return exchange != nil && f.exchanges[string(bytes.Trim(exchange, `"`))]
}

func (f *filter) mayHaveStatus(line []byte) bool {
	for _, s := range f.status {
		digits := strconv.Itoa(s.from)
		if s.from != s.to {
			digits = digits[:1] // a class
		}
		if bytes.Contains(line, []byte(`"status":`+digits)) || bytes.Contains(line, []byte(`"replaced":`+digits)) {
			return true
		}
	}
	return false
}
