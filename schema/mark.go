package schema

import (
	"encoding/json"
	"errors"
)

// mark says that a place is sensitive, and what its schema wants done about it.
// Of several on one place the greatest holds: one that names an action before
// one that does not, then the action that leaves less.
type mark int

const (
	unmarked  mark = iota
	byPolicy       // sensitive; the policy knows what to do
	partial        // keeping mostKept characters; each more is one less
	pseudonym = partial + mostKept
	token     = pseudonym + 1
	drop      = token + 1
)

const (
	mostKept    = 64
	usuallyKept = 4
)

func keeping(n int) mark { return partial + mark(mostKept-n) }

// action is the mark in the words of x-mask.
func (k mark) action() (action string, keep int) {
	switch {
	case k <= byPolicy:
		return "", 0
	case k < pseudonym:
		return "partial", mostKept - int(k-partial)
	}
	return map[mark]string{pseudonym: "pseudonym", token: "token", drop: "drop"}[k], 0
}

// under is the mark of a place that says k itself and is below one that says
// above: nothing below a place is shown more of than the place allows. No action
// counts as much as a token.
func (k mark) under(above mark) mark {
	switch {
	case k == unmarked || above == unmarked:
		return max(k, above)
	case (k == byPolicy || above == byPolicy) && max(k, above) < token:
		return byPolicy
	}
	return max(k, above)
}

var errMask = errors.New(`/x-mask is none of true, false, "token", "pseudonym", "drop", "partial" and {"action": "partial", "keep": 4} (1 to 64 characters): write one of these`)

// markOf reads what a schema object calls its place, and by which keyword.
func markOf(m map[string]any) (why string, is mark, err error) {
	switch {
	case m["writeOnly"] == true:
		why, is = "writeOnly", byPolicy
	case m["format"] == "password":
		why, is = "format: password", byPolicy
	}
	switch v := m["x-sensitive"].(type) {
	case bool:
		if v {
			why, is = "x-sensitive", byPolicy
		}
	default:
		if _, ok := m["x-sensitive"]; ok {
			return "", 0, errors.New("/x-sensitive is not a boolean: write true or false")
		}
	}
	if v, ok := m["x-mask"]; ok {
		wants, ok := maskOf(v)
		if !ok {
			return "", 0, errMask
		}
		if wants > is {
			why, is = "x-mask", wants
		}
	}
	return why, is, nil
}

func maskOf(v any) (is mark, ok bool) {
	name, _ := v.(string)
	keep := usuallyKept
	switch v := v.(type) {
	case bool:
		if v {
			return byPolicy, true
		}
		return unmarked, true
	case map[string]any:
		name, _ = v["action"].(string)
		known := 1
		if text, given := v["keep"]; given {
			n, _ := text.(json.Number)
			many, err := n.Int64()
			if keep = int(many); err != nil || many < 1 || many > mostKept || name != "partial" {
				return 0, false
			}
			known++
		}
		if len(v) != known {
			return 0, false
		}
	}
	is, ok = map[string]mark{"partial": keeping(keep), "pseudonym": pseudonym, "token": token, "drop": drop}[name]
	return is, ok
}

// isMarked says that a schema object calls its place sensitive.
func isMarked(m map[string]any) bool {
	_, is, err := markOf(m)
	return is != 0 || err != nil
}

// deepMark is the strictest mark anywhere in raw.
func deepMark(raw any) (is mark) {
	switch v := raw.(type) {
	case map[string]any:
		if _, is, _ = markOf(v); is == 0 && isMarked(v) {
			is = byPolicy
		}
		for _, e := range v {
			is = max(is, deepMark(e))
		}
	case []any:
		for _, e := range v {
			is = max(is, deepMark(e))
		}
	}
	return is
}
