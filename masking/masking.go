// Package masking takes secrets out of what is recorded: JSON bodies, forms,
// queries, paths, headers and free text.
//
// A place is masked when a key name, a path pattern, a schema mark or a
// detector says so, in every disguise two parsers might see through
// differently: escaped, repeated or oddly cased keys, JSON within strings,
// base64, percent-encoding, markup. What is masked is replaced by [Token], or
// as an [Action] says; every other byte stays as it was. Masking twice changes
// nothing more. In doubt, more is masked rather than less.
package masking

import (
	"sync"

	"github.com/caddyrec/caddyrec/jsonscan"
)

// Token stands in place of what was masked, in JSON as a string. In a query
// or path it is percent-encoded, so that a URL stays one.
const Token = "[masked]"

// Config says what is secret.
type Config struct {
	// Keys are names whose values are secret, in JSON, forms, queries and
	// headers alike: password, api_key and their like are built in (see
	// keys.go), these are added. They are compared whole, without regard to
	// case and punctuation, and with what follows a name's last punctuation
	// mark and stands before an index: pin is the name of "user.pin", "pin[0]"
	// and "pin.0" too.
	Keys []string
	// Paths are JSON Pointers (RFC 6901) of secret values in which the
	// segment * stands for any one key or index, ** for any number of them,
	// none too. They are matched exactly.
	Paths []string
	// Detect names the detectors to run on strings, keys and numbers: card,
	// email, jwt, private_key, iban, us_ssn, aws, github, stripe, slack, google,
	// bearer and vendor_key, which are also what nil and "default" mean, and phone; "off"
	// alone means none. Other credentials in text, as in "Basic …" and the
	// passwords of URLs, are looked for along with any of them.
	Detect []string
	// Patterns are detectors of one's own.
	Patterns []Pattern
	// Allow are values that no detector and no pattern masks, compared whole,
	// decoded and without space around: card numbers and account numbers by
	// their digits and letters, addresses without regard to case.
	Allow []string
	// Actions say what becomes of what a rule calls secret, the rule written as
	// in [Place].Rule: key:<name>, path:<pattern>, detect:<name> and schema. The
	// rule "default" is for all others. What is masked whole because of what is
	// in it, or because it cannot be decoded, becomes [Token] in any case.
	Actions map[string]Action
	// NoDefaults leaves only Keys as names.
	NoDefaults bool
	// Pseudonym is a keyed hash, such as HMAC-SHA-256, of value in a domain: the
	// same for the same two, and else another. The id, letters and digits, names
	// the key; the tag has 15 bytes or more. It may return "" while there is no
	// key: then [Token] is what stands in the record. Without it the action
	// ActPseudonym is refused.
	Pseudonym func(domain string, value []byte) (id string, tag []byte)
}

// Policy masks as its Config says. It is immutable and may be used
// concurrently. The zero Policy masks as the zero Config does.
type Policy struct {
	keys      *matcher
	paths     *paths
	detect    detectors
	openers   gates
	patterns  []pattern
	shortest  int // no shorter text can hold a secret …
	plain     int // … nor a shorter name of letters and digits
	allow     map[string]bool
	actions   map[string]Action // by rule
	fallback  Action
	drops     bool // some action is ActDrop
	preserve  bool // all are ActPreserve
	pseudonym func(domain string, value []byte) (id string, tag []byte)
}

// New compiles cfg. The error names the key, pattern, detector or action at
// fault.
func New(cfg Config) (*Policy, error) {
	p := &Policy{shortest: shortest, plain: shortestPlain, pseudonym: cfg.Pseudonym}
	var err error
	if p.keys, err = newMatcher(cfg.Keys, !cfg.NoDefaults); err != nil {
		return nil, err
	}
	if p.paths, err = newPaths(cfg.Paths); err != nil {
		return nil, err
	}
	if p.detect, err = newDetectors(cfg.Detect); err != nil {
		return nil, err
	}
	p.openers = openers(p.detect)
	if err = p.newPatterns(cfg.Patterns); err != nil {
		return nil, err
	}
	if err = p.newAllow(cfg.Allow); err != nil {
		return nil, err
	}
	if err = p.newActions(&cfg); err != nil {
		return nil, err
	}
	return p, nil
}

// ForClients is p for what a client gets to see: the same is masked, but every
// value keeps its type, whatever the actions. A string becomes [Token], a
// number 0, a boolean false; null stays, and so does the shape of objects and
// arrays.
func (p *Policy) ForClients() *Policy {
	c := *p.orStandard()
	c.preserve, c.drops = true, false
	return &c
}

var standard = sync.OnceValue(func() *Policy {
	p, err := New(Config{})
	if err != nil {
		panic(err) // the built-in names do not compile
	}
	return p
})

func (p *Policy) orStandard() *Policy {
	if p == nil || p.keys == nil {
		return standard()
	}
	return p
}

// Marks are the places that a schema calls sensitive, as an automaton over
// keys and indexes.
type Marks interface {
	// Start is the state of the whole document. State 0 is the dead one:
	// nothing below it is marked.
	Start() int
	// Key is the state of an object's member; key is decoded and must not be
	// kept.
	Key(state int, key []byte) int
	// Index is the state of an array's element i, from 0.
	Index(state, i int) int
	// Marked says whether the value in this state is sensitive as a whole.
	Marked(state int) bool
}

// ActionMarks are marks that also say what to do with what they mark.
type ActionMarks interface {
	Marks
	// Action is for the value in this state, which is marked. The zero Action
	// leaves it to the policy.
	Action(state int) Action
}

// JSON masks src, one strict JSON text, and appends the outcome to dst. When
// nothing is masked and dst is empty it returns src itself. Marks may be nil.
// The error is a *jsonscan.SyntaxError: then nothing of src is fit to be kept
// but its length and digest.
func (p *Policy) JSON(dst, src []byte, marks Marks) ([]byte, []Place, error) {
	p = p.orStandard()
	w := take(p)
	w.root.body = true
	w.track.start(p.paths, marks)
	w.drops = w.drops || w.track.acts != nil && !p.preserve
	out, changed, err := w.document(dst, src)
	places := w.root.done()
	release(w)
	switch {
	case err != nil:
		return nil, nil, err
	case !changed && len(dst) == 0:
		return src, places, nil
	case !changed:
		return append(dst, src...), places, nil
	}
	return out, places, nil
}

// Text masks what the detectors find in free text, credentials, and the
// values of secret names in URLs and forms and before colons, as in YAML and
// header lines. Text that is itself JSON is masked as such, and what is base64 of
// JSON or text that holds a secret, all of it or a word, is masked whole.
func (p *Policy) Text(s string) (string, []Place) {
	return p.orStandard().text("", s)
}

// Field masks the value of a name, such as a header field, or a part of a
// multipart form: whole when the name is secret, as Authorization and Cookie
// are, else as Text does. For what is in Cookie and Set-Cookie fields see also
// [Policy.Cookies] and [Policy.SetCookie].
func (p *Policy) Field(name, value string) (string, []Place) {
	p = p.orStandard()
	w := take(p)
	defer release(w)
	w.root.name = w.root.safe(name)
	if rule := p.keys.findEncoded([]byte(name)); rule != "" {
		return w.whole(rule, value), w.root.done()
	}
	return w.whatDetectorsFind(value), w.root.done()
}

// SecretName says whether the values of name are secret.
func (p *Policy) SecretName(name string) bool {
	return p.orStandard().keys.findEncoded([]byte(name)) != ""
}

func (p *Policy) text(pointer, s string) (string, []Place) {
	w := take(p)
	defer release(w)
	w.root.name = pointer
	return w.whatDetectorsFind(s), w.root.done()
}

// whole is what stands in place of a value, no JSON, that rule calls secret.
func (w *work) whole(rule, value string) string {
	mark, name := w.p.mark(w.action(rule), rule, w.domain(rule), []byte(value))
	w.place(rule, name)
	return mark
}

func (w *work) whatDetectorsFind(s string) string {
	w.in = append(w.in[:0], s...)
	out, changed := w.mask(w.in)
	if !changed {
		return s
	}
	return string(out)
}

// limits are those of every JSON text here, a body and one within a string.
var limits = jsonscan.Limits{}
