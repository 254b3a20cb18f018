package masking

import (
	"bytes"
	"strings"
)

// Parameters that are secret by the company they are in: the code that an
// authorization server sends back and a client redeems (RFC 6749, 4.1), and the
// signature of an address that whoever has it may fetch from. Alone, a code is
// that of a country or a discount, and a signature anybody's to check.

const (
	ruleCode      = "key:code"
	ruleSignature = "key:signature"
)

// shortestGrant is how long such a code or signature is at least: a state that
// stands beside a code may be one of the United States.
const shortestGrant = 12

// role is what a parameter is to others of its query.
type role uint8

const (
	grantCode       role = 1 << iota // a code, if such company is there …
	grantSignature                   // … and a signature
	besideCode                       // company of such a code …
	besideSignature                  // … and of such a signature
)

// roleOf is the role of a parameter by its name. Its value is looked at where
// the name alone does not tell.
func roleOf(name, value []byte) role {
	if len(name) < len("code") || len(name) >= len(roles) {
		return 0
	}
	for _, r := range roles[len(name)] {
		if bytes.EqualFold(name, r.name) && bytes.HasPrefix(value, r.value) {
			return r.role
		}
	}
	return 0
}

// paramRole is the role of a parameter of a query. It copies no more than a role
// can need.
func paramRole(name, value string) role {
	if len(name) >= len(roles) {
		return 0
	}
	return roleOf([]byte(name), []byte(value[:min(len(value), len("authorization_code"))]))
}

// namedRole is the role of the parameters of a name whose values begin so.
type namedRole struct {
	name, value []byte
	role        role
}

// roles are by the length of the name.
var roles = func() (by [len("session_state") + 1][]namedRole) {
	for name, r := range map[string]role{
		"code": grantCode, "state": besideCode, "session_state": besideCode, "code_verifier": besideCode, "redirect_uri": besideCode,
		"grant_type=authorization_code": besideCode,
		"signature":                     grantSignature, "expires": besideSignature, "policy": besideSignature, "key-pair-id": besideSignature,
	} {
		name, value, _ := strings.Cut(name, "=")
		by[len(name)] = append(by[len(name)], namedRole{[]byte(name), []byte(value), r})
	}
	return by
}()

// isGrant says whether the value of such a code or signature may be one.
func isGrant(value []byte) bool {
	return len(value) >= shortestGrant && !bytes.HasPrefix(value, []byte(Token)) && !bytes.HasPrefix(value, []byte(queryToken))
}

// grants follows the parameters of the address at hand in a text.
type grants struct {
	seen role
	last int     // text up to here is looked at
	late [2]part // a code and a signature without company so far
}

// take takes in the parameter whose name begins at from and ends before the
// equals sign at.
func (g *grants) take(w *work, text []byte, from, at int) {
	r := roleOf(text[from:at], text[at+1:])
	if r == 0 {
		return
	}
	if g.seen != 0 {
		w.root.looked += from - g.last
		if bytes.ContainsAny(text[min(g.last, from):from], " \t\r\n\"'<>`?") {
			*g = grants{}
		}
	}
	g.seen, g.last = g.seen|r, at
	if i := grantIndex(r); i >= 0 {
		end := at + 1
		for end < len(text) && (isAlnum(text[end]) || bytes.IndexByte([]byte("-._~%/+!*"), text[end]) >= 0) {
			end++
		}
		w.root.looked += end - at
		if g.late[i] = (part{}); isGrant(text[at+1 : end]) {
			g.late[i] = part{at + 1, end}
		}
	}
	for i, rule := range [...]string{ruleCode, ruleSignature} {
		if g.late[i].end > 0 && g.seen&(besideCode<<i) != 0 {
			w.add(g.late[i].start, g.late[i].end, rule)
			g.late[i] = part{}
		}
	}
}

func grantIndex(r role) int {
	switch r {
	case grantCode:
		return 0
	case grantSignature:
		return 1
	}
	return -1
}

// company is by which rule the parameters of a query are secret because of
// others: nil if none is, as in most.
func (w *work) company(params []string) []string {
	if len(params) < 2 {
		return nil
	}
	var all role
	named := false
	for _, p := range params {
		name, value, _ := strings.Cut(p, "=")
		all |= paramRole(name, value)
		_, word := lastPart(name)
		named = named || isName([]byte(word))
	}
	var rules []string
	if named {
		rules = w.pairedParams(params)
	}
	if !w.p.keys.defaults || all&(besideCode|besideSignature) == 0 || all&(grantCode|grantSignature) == 0 {
		return rules
	}
	for i, p := range params {
		name, value, _ := strings.Cut(p, "=")
		n := grantIndex(paramRole(name, value))
		if n < 0 || all&(besideCode<<n) == 0 || !isGrant([]byte(value)) {
			continue
		}
		if rules == nil {
			rules = make([]string, len(params))
		}
		rules[i] = [...]string{ruleCode, ruleSignature}[n]
	}
	return rules
}

// paramPair is a name and its values in a query, as of name=password&value=x,
// vars[0][name]=… and Parameters.member.1.ParameterKey=….
type paramPair struct {
	nameFirst bool
	rule      string // of the last name, or of one of the last …
	used      bool   // … to which a value was already
	waiting   []int  // values that come before their name
}

// pairedParams is by which rule parameters are secret because another one gives
// their name.
func (w *work) pairedParams(params []string) []string {
	pairs := map[string]*paramPair{}
	var rules []string
	secret := func(i int, rule string) {
		if rules == nil {
			rules = make([]string, len(params))
		}
		rules[i] = rule
	}
	for i, p := range params {
		name, value, _ := strings.Cut(p, "=")
		prefix, word := lastPart(name)
		isName := isName([]byte(word))
		if !isName && !isValue([]byte(word)) {
			continue
		}
		pair := pairs[prefix]
		if pair == nil {
			pair = &paramPair{nameFirst: isName}
			pairs[prefix] = pair
		}
		switch {
		case !isName && pair.nameFirst:
			if pair.used = true; pair.rule != "" {
				secret(i, pair.rule)
			}
		case !isName:
			pair.waiting = append(pair.waiting, i)
		default:
			rule := w.namedBy(value)
			if pair.used || pair.rule == "" {
				pair.rule, pair.used = rule, false
			}
			for _, i := range pair.waiting {
				if rule != "" {
					secret(i, rule)
				}
			}
			pair.waiting = pair.waiting[:0]
		}
	}
	return rules
}

// namedBy is the rule by which value, as it stands in a query, is a secret name,
// or what is left of it once it is masked: masking again must find nothing new.
func (w *work) namedBy(value string) string {
	rule := w.p.keys.findEncoded([]byte(value))
	if rule == "" {
		w.root.quiet++
		_, masked := w.decoded(value, string(unescape(nil, []byte(value))))
		w.root.quiet--
		rule = w.p.keys.find([]byte(masked)).rule
	}
	return rule
}

// lastPart is the last word of a parameter's name as it stands in the query, in
// lower case or Capitalized, and what stands before it.
func lastPart(name string) (before, word string) {
	end := len(name)
	for _, bracket := range []string{"]", "%5D", "%5d"} {
		if strings.HasSuffix(name, bracket) {
			end -= len(bracket)
			break
		}
	}
	start, least := end, 0
	if i := strings.LastIndexByte(name[:end], '%'); i >= 0 && end-i >= len("%5B") {
		least = i + len("%5B")
	}
	for start > least && 'a' <= name[start-1] && name[start-1] <= 'z' {
		start--
	}
	if start > least && 'A' <= name[start-1] && name[start-1] <= 'Z' && start < end {
		start--
	}
	return name[:start], name[start:end]
}
