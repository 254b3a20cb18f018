package exchange

import (
	"bytes"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyrec/caddyrec/jsonscan"
	"github.com/caddyrec/caddyrec/masking"
	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/schema"
)

func marksOf(s *schema.Schema) masking.Marks {
	if s == nil || s.Marks().Empty() {
		return nil
	}
	return acting{s.Marks()}
}

// everything marks all of a body.
var everything masking.Marks = acting{nil}

// markedAll says whether marks mark all of a body; they may be nil.
func markedAll(marks masking.Marks) bool { return marks != nil && marks.Marked(marks.Start()) }

// acting puts what a schema says of its marks into masking's words.
type acting struct{ *schema.Marks }

func (a acting) Action(state int) masking.Action {
	kind, keep := a.Marks.Action(state)
	if kind == "" {
		return masking.Action{}
	}
	act, err := masking.ParseAction(kind, keep)
	if err != nil { // a schema with another does not load
		return masking.Action{Kind: masking.ActToken}
	}
	return act
}

// below are marks that begin at a member of the document.
type below struct {
	masking.ActionMarks
	at int
}

func (b below) Start() int { return b.at }

// maxSteps bounds how deep the name of a field is followed. What is deeper is
// masked.
const maxSteps = 32

// fieldMarks tells whether marks call the field of a form with this name
// sensitive, and the marks of what may be in it; marks may be nil. What is below
// the top is named in many ways: customer[phone], customer.phone, items[0][code],
// tags[].
func fieldMarks(marks masking.Marks, name string) (inner []masking.Marks, whole bool) {
	acts, ok := marks.(masking.ActionMarks)
	if !ok {
		return nil, false
	}
	f := &follower{marks: acts}
	if f.follow([]string{name}) {
		return nil, true
	}
	if strings.ContainsAny(name, "[].") {
		for _, separators := range [...]string{"[]", "[]."} {
			steps := strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune(separators, r) })
			if len(steps) > maxSteps || f.follow(steps) {
				return nil, true
			}
		}
	}
	for _, at := range f.ends {
		inner = append(inner, below{acts, at})
	}
	return inner, false
}

// follower goes down marks by names that may stand for members or elements.
type follower struct {
	marks masking.ActionMarks
	ends  []int // the live states that were come to
}

// follow goes down by steps and says whether it came to a marked place. An
// element of a list may be meant without a number.
func (f *follower) follow(steps []string) bool {
	at := []int{f.marks.Start()}
	for _, step := range steps {
		var next []int
		for _, state := range at {
			next = f.add(next, f.marks.Key(state, []byte(step)))
			if i, err := strconv.Atoi(step); err == nil {
				next = f.add(next, f.marks.Index(state, i))
			}
		}
		at = next
		for _, state := range next {
			at = f.add(f.add(at, f.marks.Index(state, 0)), f.marks.Index(state, 1<<30))
		}
		if slices.ContainsFunc(at, f.marks.Marked) {
			return true
		}
	}
	for _, state := range at {
		f.ends = f.add(f.ends, state)
	}
	return false
}

// add adds a state that is not there and not dead.
func (f *follower) add(states []int, state int) []int {
	if state == 0 || slices.Contains(states, state) {
		return states
	}
	return append(states, state)
}

// within masks JSON in a field by the marks of what is in it. False says that it
// is no strict JSON, so that nobody can find its places.
func (m Masker) within(value []byte, inner []masking.Marks) ([]byte, []masking.Place, bool) {
	if len(inner) == 0 {
		inner = []masking.Marks{nil}
	}
	var places []masking.Place
	for _, marks := range inner {
		clean, found, err := m.Policy.JSON(nil, value, marks)
		if err != nil {
			return nil, nil, false
		}
		value, places = clean, append(places, found...)
	}
	return value, places, true
}

// markedForm masks in a form what a schema calls sensitive; marks may be nil.
func (m Masker) markedForm(part, form string, marks masking.Marks) (string, []record.Masked) {
	if marks == nil {
		return form, nil
	}
	f := formMarks{masker: m, part: part, marks: marks}
	fields := strings.Split(form, "&")
	for i, field := range fields {
		if out, done := f.field(field); done || !strings.Contains(field, ";") {
			fields[i] = out
			continue
		}
		// To some, a semicolon separates fields too.
		pieces := strings.Split(field, ";")
		for j, piece := range pieces {
			pieces[j], _ = f.field(piece)
		}
		fields[i] = strings.Join(pieces, ";")
	}
	if f.masked == nil {
		return form, nil
	}
	return strings.Join(fields, "&"), f.masked
}

type formMarks struct {
	masker Masker
	part   string
	marks  masking.Marks
	masked []record.Masked
}

// field masks one field, and says whether it did. What cannot be decoded is left
// to the policy, which masks it.
func (f *formMarks) field(field string) (out string, done bool) {
	raw, value, has := strings.Cut(field, "=")
	name, err := url.QueryUnescape(raw)
	if err != nil || !has || value == "" || value == urlToken {
		return field, false
	}
	inner, whole := fieldMarks(f.marks, name)
	if !whole && len(inner) > 0 {
		plain, err := url.QueryUnescape(value)
		if err != nil || !looksLikeJSON([]byte(plain)) {
			return field, false
		}
		if clean, places, ok := f.masker.within([]byte(plain), inner); ok {
			for _, p := range maskedIn(f.part, places) {
				p.Pointer = f.masker.Policy.Pointer("/"+jsonscan.EscapeToken(name)) + p.Pointer
				f.masked = addMasked(f.masked, p)
			}
			if len(places) == 0 {
				return field, false
			}
			return raw + "=" + url.QueryEscape(string(clean)), true
		}
		whole = true
	}
	if !whole {
		return field, false
	}
	f.masked = addMasked(f.masked, record.Masked{Part: f.part, Pointer: f.masker.Text(name, 256), Rule: ruleSchema, Action: actionMask, Count: 1})
	return raw + "=" + urlToken, true
}

// masksWhole masks a body of which all is marked, where it need not be read for
// that: JSON must be, lest it is none, and events are told apart.
func masksWhole(part string, media Media) (clean []byte, masked []record.Masked, ok bool) {
	token := masking.Token
	switch media {
	case Form:
		token = urlToken
	case Multipart, Text:
	default:
		return nil, nil, false
	}
	return []byte(token), []record.Masked{{Part: part, Rule: ruleSchema, Action: actionMask, Count: 1}}, true
}

// wholeEvent masks a server-sent event of which all is marked. One without data,
// such as a comment that keeps a connection open, stays one.
func wholeEvent(lines []eventLine) ([]byte, []masking.Place) {
	var out []byte
	for _, l := range lines {
		if _, isData := l.data(); isData {
			out = append(out, "data: "+masking.Token+"\n"...)
			break
		}
	}
	if !slices.ContainsFunc(lines, func(l eventLine) bool { return len(l.text) > 0 }) {
		return bytes.Clone(lines[0].end), nil
	}
	return append(out, '\n'), []masking.Place{{Rule: ruleSchema, Action: actionMask, Count: 1}}
}
