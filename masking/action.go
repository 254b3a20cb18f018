package masking

import (
	"errors"
	"fmt"
	"strings"
)

// Action is what becomes of a value that a rule calls secret.
type Action struct {
	Kind ActionKind
	// Keep is how many letters and digits at its end ActPartial shows.
	Keep int
}

// ActionKind is a way to mask.
type ActionKind uint8

const (
	// ActDefault is what Config says of the rule, else of "default", else
	// ActToken.
	ActDefault ActionKind = iota
	// ActToken puts [Token] in the value's place.
	ActToken
	// ActPartial shows the last letters and digits, as in [masked:…1234], of a
	// value with more than twice as many: else it does as ActToken does, and so
	// for objects and arrays.
	ActPartial
	// ActPseudonym puts a keyed hash in the value's place, [masked:<key>:<tag>]:
	// the same for the same value of the same field, so that records join.
	// Objects and arrays become [Token].
	ActPseudonym
	// ActDrop removes the member, element or parameter. Where there is none to
	// remove, as in free text, it does as ActToken does.
	ActDrop
	// ActPreserve keeps the type: strings become [Token], numbers 0, booleans
	// false, null stays; objects and arrays keep their shape.
	ActPreserve
)

// maxPartial is the most that ActPartial shows.
const maxPartial = 8

// ParseAction reads an action as configuration has it: token, partial,
// pseudonym or drop, and for partial how much to keep, from 1 to 8; else 0.
func ParseAction(kind string, keep int) (Action, error) {
	a := Action{Keep: keep}
	switch kind {
	case "token":
		a.Kind = ActToken
	case "partial":
		a.Kind = ActPartial
	case "pseudonym":
		a.Kind = ActPseudonym
	case "drop":
		a.Kind = ActDrop
	default:
		return Action{}, fmt.Errorf("unknown action %q; there are token, partial, pseudonym and drop", kind)
	}
	return a, a.check()
}

func (a Action) check() error {
	if a.Kind > ActPreserve {
		return fmt.Errorf("there is no action %d", a.Kind)
	}
	if a.Kind == ActPartial && (a.Keep < 1 || a.Keep > maxPartial) {
		return fmt.Errorf("partial shows %d characters; say how many, from 1 to %d", a.Keep, maxPartial)
	}
	if a.Kind != ActPartial && a.Keep != 0 {
		return errors.New("only partial takes a number; leave it out")
	}
	return nil
}

// ruleSchema is the rule of what [Marks] mark.
const ruleSchema = "schema"

// newActions checks cfg's actions and names their rules as records do.
func (p *Policy) newActions(cfg *Config) error {
	for rule, act := range cfg.Actions {
		if err := act.check(); err != nil {
			return fmt.Errorf("action of %s: %w", rule, err)
		}
		if act.Kind == ActPseudonym && cfg.Pseudonym == nil {
			return fmt.Errorf("action pseudonym of %s needs a keyed hash, and there is none", rule)
		}
		if rule == "default" {
			p.fallback, p.drops = act, p.drops || act.Kind == ActDrop
			continue
		}
		known, err := p.knownRule(rule, cfg)
		if err != nil {
			return err
		}
		if act.Kind == ActDrop && strings.HasPrefix(rule, "path:") && hasIndex(rule) {
			return fmt.Errorf("action drop of %s: without the element another would have its index; use token", rule)
		}
		if p.actions == nil {
			p.actions = map[string]Action{}
		}
		p.actions[known], p.drops = act, p.drops || act.Kind == ActDrop
	}
	return nil
}

// knownRule is rule as records show it, or why no record would.
func (p *Policy) knownRule(rule string, cfg *Config) (string, error) {
	kind, name, _ := strings.Cut(rule, ":")
	switch kind {
	case ruleSchema:
		if rule == ruleSchema {
			return rule, nil
		}
	case "key":
		if p.keys.defaults && (rule == ruleCode || rule == ruleSignature) {
			return rule, nil
		}
		switch known := p.keys.find([]byte(name)).rule; {
		case known == "":
			return "", fmt.Errorf("action of %s: that name is not secret; add it to keys", rule)
		case canonical(strings.TrimPrefix(known, "key:")) != canonical(name):
			return "", fmt.Errorf("action of %s: records show that name as %s; use that, or add the name to keys", rule, known)
		default:
			return known, nil
		}
	case "path":
		for _, pattern := range cfg.Paths {
			if pattern == name {
				return rule, nil
			}
		}
		return "", fmt.Errorf("action of %s: there is no such path pattern", rule)
	case "detect":
		if p.detect.runs(name) || p.hasPattern(rule) {
			return rule, nil
		}
		return "", fmt.Errorf("action of %s: no detector and no pattern of that name runs; the detectors are %s", rule, strings.Join(detectorNames, ", "))
	}
	return "", fmt.Errorf("action of %q: name a rule as records show it: key:<name>, path:<pattern>, detect:<name> or schema; or default", rule)
}

// hasIndex says whether a path rule names an index, or a key that may be one.
func hasIndex(rule string) bool {
	for seg := range strings.SplitSeq(rule, "/") {
		if seg != "" && strings.Trim(seg, "0123456789") == "" {
			return true
		}
	}
	return false
}

// action is what to do with the value at hand, which rule calls secret.
func (w *work) action(rule string) Action {
	p := w.p
	if p.preserve {
		return Action{Kind: ActPreserve}
	}
	if rule == ruleNested || rule == ruleUndecodable {
		return Action{Kind: ActToken} // whole texts of no known form
	}
	act := p.actions[rule]
	if rule == ruleSchema {
		if a := w.track.action(); a.Kind != ActDefault {
			act = a
		}
	}
	if act.Kind == ActDefault {
		act = p.fallback
	}
	if act.Kind == ActDefault {
		act.Kind = ActToken
	}
	return act
}
