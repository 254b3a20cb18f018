package masking

import (
	"bytes"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
)

// Pattern is a detector of one's own.
type Pattern struct {
	// Name is what records show, as detect:<name>: lower-case letters, digits
	// and _, and no built-in detector's.
	Name string `json:"name"`
	// Regexp matches what is secret, in the syntax of Go's package regexp (RE2).
	// It must not match the empty string. It is fastest when it begins with
	// some letters as they are. JSON numbers are matched as they are written.
	Regexp string `json:"regexp"`
}

// pattern is one compiled.
type pattern struct {
	rule   string
	re     *regexp.Regexp
	prefix []byte
}

const (
	maxPatterns = 64
	// maxMatches bounds the work on a text: a pattern that matches more often
	// has the rest of it masked.
	maxMatches = 256
)

var patternName = regexp.MustCompile(`^[a-z0-9_]{1,64}$`)

func (p *Policy) newPatterns(patterns []Pattern) error {
	if len(patterns) > maxPatterns {
		return fmt.Errorf("%d patterns are too many; %d can be had", len(patterns), maxPatterns)
	}
	for _, c := range patterns {
		rule := "detect:" + c.Name
		switch {
		case !patternName.MatchString(c.Name):
			return fmt.Errorf("pattern %q: a name has lower-case letters, digits and _", c.Name)
		case slices.Contains(detectorNames, c.Name) || c.Name == "credential" || c.Name == "default" || c.Name == "off":
			return fmt.Errorf("pattern %q: that is a built-in detector's name", c.Name)
		case p.hasPattern(rule):
			return fmt.Errorf("pattern %q is there twice", c.Name)
		}
		tree, err := syntax.Parse(c.Regexp, syntax.Perl)
		if err != nil {
			return fmt.Errorf("pattern %q: %w", c.Name, err)
		}
		least := leastLength(tree)
		if least == 0 {
			return fmt.Errorf("pattern %q matches the empty string; have it match what is secret", c.Name)
		}
		re, err := regexp.Compile(c.Regexp)
		if err != nil {
			return fmt.Errorf("pattern %q: %w", c.Name, err)
		}
		prefix, _ := re.LiteralPrefix()
		p.patterns = append(p.patterns, pattern{rule: rule, re: re, prefix: []byte(prefix)})
		p.shortest, p.plain = min(p.shortest, least), min(p.plain, least)
	}
	return nil
}

func (p *Policy) hasPattern(rule string) bool {
	return slices.ContainsFunc(p.patterns, func(c pattern) bool { return c.rule == rule })
}

// leastLength is how many bytes any match of re has at least, as far as it can
// be told: 0 for none.
func leastLength(re *syntax.Regexp) int {
	switch re.Op {
	case syntax.OpLiteral:
		return len(re.Rune)
	case syntax.OpCharClass, syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return 1
	case syntax.OpCapture, syntax.OpPlus:
		return leastLength(re.Sub[0])
	case syntax.OpRepeat:
		return re.Min * leastLength(re.Sub[0])
	case syntax.OpConcat:
		n := 0
		for _, sub := range re.Sub {
			n += leastLength(sub)
		}
		return n
	case syntax.OpAlternate:
		n := leastLength(re.Sub[0])
		for _, sub := range re.Sub[1:] {
			n = min(n, leastLength(sub))
		}
		return n
	}
	return 0 // what is optional, and what has no width
}

// matchPatterns adds what patterns match in text.
func (w *work) matchPatterns(text []byte) {
	for i := range w.p.patterns {
		c := &w.p.patterns[i]
		if !bytes.Contains(text, c.prefix) || !c.re.Match(text) { // nothing is allocated so far
			continue
		}
		w.root.looked += len(text)
		found := c.re.FindAllIndex(text, maxMatches)
		for _, at := range found {
			w.add(at[0], at[1], c.rule)
		}
		if len(found) == maxMatches {
			w.add(found[maxMatches-1][1], len(text), c.rule)
		}
	}
}

// numberRule is the rule of the first pattern that matches a JSON number, or
// "".
func (p *Policy) numberRule(number []byte) string {
	for i := range p.patterns {
		if c := &p.patterns[i]; c.re.Match(number) && !p.allowed(c.rule, number) {
			return c.rule
		}
	}
	return ""
}

// newAllow takes in the values to leave, in every form they are compared in.
func (p *Policy) newAllow(values []string) error {
	for _, v := range values {
		if v = strings.TrimSpace(v); v == "" {
			return fmt.Errorf("allow: an empty value cannot be allowed; leave it out")
		}
		if p.allow == nil {
			p.allow = map[string]bool{}
		}
		p.allow[v] = true
		p.allow[ruleEmail+string(normal(ruleEmail, []byte(v)))] = true
		p.allow[ruleCard+string(normal(ruleCard, []byte(v)))] = true
	}
	return nil
}

// allowed says whether part, which a detector found, is a value to leave.
func (p *Policy) allowed(rule string, part []byte) bool {
	if p.allow == nil || !strings.HasPrefix(rule, "detect:") {
		return false
	}
	part = bytes.TrimSpace(part)
	if p.allow[string(part)] {
		return true
	}
	switch rule {
	case ruleEmail:
		return p.allow[ruleEmail+string(normal(rule, part))]
	case ruleCard, ruleIBAN, ruleSSN, rulePhone:
		return p.allow[ruleCard+string(normal(rule, part))]
	}
	return false
}
