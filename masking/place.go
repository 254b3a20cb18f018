package masking

import (
	"bytes"
	"slices"

	"github.com/caddyrec/caddyrec/jsonscan"
)

// Place is where something was masked, and why.
type Place struct {
	// Pointer is in a body the JSON Pointer (RFC 6901) of the value or
	// member, of the outermost document for what is within strings; in a
	// query or header the name; in a path the number of the segment. It never
	// holds a secret: what a detector finds in it is masked, and an ellipsis
	// stands for what is too long to tell.
	Pointer string
	// Rule is what called it secret: "key:" and the name or part of a name
	// that matched, "path:" and the pattern, "schema", "detect:" and the
	// detector, "nested" for a text that was masked whole because of what is
	// within, "undecodable" for broken percent-encoding; "more" for the last
	// entry of a list that was cut short.
	Rule string
	// Action is what was done: mask, partial, pseudonym or drop.
	Action string
	// Count is how many there were at this pointer for this rule.
	Count int
}

// Bounds of what is told about places.
const (
	maxPlaces  = 64
	maxSegment = 256
	maxPointer = 1024
	// maxPointing bounds the work: how many bytes of pointers are looked at.
	// Places past that are counted only.
	maxPointing = 1 << 18
)

const ellipsis = "…"

// place reports that rule masked something in the text at hand, and how.
func (w *work) place(rule, action string) { w.root.add(rule, action, nil) }

// add reports a place by rule: that of the token at hand or, when key is not
// nil, of the same object's member with that key, as it stands in the body.
func (r *root) add(rule, action string, key []byte) {
	if r.quiet > 0 {
		if r.hint == "" {
			r.hint = rule
		}
		return
	}
	if r.more > 0 && len(r.places) >= maxPlaces-1 || r.pointing > maxPointing {
		r.more++ // without the price of a pointer
		return
	}
	pointer := r.here()
	if key != nil && !bytes.HasSuffix(pointer, []byte(ellipsis)) {
		pointer = append(slices.Clone(pointer[:bytes.LastIndexByte(pointer, '/')+1]), jsonscan.AppendString(nil, key)...)
	}
	for i := len(r.places) - 1; i >= 0; i-- { // the same again is last
		if p := &r.places[i]; p.Rule == rule && p.Action == action && p.Pointer == string(pointer) {
			p.Count++
			return
		}
	}
	if len(r.places) == maxPlaces-1 {
		r.more++
		return
	}
	if r.places == nil {
		r.places = make([]Place, 0, 4)
	}
	r.places = append(r.places, Place{Pointer: string(pointer), Rule: rule, Action: action, Count: 1})
}

// done is the list of places, at most maxPlaces long.
func (r *root) done() []Place {
	if r.more > 0 {
		return append(r.places, Place{Rule: "more", Action: actionMask, Count: r.more})
	}
	return r.places
}

// here is the place of the token at hand, fit to be told.
func (r *root) here() []byte {
	if r.located {
		return r.pointer
	}
	if !r.body {
		r.pointer = append(r.pointer[:0], r.name...)
		return r.pointer
	}
	r.located = true
	r.full = r.top.scan.AppendPointer(r.full[:0])
	r.pointing += len(r.full)
	out := r.pointer[:0]
	for seg := range bytes.SplitSeq(bytes.TrimPrefix(r.full, []byte("/")), []byte("/")) {
		if len(r.full) == 0 {
			break // the whole document
		}
		if len(out) > maxPointer {
			out = append(append(out, '/'), ellipsis...)
			break
		}
		if len(seg) > 2*maxSegment {
			out = append(append(out, '/'), ellipsis...)
			continue
		}
		out = append(out, '/')
		switch {
		case len(seg) < shortest: // as it would be if it were unescaped
			out = append(out, seg...)
		case bytes.IndexByte(seg, '~') < 0:
			out = r.appendSafe(out, seg)
		default:
			out = r.appendSafe(out, []byte(jsonscan.UnescapeToken(string(seg))))
		}
	}
	r.pointer = out
	return out
}

// appendSafe appends a segment of a pointer without what is secret in it.
func (r *root) appendSafe(dst, seg []byte) []byte {
	clean := r.clean(seg)
	if bytes.IndexByte(clean, '~') >= 0 || bytes.IndexByte(clean, '/') >= 0 {
		return append(dst, jsonscan.EscapeToken(string(clean))...)
	}
	return append(dst, clean...)
}

// safe is text without what is secret in it, or an ellipsis when it is long.
func (r *root) safe(text string) string { return string(r.clean([]byte(text))) }

// clean is safe for bytes. What it returns is valid until the next call.
func (r *root) clean(text []byte) []byte {
	if len(text) < shortest {
		return text
	}
	if len(text) > maxSegment {
		return []byte(ellipsis)
	}
	if r.segment == nil {
		r.segment = &work{root: &root{quiet: 1}, level: 1}
	}
	s := r.segment
	s.use(r.top.p)
	s.in = append(s.in[:0], text...)
	masked, _ := s.mask(s.in)
	return masked
}

// quoted is Token as JSON.
var quoted = jsonscan.AppendQuoted(nil, []byte(Token))
