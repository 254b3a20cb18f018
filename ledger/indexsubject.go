package ledger

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

// subjectTable says which sessions each subject has records of, and from when
// to when. A session may be of several: nobody says that it is not.
type subjectTable struct {
	seen map[string]*period // by subject, issuer and session, as an index spells them
	key  []byte             // of the record that is added
}

var noName = []byte(`""`)

// add takes in a record of a session.
func (t *subjectTable) add(line, session []byte) {
	issuer, subject := record.Whose(line)
	if subject == nil {
		return
	}
	if issuer == nil {
		issuer = noName
	}
	t.key = append(append(t.key[:0], subject...), ' ')
	t.key = append(append(append(t.key, issuer...), ' '), session...)
	s := t.seen[string(t.key)]
	if s == nil {
		s = new(period)
		t.seen[string(t.key)] = s
	}
	s.add(recordTime(line))
}

// spell writes the part of an index that is about subjects.
func (t *subjectTable) spell(b *bytes.Buffer) {
	b.WriteString(indexSubjects)
	for _, key := range slices.Sorted(maps.Keys(t.seen)) {
		s := t.seen[key]
		b.WriteString(indexSubject)
		b.WriteString(key)
		for _, at := range []time.Time{s.from, s.until} {
			b.WriteByte(' ')
			text, _ := record.Time{Time: at}.AppendText(b.AvailableBuffer()) // it never fails
			b.Write(text)
		}
		b.WriteByte('\n')
	}
}

// subjectsOf is the part of an index's text that is about subjects; not ok: it
// is of before there was one.
func subjectsOf(text []byte) (lines []byte, ok bool) {
	if lines, ok = bytes.CutPrefix(text, []byte(indexSubjects)); !ok {
		_, lines, ok = bytes.Cut(text, []byte("\n"+indexSubjects))
	}
	return lines, ok
}

func listsSubjects(text []byte) bool {
	_, ok := subjectsOf(text)
	return ok
}

// sighting is a session that somebody has records of.
type sighting struct {
	session string // its JSON string
	period
}

// subjectNames are those whose sessions are looked for, as JSON strings. A nil
// issuer stands for any.
type subjectNames struct{ subject, issuer []byte }

// session is the session in an entry about these names: the JSON string, and
// what is behind it.
func (n *subjectNames) session(entry []byte) (session, rest []byte, ok bool) {
	if entry, ok = bytes.CutPrefix(entry, n.subject); !ok {
		return nil, nil, false
	}
	issuer, entry, ok := cutName(entry)
	if !ok || n.issuer != nil && !bytes.Equal(issuer, n.issuer) {
		return nil, nil, false
	}
	return cutName(entry)
}

// cutName takes a space and a JSON string off text.
func cutName(text []byte) (name, rest []byte, ok bool) {
	if len(text) < 3 || text[0] != ' ' || text[1] != '"' {
		return nil, nil, false
	}
	text = text[1:]
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return text[:i+1], text[i+1:], true
		}
	}
	return nil, nil, false
}

// in are the sightings that the text of an index has.
func (n *subjectNames) in(text []byte) (all []sighting, err error) {
	lines, _ := subjectsOf(text)
	for line := range bytes.Lines(lines) {
		entry, ok := bytes.CutPrefix(line, []byte(indexSubject))
		if !ok {
			break
		}
		session, times, ok := n.session(entry)
		if !ok {
			continue
		}
		first, last, ok := bytes.Cut(bytes.TrimSpace(times), []byte(" "))
		s := sighting{session: string(session)}
		if s.from, err = time.Parse(time.RFC3339Nano, string(first)); err == nil && ok {
			s.until, err = time.Parse(time.RFC3339Nano, string(last))
		}
		if err != nil || !ok || s.until.Before(s.from) {
			return nil, errIndexDamaged
		}
		all = append(all, s)
	}
	return all, nil
}

// among are the sightings that a table in memory has.
func (n *subjectNames) among(t *subjectTable) (all []sighting) {
	for key, s := range t.seen {
		if session, _, ok := n.session([]byte(key)); ok {
			all = append(all, sighting{string(session), *s})
		}
	}
	return all
}

// id is the session's id.
func (s *sighting) id() (id string, err error) {
	if err := json.Unmarshal([]byte(s.session), &id); err != nil {
		return "", errIndexDamaged
	}
	return id, nil
}
