package rerun

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/caddyrec/caddyrec/jsonscan"
)

// A value that is short, such as 17, is an order's id in one place and a
// quantity in another. So it is known together with what it is the id of: the
// order in /orders/17, "order_id": 17, and the "id": 17 of an order.

// canonical is a name without case and punctuation.
func canonical(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// singular is an English noun's, near enough: what matters is that both forms
// come to one.
func singular(noun string) string {
	switch {
	case strings.HasSuffix(noun, "ies") && len(noun) > 4:
		return noun[:len(noun)-3] + "y"
	case strings.HasSuffix(noun, "sses"), strings.HasSuffix(noun, "xes"):
		return noun[:len(noun)-2]
	case strings.HasSuffix(noun, "s") && !strings.HasSuffix(noun, "ss") && len(noun) > 2:
		return noun[:len(noun)-1]
	}
	return noun
}

// lastName is the last step of a pointer that is no index, or a name that is no
// pointer.
func lastName(pointer string) string {
	if !strings.HasPrefix(pointer, "/") {
		return pointer
	}
	all := strings.Split(pointer, "/")
	for i := len(all) - 1; i > 0; i-- {
		if !isIndex(all[i]) {
			return jsonscan.UnescapeToken(all[i])
		}
	}
	return ""
}

func isIndex(step string) bool { return step != "" && strings.Trim(step, "0123456789") == "" }

// bareIDs are names that say that a value is an id, but not of what.
var bareIDs = map[string]bool{"id": true, "uuid": true, "guid": true, "uid": true}

// classesInJSON are what a value at a pointer may be the id of, in a body sent
// to or from a path: orderid for /order_id, /order/id and /orders/0, and for
// /id at /orders.
func classesInJSON(path, pointer string) []string {
	last, parent, names := "", "", 0 // names: up to 2
	steps := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i := len(steps) - 1; i >= 0 && names < 2; i-- {
		switch {
		case isIndex(steps[i]):
			continue
		case len(steps[i]) > longestName && names == 0:
			return nil
		case names == 0:
			last = canonical(jsonscan.UnescapeToken(steps[i]))
		default:
			parent = canonical(jsonscan.UnescapeToken(steps[i]))
		}
		names++
	}
	switch {
	case names == 0:
		return classesOfPath(path)
	case !bareIDs[last]:
		return classesOfName(last)
	case names == 1:
		return classesOfPath(path)
	}
	classes := []string{singular(parent) + "id"}
	if wrappers[parent] {
		classes = append(classes, classesOfPath(path)...)
	}
	return classes
}

// wrappers are names of what may be around an answer rather than in it.
var wrappers = map[string]bool{"data": true, "result": true, "results": true, "items": true, "attributes": true}

var idName = regexp.MustCompile(`(?i:(^|[^a-z0-9])(id|uuid|guid|uid)s?$)|[a-z0-9](Id|ID|Uuid|UUID|Guid|GUID)s?$`)

// longestName is how long a name may be that says something of a value, in bytes:
// one that a client has made up has no end.
const longestName = 256

// isIDName says whether a short value of that name is an id: order_id and
// orderId, not paid, and no number that counts something.
func isIDName(name string) bool {
	if len(name) > longestName {
		return false
	}
	if idName.MatchString(name) {
		return true
	}
	name = canonical(name)
	return slices.ContainsFunc([]string{"token", "nonce", "csrf", "xsrf", "etag", "cursor"}, func(end string) bool {
		return strings.HasSuffix(name, end)
	})
}

// classesOfName are what a value of that name may be the id of.
func classesOfName(name string) []string {
	name = singular(canonical(name))
	if strings.HasSuffix(name, "id") {
		return []string{name}
	}
	return []string{name, name + "id"}
}

// classesOfPath are what an id that says nothing may be of, at a path.
func classesOfPath(path string) (classes []string) {
	for seg := range strings.SplitSeq(path, "/") {
		if c := canonical(seg); c != "" && !strings.ContainsAny(c, "0123456789") && !strings.Contains(seg, "masked") {
			classes = append(classes, singular(c)+"id")
		}
	}
	return classes
}
