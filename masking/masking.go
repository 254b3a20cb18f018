// Package masking takes secrets out of what is recorded: JSON bodies, forms,
// queries, paths, headers and free text.
//
// A place is masked when a key name, a path pattern, a schema mark or a
// detector says so, in every disguise two parsers might see through
// differently: escaped, repeated or oddly cased keys, JSON within strings,
// base64, percent-encoding. What is masked is replaced by [Token]; every
// other byte stays as it was. Masking twice changes nothing more. In doubt,
// more is masked rather than less.
package masking

import (
	"errors"
	"fmt"
	"strings"
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
	// mark: pin is the name of "user.pin" too.
	Keys []string
	// Paths are JSON Pointers (RFC 6901) of secret values in which the
	// segment * stands for any one key or index, ** for any number of them,
	// none too. They are matched exactly.
	Paths []string
	// Detect names the detectors to run on strings, keys and numbers: card,
	// email, jwt, private_key. Nil means all, "off" alone none. Credentials
	// in text, as in "Bearer …", are looked for along with any of them.
	Detect []string
	// NoDefaults leaves only Keys as names.
	NoDefaults bool
}

// Policy masks as its Config says. It is immutable and may be used
// concurrently. The zero Policy masks as the zero Config does.
type Policy struct {
	keys   *matcher
	paths  *paths
	detect detectors
}

// detectors is the set that runs.
type detectors struct{ card, email, jwt, key, credential bool }

// New compiles cfg. The error names the key, pattern or detector at fault.
func New(cfg Config) (*Policy, error) {
	p := &Policy{}
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
	return p, nil
}

func newDetectors(names []string) (d detectors, err error) {
	if names == nil {
		return detectors{true, true, true, true, true}, nil
	}
	if len(names) == 1 && names[0] == "off" {
		return detectors{}, nil
	}
	if len(names) == 0 {
		return d, errors.New(`masking: no detector is named; leave the list out to run all, or say "off"`)
	}
	d.credential = true
	for _, n := range names {
		switch n {
		case "card":
			d.card = true
		case "email":
			d.email = true
		case "jwt":
			d.jwt = true
		case "private_key":
			d.key = true
		case "off":
			return d, errors.New(`masking: detector "off" stands alone`)
		default:
			return d, fmt.Errorf("masking: unknown detector %q; there are card, email, jwt and private_key", n)
		}
	}
	return d, nil
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

// JSON masks src, one strict JSON text, and appends the outcome to dst. When
// nothing is masked and dst is empty it returns src itself. Marks may be nil.
// The error is a *jsonscan.SyntaxError: then nothing of src is fit to be kept
// but its length and digest.
func (p *Policy) JSON(dst, src []byte, marks Marks) ([]byte, []Place, error) {
	p = p.orStandard()
	w := take(p)
	w.root.body = true
	w.track.start(p.paths, marks)
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
// header lines. Text that is itself JSON, or
// base64 of it, is masked as such.
func (p *Policy) Text(s string) (string, []Place) {
	return p.orStandard().text("", s)
}

// Header masks a header field's value: whole when the field's name is secret,
// as Authorization and Cookie are, else as Text does.
func (p *Policy) Header(name, value string) (string, []Place) {
	p = p.orStandard()
	if rule := p.keys.find([]byte(name)).rule; rule != "" {
		return Token, []Place{{Pointer: strings.Clone(name), Rule: rule, Action: actionMask, Count: 1}}
	}
	pointer, _ := p.text("", name)
	return p.text(pointer, value)
}

// SecretName says whether the values of name are secret.
func (p *Policy) SecretName(name string) bool {
	return p.orStandard().keys.find([]byte(name)).rule != ""
}

func (p *Policy) text(pointer, s string) (string, []Place) {
	w := take(p)
	defer release(w)
	w.root.name = pointer
	w.in = append(w.in[:0], s...)
	out, changed := w.mask(w.in)
	if !changed {
		return s, nil
	}
	return string(out), w.root.done()
}

// limits are those of every JSON text here, a body and one within a string.
var limits = jsonscan.Limits{}
