package masking

import (
	"bytes"
	"strings"

	"github.com/caddyrec/caddyrec/jsonscan"
)

// What stands behind a built-in secret name and is no secret: hasPassword is
// true or false, and tokens in a number are those of a language model.

// meant is the rule that calls the value tok secret, if not that of its name,
// then that of its place, or "". Whoever names a key, a path or a place in a
// schema means all of its values.
//
//go:noinline
func (w *work) meant(tok jsonscan.Token, rule string) string {
	switch tok.Kind {
	case jsonscan.True, jsonscan.False, jsonscan.Null:
		if !strings.HasPrefix(rule, "key:") || w.p.keys.own[rule] {
			return rule
		}
	case jsonscan.Number:
		if !w.counts || rule != ruleToken || w.p.keys.own[rule] {
			return rule
		}
	default:
		return rule
	}
	if w.track.on {
		return w.track.rule()
	}
	return ""
}

const ruleToken = "key:token"

// namesTokens says whether name is the plural of token: max_new_tokens.
func namesTokens(name []byte) bool {
	return len(name) >= len("tokens") && hasPrefixFold(name[len(name)-len("tokens"):], "tokens")
}

// counted says whether value, of a name in a text or a form that rule calls
// secret, is how many tokens there are.
func (p *Policy) counted(name, value []byte, rule string) bool {
	return rule == ruleToken && len(value) > 0 && len(value) < 12 && namesTokens(name) && len(bytes.Trim(value, "0123456789")) == 0 &&
		!p.keys.own[rule]
}
