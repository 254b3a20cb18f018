package caddyrec

import (
	"fmt"
	"slices"

	"github.com/caddyrec/caddyrec/masking"
)

// Mask says what is secret. Whatever it names is masked before anything of it
// is stored, logged or shown.
type Mask struct {
	// Names of JSON keys, query and form parameters, headers and cookies whose
	// values are secret, whatever their case, `_`, `-` and spaces. They are
	// added to the built-in names.
	Keys []string `json:"keys,omitempty"`

	// Places in JSON bodies: JSON Pointers (RFC 6901) in which `*` stands for
	// any one step and `**` for any number of steps.
	Paths []string `json:"paths,omitempty"`

	// The detectors that look at every value: `card`, `email`, `jwt`,
	// `private_key`, `iban`, `us_ssn`, `aws`, `github`, `stripe`, `slack`,
	// `google`, `bearer`, `vendor_key`, which are all that `default` means, and
	// `phone`; or only `off`. Default: `default`.
	Detect []string `json:"detect,omitempty"`

	// Detectors of one's own, which look at every value too.
	Patterns []masking.Pattern `json:"patterns,omitempty"`

	// Values that no detector and no pattern masks.
	Allow []string `json:"allow,omitempty"`

	// What becomes of what a rule calls secret, by the rule as records show it:
	// `key:<name>`, `path:<pattern>`, `detect:<name>` or `schema`; `default` is
	// for all others.
	Actions map[string]MaskAction `json:"actions,omitempty"`

	// Leaves out the built-in key names.
	NoDefaults bool `json:"no_defaults,omitempty"`
}

// MaskAction is what becomes of a secret.
type MaskAction struct {
	// `token`, `partial`, `pseudonym` or `drop`.
	Action string `json:"action"`
	// For `partial`, how many letters and digits at the end are shown, 1 to 8.
	Keep int `json:"keep,omitempty"`
}

// policy compiles m, which may be nil.
func (m *Mask) policy(pseudonym func(domain string, value []byte) (string, []byte)) (*masking.Policy, error) {
	if m == nil {
		m = new(Mask)
	}
	cfg := masking.Config{
		Keys: m.Keys, Paths: m.Paths, Detect: m.Detect, Patterns: m.Patterns, Allow: m.Allow,
		NoDefaults: m.NoDefaults, Pseudonym: pseudonym,
	}
	for rule, a := range m.Actions {
		act, err := masking.ParseAction(a.Action, a.Keep)
		if err != nil {
			return nil, fmt.Errorf("action of %s: %w", rule, err)
		}
		if cfg.Actions == nil {
			cfg.Actions = make(map[string]masking.Action, len(m.Actions))
		}
		cfg.Actions[rule] = act
	}
	return masking.New(cfg)
}

// ForReports compiles m, which may be nil, for texts about records that are told
// somewhere else: names are secret, too, and there are no pseudonyms, whose key
// is the log's.
func (m *Mask) ForReports(names []string) (*masking.Policy, error) {
	more := Mask{}
	if m != nil {
		more = *m
	}
	more.Keys = append(slices.Clone(more.Keys), names...)
	return more.policy(func(string, []byte) (string, []byte) { return "", nil })
}

// pseudonym is the keyed hash by which values become pseudonyms: an HMAC-SHA-256
// of the log's own, so that the records of a log join and those of two do not.
// Its id is that of the log's digests. Until the log is open there is none, and
// nobody waits for that: the log's own log lines are masked too.
func (a *App) pseudonym(domain string, value []byte) (id string, tag []byte) {
	keys := a.run.keys.Load()
	if keys == nil {
		return "", nil
	}
	return keys.DigestID(), keys.MAC("mask pseudonym v1", domain, string(value))
}
