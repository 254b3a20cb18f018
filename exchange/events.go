package exchange

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/caddyrec/caddyrec/masking"
	"github.com/caddyrec/caddyrec/record"
)

// maxMasked bounds what one record tells of the places in a body of many
// events or fields.
const maxMasked = 64

// splitter finds the ends of events in a stream, however its bytes arrive. It
// looks at each byte once.
type splitter struct {
	lines bool // a line is an event: NDJSON
	pos   int  // of the held bytes, those looked at
	text  bool // there is something on the line at hand
	cr    bool // the byte before was a CR, which ends a line by itself
}

// next returns the length of the first whole event in held, 0 if there is
// none. What comes next is expected to begin after that event.
func (s *splitter) next(held []byte) int {
	for s.pos < len(held) {
		c := held[s.pos]
		s.pos++
		after := s.cr
		s.cr = c == '\r' && !s.lines
		switch {
		case c == '\n' && after: // CRLF is one line's end
		case c != '\n' && !s.cr:
			s.text = true
		case s.text && !s.lines:
			s.text = false
		default: // an empty line, or any of NDJSON
			if s.cr && s.pos < len(held) && held[s.pos] == '\n' {
				s.pos++
				s.cr = false
			}
			n := s.pos
			s.pos, s.text = 0, false
			return n
		}
	}
	return 0
}

// events masks a body of whole events. Pointers begin with the event's number,
// from 0.
func (m Masker) events(part string, media Media, b []byte, marks masking.Marks) ([]byte, []record.Masked, string) {
	var (
		s      = splitter{lines: media == Lines}
		out    = make([]byte, 0, len(b))
		masked []record.Masked
	)
	for i := 0; len(b) > 0; i++ {
		n := s.next(b)
		if n == 0 {
			n = len(b) // the last event of a stream need not be ended
		}
		clean, places, why := m.event(media, b[:n], marks)
		if why != "" {
			return nil, nil, why
		}
		out = append(out, clean...)
		for j := range places {
			places[j].Pointer = "/" + strconv.Itoa(i) + places[j].Pointer
		}
		masked = addMasked(masked, maskedIn(part, places)...)
		b = b[n:]
	}
	return out, masked, ""
}

// addMasked appends, as far as one record tells.
func addMasked(masked []record.Masked, more ...record.Masked) []record.Masked {
	for _, p := range more {
		if len(masked) < maxMasked {
			masked = append(masked, p)
			continue
		}
		last := &masked[len(masked)-1]
		*last = record.Masked{Part: p.Part, Rule: "more", Action: p.Action, Count: max(1, last.Count) + max(1, p.Count)}
	}
	return masked
}

// event masks one event with the line's end that it has.
func (m Masker) event(media Media, b []byte, marks masking.Marks) ([]byte, []masking.Place, string) {
	if !utf8.Valid(b) || bytes.IndexByte(b, 0) >= 0 {
		return nil, nil, "not-text"
	}
	text := bytes.TrimRight(b, "\r\n")
	switch {
	case len(bytes.TrimSpace(text)) == 0: // there may be as many as bytes
		return b, nil, ""
	case media == Events:
		return m.serverSent(b, marks)
	}
	clean, places, err := m.Policy.JSON(nil, text, marks)
	if err != nil {
		return nil, nil, "invalid-json"
	}
	return append(clean[:len(clean):len(clean)], b[len(text):]...), places, ""
}

// serverSent masks one server-sent event. The data of all its lines is one
// text, joined by line feeds (HTML, 9.2.6); where it changes, it is written
// where its first line was. JSON in it is masked as JSON. Other lines are
// masked as text.
func (m Masker) serverSent(b []byte, marks masking.Marks) ([]byte, []masking.Place, string) {
	var (
		lines = eventLines(b)
		data  []byte
		has   bool
	)
	if markedAll(marks) {
		out, places := wholeEvent(lines)
		return out, places, ""
	}
	for _, l := range lines {
		if value, ok := l.data(); ok {
			if has {
				data = append(data, '\n')
			}
			data, has = append(data, value...), true
		}
	}
	clean, places, why := m.eventData(data, marks)
	if why != "" {
		return nil, nil, why
	}
	changed := !bytes.Equal(clean, data)
	lines, found, why := m.otherLines(lines)
	if why != "" {
		return nil, nil, why
	}
	places = append(places, found...)
	out := make([]byte, 0, len(b))
	for _, l := range lines {
		_, isData := l.data()
		if !isData || !changed {
			out = append(append(out, l.text...), l.end...)
		} else if has { // at the first of them
			out, has = appendData(out, clean), false
		}
	}
	return out, places, ""
}

// otherLines masks those of an event's lines that are not data: each, and then
// all of them as one text, since a secret may go over several comments. If that
// masks more, it is written where the first of them was.
func (m Masker) otherLines(lines []eventLine) (clean []eventLine, places []masking.Place, why string) {
	var texts, masked []string
	size := 0
	for _, l := range lines {
		if _, isData := l.data(); isData || len(l.text) == 0 {
			clean = append(clean, l)
			continue
		}
		if size += len(l.text) + 1; size > maxText+1 {
			return nil, nil, "too-large"
		}
		text, found := m.Policy.Text(string(l.text))
		places = append(places, found...)
		clean = append(clean, eventLine{[]byte(text), l.end})
		texts, masked = append(texts, string(l.text)), append(masked, text)
	}
	if len(texts) < 2 {
		return clean, places, ""
	}
	all := strings.Join(texts, "\n")
	whole, found := m.Policy.Text(all)
	if whole == all || whole == strings.Join(masked, "\n") {
		return clean, places, ""
	}
	clean = nil
	for _, l := range lines {
		if _, isData := l.data(); isData || len(l.text) == 0 {
			clean = append(clean, l)
		} else if whole != "" {
			for text := range strings.SplitSeq(whole, "\n") {
				text, _ = m.Policy.Text(text)
				clean = append(clean, eventLine{[]byte(text), []byte("\n")})
			}
			whole = ""
		}
	}
	return clean, append(places, found...), ""
}

// eventData masks the data of an event.
func (m Masker) eventData(data []byte, marks masking.Marks) ([]byte, []masking.Place, string) {
	if clean, places, err := m.Policy.JSON(nil, data, marks); err == nil {
		return clean, places, ""
	}
	switch {
	case len(data) > maxText:
		return nil, nil, "too-large"
	case marks != nil && looksLikeJSON(data): // whose places nobody can find
		return nil, nil, "invalid-json"
	}
	text, places := m.Policy.Text(string(data))
	return []byte(text), places, ""
}

// looksLikeJSON says whether data begins as an object, or as an array that
// holds more than a word, as in [DONE].
func looksLikeJSON(data []byte) bool {
	data = bytes.TrimSpace(bytes.TrimPrefix(bytes.TrimSpace(data), []byte("\ufeff")))
	if rest, ok := bytes.CutPrefix(data, []byte("[")); ok {
		data = bytes.TrimSpace(rest)
		return len(data) > 0 && bytes.IndexByte([]byte(`[{"`), data[0]) >= 0
	}
	return bytes.HasPrefix(data, []byte("{"))
}

func appendData(out, data []byte) []byte {
	for line := range bytes.SplitSeq(data, []byte("\n")) {
		out = append(append(append(out, "data: "...), bytes.ReplaceAll(line, []byte("\r"), []byte(" "))...), '\n')
	}
	return out
}

// eventLine is one line of an event and what ends it: CRLF, LF, CR or nothing.
type eventLine struct{ text, end []byte }

func eventLines(b []byte) []eventLine {
	var lines []eventLine
	for len(b) > 0 {
		n := bytes.IndexAny(b, "\r\n")
		if n < 0 {
			return append(lines, eventLine{text: b})
		}
		end := n + 1
		if b[n] == '\r' && end < len(b) && b[end] == '\n' {
			end++
		}
		lines = append(lines, eventLine{b[:n], b[n:end]})
		b = b[end:]
	}
	return lines
}

// data is the value of a data line. A byte order mark may stand before the
// stream's first line.
func (l eventLine) data() ([]byte, bool) {
	name, value, _ := strings.Cut(string(bytes.TrimPrefix(l.text, []byte("\ufeff"))), ":")
	if name != "data" {
		return nil, false
	}
	return []byte(strings.TrimPrefix(value, " ")), true
}
