package masking

import (
	"bytes"
	"crypto/subtle"
	"encoding/base64"
	"strings"

	"github.com/caddyrec/caddyrec/jsonscan"
)

// What stands in place of a secret is a mark. A mark is left as it is by the
// action that makes such marks, so that masking twice changes nothing more,
// and a text that only looks like one hides nothing: a partial mark holds no
// more than that action shows, and a pseudonym proves that it was made here.

const (
	markBegin    = "[masked:"
	partialBegin = markBegin + ellipsis
	markEnd      = "]"
)

// A pseudonym's tag is a hash of the value and a hash of that hash, which
// nobody can make without the key.
const (
	tagSize   = 15
	proofSize = 9
	tagLength = (tagSize + proofSize) / 3 * 4
)

// proofDomain is no field's: theirs begin with a letter or are empty.
const proofDomain = "\x00proof"

var tagEncoding = base64.RawURLEncoding

// mark is what stands in value's place by act, and the action's name.
func (p *Policy) mark(act Action, rule, domain string, value []byte) (mark, name string) {
	if p.isMark(act, value) {
		return string(value), actionNames[act.Kind]
	}
	switch act.Kind {
	case ActPartial:
		if kept := tail(value, act.Keep); kept != "" {
			return partialBegin + kept + markEnd, actionPartial
		}
	case ActPseudonym:
		if m := p.pseudonymOf(domain, normal(rule, value)); m != "" {
			return m, actionPseudonym
		}
	}
	return Token, actionMask
}

// What places say was done.
const (
	actionMask      = "mask"
	actionPartial   = "partial"
	actionPseudonym = "pseudonym"
	actionDrop      = "drop"
)

var actionNames = [...]string{
	ActDefault: actionMask, ActToken: actionMask, ActPreserve: actionMask,
	ActPartial: actionPartial, ActPseudonym: actionPseudonym, ActDrop: actionDrop,
}

// tail is the last n letters and digits of a value with more than twice as
// many, else "".
func tail(value []byte, n int) string {
	count, from := 0, 0
	kept := make([]byte, 0, maxPartial)
	for i := len(value) - 1; i >= 0 && count <= 2*n; i-- {
		if isAlnum(value[i]) {
			if count++; count <= n {
				kept = append(kept, value[i])
				from++
			}
		}
	}
	if n < 1 || count <= 2*n {
		return ""
	}
	for i, j := 0, from-1; i < j; i, j = i+1, j-1 {
		kept[i], kept[j] = kept[j], kept[i]
	}
	return string(kept)
}

// pseudonymOf is the pseudonym of value, or "" when there is no key.
func (p *Policy) pseudonymOf(domain string, value []byte) string {
	if p.pseudonym == nil {
		return ""
	}
	id, tag := p.pseudonym(domain, value)
	if !isKeyID(id) || len(tag) < tagSize {
		return ""
	}
	_, proof := p.pseudonym(proofDomain, tag[:tagSize])
	if len(proof) < proofSize {
		return ""
	}
	both := append(append(make([]byte, 0, tagSize+proofSize), tag[:tagSize]...), proof[:proofSize]...)
	return markBegin + id + ":" + tagEncoding.EncodeToString(both) + markEnd
}

// isKeyID says whether id can stand in a mark.
func isKeyID(id string) bool {
	for i := range len(id) {
		if !isAlnum(id[i]) {
			return false
		}
	}
	return id != "" && len(id) <= 64
}

// isMark says whether text is a mark that act leaves as it is.
func (p *Policy) isMark(act Action, text []byte) bool {
	if len(text) < len(Token) || text[0] != Token[0] {
		return false
	}
	if string(text) == Token {
		return true
	}
	inner, ok := bytes.CutSuffix(text, []byte(markEnd))
	if !ok || !bytes.HasPrefix(text, []byte(markBegin)) {
		return false
	}
	switch act.Kind {
	case ActPartial:
		kept, ok := bytes.CutPrefix(inner, []byte(partialBegin))
		return ok && len(kept) == act.Keep && isKeyID(string(kept))
	case ActPseudonym:
		return p.isPseudonym(string(inner[len(markBegin):]))
	}
	return false
}

func (p *Policy) isPseudonym(inner string) bool {
	id, tag, ok := strings.Cut(inner, ":")
	if !ok || len(tag) != tagLength || p.pseudonym == nil {
		return false
	}
	both, err := tagEncoding.DecodeString(tag)
	if err != nil {
		return false
	}
	ours, proof := p.pseudonym(proofDomain, both[:tagSize])
	return ours == id && len(proof) >= proofSize && subtle.ConstantTimeCompare(proof[:proofSize], both[tagSize:]) == 1
}

// maxNaming bounds the work of finding names, in bytes of pointers: no body of
// less than some hundred thousand pseudonyms, or of keys without end, comes to
// it. Those after that are as of no name.
const maxNaming = 16 << 20

// domain is the field that a secret is of: the name that a rule for names
// goes by, else the nearest name in the document, else the detector. A value
// has the same pseudonym wherever it is of the same field.
func (w *work) domain(rule string) string {
	if name, ok := strings.CutPrefix(rule, "key:"); ok {
		return canonical(name)
	}
	if strings.HasPrefix(rule, "detect:") {
		return rule
	}
	if w.root.naming > maxNaming {
		return ""
	}
	pointer := string(w.scan.AppendPointer(nil))
	w.root.naming += len(pointer)
	for {
		i := strings.LastIndexByte(pointer, '/')
		if i < 0 {
			return ""
		}
		if name := pointer[i+1:]; strings.Trim(name, "0123456789") != "" {
			return canonical(jsonscan.UnescapeToken(name))
		}
		pointer = pointer[:i]
	}
}

// normal is value in the form in which a rule's values are compared: what a
// detector finds has one form however it is written.
func normal(rule string, value []byte) []byte {
	switch rule {
	case ruleCard, ruleIBAN, ruleSSN, rulePhone:
		out := make([]byte, 0, len(value))
		for i := 0; i < len(value); i++ {
			if v, n := digitAt(value, i); n > 0 {
				out, i = append(out, v+'0'), i+n-1
			} else if isAlnum(value[i]) {
				out = append(out, value[i]&^0x20)
			}
		}
		return out
	case ruleEmail:
		return bytes.ToLower(value)
	}
	return value
}
