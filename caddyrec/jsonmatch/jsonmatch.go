// Package jsonmatch is the request matcher json.
package jsonmatch

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/tidwall/gjson"

	"github.com/caddyrec/caddyrec/caddyrec"
	"github.com/caddyrec/caddyrec/exchange"
)

func init() { caddy.RegisterModule(Match{}) }

// Match matches requests by a value in their JSON body.
//
// A body that could be read in two ways, because it is not strict JSON, names
// a key twice or writes a key of the path in another case, is answered with
// 400, and one in another charset than UTF-8 or with a Content-Encoding with
// 415: whether it matches depends on who reads it, and a decision that stands
// on it could be walked around. A request without a body does not match, nor
// does one whose Content-Type says that it is something else than JSON.
//
// Caddy asks the matchers of one set in no fixed order, so a json line may be
// asked, and answer 400, though a path beside it would not match. jit_approval
// asks json last, and whatever the Content-Type says. Elsewhere, put json into
// a handle block of its own if that matters.
//
//	json <path> <operator> <value>
//	json <path> exists
//
// Several json lines in one matcher must all match.
type Match struct {
	// The comparisons, which must all hold.
	Conditions []Condition `json:"conditions"`
	// Asks each body, whatever its Content-Type says: the upstream may not look
	// at it. jit_approval sets this for its own matcher.
	AnyMedia bool `json:"any_media,omitempty"`

	names [][]byte // all that the paths name
}

// Condition is one comparison.
type Condition struct {
	// A gjson path, such as `amount` or `items.0.price`.
	Path string `json:"path"`
	// How to compare: `==`, `!=`, `<`, `<=`, `>`, `>=` or `exists`. Numbers are
	// compared exactly, digit by digit. A decimal number in a string is compared
	// as that number, since upstreams may read it so; one of more than 64 bytes or
	// with an exponent beyond 400 is answered with 400, as is a body with anything
	// else where a number is due, such as `0x1F`, an array or an object.
	Operator string `json:"operator"`
	// What to compare with.
	Value string `json:"value,omitempty"`

	want   decimal // Value
	number bool    // it is one
}

// CaddyModule returns the Caddy module information.
func (Match) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.matchers.json", New: func() caddy.Module { return new(Match) }}
}

// Provision takes the conditions apart.
func (m *Match) Provision(caddy.Context) error {
	for i := range m.Conditions {
		c := &m.Conditions[i]
		want, ok, err := parseDecimal(c.Value)
		c.want, c.number = want, ok && err == nil
		for name := range strings.FieldsFuncSeq(c.Path, func(r rune) bool { return strings.ContainsRune(".|#", r) }) {
			m.names = append(m.names, []byte(name))
		}
	}
	return nil
}

var operators = []string{"==", "!=", "<", "<=", ">", ">=", "exists"}

// UnmarshalCaddyfile reads json lines. For their syntax see [Match].
func (m *Match) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	for d.Next() {
		args := d.RemainingArgs()
		switch {
		case len(args) == 3, len(args) == 2 && args[1] == "exists":
		default:
			return d.Errf("json wants <path> <operator> <value>, or <path> exists")
		}
		c := Condition{Path: args[0], Operator: args[1]}
		if len(args) == 3 {
			c.Value = args[2]
		}
		if err := c.check(); err != nil {
			return d.Err(err.Error())
		}
		m.Conditions = append(m.Conditions, c)
		if d.NextBlock(0) {
			return d.Err("json takes no block")
		}
	}
	return nil
}

// Validate checks conditions that came as JSON.
func (m Match) Validate() error {
	if len(m.Conditions) == 0 {
		return errors.New("json: no condition")
	}
	for _, c := range m.Conditions {
		if err := c.check(); err != nil {
			return err
		}
	}
	return nil
}

func (c Condition) check() error {
	switch {
	case c.Path == "":
		return errors.New("json: the path is empty")
	case strings.ContainsAny(c.Path, "@!{*?\\()"):
		// Modifiers rewrite the document; and a key found by a pattern cannot be
		// told from one that only looks like it.
		return fmt.Errorf("json %s: a path has names, indexes and #, no modifiers, patterns or queries", c.Path)
	case foreign(c.Path):
		// It would match a key of that very name, so as a rule never, and what it
		// guards would be open.
		return fmt.Errorf("json %s: a path is names and indexes with a dot between, such as amount or items.0.price", c.Path)
	case !slices.Contains(operators, c.Operator):
		return fmt.Errorf("json %s: unknown operator %q: use one of %s", c.Path, c.Operator, strings.Join(operators, " "))
	case c.Operator == "exists" && c.Value != "":
		return fmt.Errorf("json %s exists: takes no value", c.Path)
	}
	_, isNumber, err := parseDecimal(c.Value)
	switch {
	case err != nil:
		return fmt.Errorf("json %s %s %s: %w", c.Path, c.Operator, c.Value, err)
	case strings.ContainsAny(c.Operator, "<>") && !isNumber:
		return fmt.Errorf("json %s %s %s: the value is not a number: write it in decimal, such as 1000 or 0.5", c.Path, c.Operator, c.Value)
	}
	return nil
}

// foreign reports whether a path is written in another language than gjson's: a
// JSONPath ($.amount, items[0].price), a JSON Pointer (/amount) or jq (.amount).
func foreign(path string) bool {
	steps := strings.Split(path, ".")
	return steps[0] == "$" || path[0] == '/' || slices.Contains(steps, "") || strings.ContainsAny(path, "[]")
}

// Match is there for callers of the older interface. It matches when in doubt.
func (m *Match) Match(r *http.Request) bool {
	ok, err := m.MatchWithError(r)
	return ok || err != nil
}

// MatchWithError reports whether all conditions hold for r's body.
func (m *Match) MatchWithError(r *http.Request) (bool, error) {
	if exchange.Recoded(r.Header) {
		return false, refused(http.StatusUnsupportedMediaType, errors.New("the body is in a charset or coding that is not read here"))
	}
	isJSON := r.Header.Get("Content-Type") == "" || exchange.MediaOf(r.Header) == exchange.JSON
	if !isJSON && !m.AnyMedia {
		return false, nil
	}
	body, err := caddyrec.JSONBody(r, m.unambiguous)
	if err != nil {
		return false, refused(http.StatusBadRequest, err)
	}
	if len(body) == 0 {
		return false, nil
	}
	holds, err := m.holds(body)
	switch {
	case err != nil:
		return false, refused(http.StatusBadRequest, err)
	case !holds && !isJSON:
		// By its own word it is something else, in which the value may stand too.
		return false, refused(http.StatusBadRequest, errors.New("the body is JSON, and the Content-Type says otherwise"))
	}
	return holds, nil
}

func refused(status int, err error) error {
	return caddyhttp.Error(status, fmt.Errorf("json matcher: %w", err))
}

// holds reports whether all conditions hold for body.
func (m *Match) holds(body []byte) (bool, error) {
	for _, c := range m.Conditions {
		if holds, err := c.holds(gjson.GetBytes(body, c.Path)); err != nil || !holds {
			return false, err
		}
	}
	return true, nil
}

// unambiguous refuses a key that is one of the paths' but for its case: some
// parsers bind both (encoding/json does).
func (m *Match) unambiguous(key []byte) error {
	for _, name := range m.names {
		if bytes.EqualFold(key, name) && !bytes.Equal(key, name) {
			return fmt.Errorf("a key is %q but for its case", name)
		}
	}
	return nil
}

func (c Condition) holds(v gjson.Result) (bool, error) {
	if c.Operator == "exists" {
		return v.Exists(), nil
	}
	if v.IsArray() && strings.Contains(c.Path, "#") {
		// A path with # gives all the values there are: any one will do.
		for _, one := range v.Array() {
			if holds, err := c.holds(one); holds || err != nil {
				return holds, err
			}
		}
		return false, nil
	}
	switch c.Operator {
	case "==", "!=":
		equal, err := c.equal(v)
		return equal == (c.Operator == "=="), err
	}
	got, ok, err := number(v)
	switch {
	case err != nil:
		return false, fmt.Errorf("the value at %s: %w", c.Path, err)
	case ok:
	case v.Type == gjson.Null || v.Type == gjson.True || v.Type == gjson.False: // also what is not there
		return false, nil
	default:
		return false, fmt.Errorf("the value at %s is not a number", c.Path)
	}
	order := got.compare(c.want)
	switch c.Operator {
	case "<":
		return order < 0, nil
	case "<=":
		return order <= 0, nil
	case ">":
		return order > 0, nil
	default:
		return order >= 0, nil
	}
}

// equal says whether v is there and is Value: as text, or as a number.
func (c Condition) equal(v gjson.Result) (bool, error) {
	if !v.Exists() {
		return false, nil
	}
	if v.String() == c.Value && v.Type != gjson.Number { // a large number's String is rounded
		return true, nil
	}
	if !c.number {
		return false, nil
	}
	got, ok, err := number(v)
	if err != nil {
		return false, fmt.Errorf("the value at %s: %w", c.Path, err)
	}
	return ok && got.compare(c.want) == 0, nil
}

// number is v's value, exactly. The error is errBeyond.
func number(v gjson.Result) (decimal, bool, error) {
	switch v.Type {
	case gjson.Number:
		if v.Raw == "" { // gjson has counted it
			return parseDecimal(v.String())
		}
		return parseDecimal(v.Raw)
	case gjson.String:
		return parseDecimal(strings.Trim(v.Str, " "))
	}
	return decimal{}, false, nil
}

// Interface guards
var (
	_ caddyfile.Unmarshaler             = (*Match)(nil)
	_ caddy.Provisioner                 = (*Match)(nil)
	_ caddy.Validator                   = (*Match)(nil)
	_ caddyhttp.RequestMatcherWithError = (*Match)(nil)
)
