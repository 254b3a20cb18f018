package schema

import (
	"maps"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// rule is a compiled schema object in the form the evaluator runs. The
// compiler's own validator builds an error for every value at fault, quoting
// it, before anybody asks (465 MB for a body of 1 MiB); the evaluator builds the
// few that are told.
type rule struct {
	place  string // prefix of Fault.Schema
	always *bool
	types  kinds
	whole  []assertion
	object *objectRule
	array  *arrayRule
	text   *textRule
	number *numberRule

	applies         bool // one of the following is there
	ref             *rule
	not             *rule
	all             []*rule
	some, one       []*rule // anyOf, oneOf
	cond            *rule
	then, otherwise *rule
	recursive       *rule       // $recursiveRef
	dynamic         *dynamicRef // $dynamicRef

	resource int32 // the schema resource it belongs to, where that matters
	outer    bool  // $recursiveAnchor: true
	loose    *looseRule
}

// dynamicRef is what a $dynamicRef may mean: the rule of the outermost resource
// that has the anchor, of those gone through on the way here.
type dynamicRef struct {
	static *rule
	rules  map[int32]*rule // by resource
}

// looseRule is for what no other keyword has looked at.
type looseRule struct{ props, items *rule }

// assertion is a keyword that looks at a value as a whole.
type assertion struct {
	keyword string
	holds   func(t *tape, value int32) bool
}

type objectRule struct {
	min, max   int
	slots      slots   // those of props are first
	required   []int   // slots
	props      []*rule // by slot, sorted by key
	patterns   []matched
	names      *rule
	additional *rule
	closed     bool // additionalProperties: false
	open       bool // additionalProperties: true, where it matters
	needs      []dependency
}

type matched struct {
	pattern *pattern
	rule    *rule
}

// dependency is what must hold where a key is there: other keys, or a rule.
type dependency struct {
	keyword, name string
	slot          int
	keys          []int // slots
	rule          *rule
}

type arrayRule struct {
	min, max       int
	unique         bool
	prefix         []*rule
	prefixKeyword  string
	rest           *rule
	restKeyword    string
	closed         bool // additionalItems: false
	open           bool // additionalItems: true, where it matters
	contains       *rule
	evaluates      bool // contains counts as having looked at what it matches
	minHas, maxHas int
}

type textRule struct {
	min, max int
	pattern  *pattern
}

type numberRule struct {
	least, above, most, below *bound
	multiple                  *bound
}

// ruler makes rules, one for each schema object.
type ruler struct {
	lib       *library
	names     map[string]string // as Schema.names
	rules     map[*jsonschema.Schema]*rule
	resources map[string]int32
	anchors   map[string]map[int32]*jsonschema.Schema // by $dynamicAnchor and resource
	builder   *builder
	spoiled   bool // something did not compile
}

func newRuler(lib *library) *ruler {
	return &ruler{lib: lib, rules: map[*jsonschema.Schema]*rule{}, resources: map[string]int32{}}
}

// beyond lists the keywords of a schema object that only the compiler's own
// validator knows.
func (l *library) beyond(s *jsonschema.Schema) (keywords []string) {
	if s.DynamicRef != nil && l.raw(s) == nil {
		keywords = append(keywords, "$dynamicRef") // of a metaschema
	}
	if s.RegexProperties {
		keywords = append(keywords, "regexProperties")
	}
	if s.Draft == jsonschema.Draft7 {
		if s.ContentEncoding != "" {
			keywords = append(keywords, "contentEncoding")
		}
		if s.ContentMediaType != "" {
			keywords = append(keywords, "contentMediaType")
		}
	}
	return keywords
}

func (b *ruler) rule(s *jsonschema.Schema) *rule {
	if s == nil {
		return nil
	}
	if r, ok := b.rules[s]; ok {
		return r
	}
	r := &rule{place: placeIn(b.names, s.Location), always: s.Always, outer: s.RecursiveAnchor}
	b.rules[s] = r
	if len(b.lib.anchors) > 0 {
		r.resource = b.resource(s)
	}
	r.types = kindsOf(s.Types)
	if len(s.Constant) > 0 {
		r.whole = append(r.whole, assertion{"const", newConstant(s.Constant[:1]).holds})
	}
	if len(s.Enum) > 0 {
		r.whole = append(r.whole, assertion{"enum", newConstant(s.Enum).holds})
	}
	if holds := format(s.Format); holds != nil && !b.lib.plain {
		r.whole = append(r.whole, assertion{"format", holds})
	}
	r.object, r.array, r.text, r.number = b.object(s), b.array(s), textOf(s), numberOf(s)
	r.ref, r.not = b.rule(s.Ref), b.rule(s.Not)
	r.all, r.some, r.one = b.list(s.AllOf), b.list(s.AnyOf), b.list(s.OneOf)
	r.cond, r.then, r.otherwise = b.rule(s.If), b.rule(s.Then), b.rule(s.Else)
	r.recursive, r.dynamic = b.rule(s.RecursiveRef), b.dynamic(s)
	if s.UnevaluatedProperties != nil || s.UnevaluatedItems != nil {
		r.loose = &looseRule{b.rule(s.UnevaluatedProperties), b.rule(s.UnevaluatedItems)}
	}
	r.applies = r.ref != nil || r.recursive != nil || r.dynamic != nil || r.not != nil || len(r.all)+len(r.some)+len(r.one) > 0 || r.cond != nil
	return r
}

func (b *ruler) resource(s *jsonschema.Schema) int32 {
	at := b.lib.resource(s.Location)
	n, ok := b.resources[at]
	if !ok {
		n = int32(len(b.resources) + 1)
		b.resources[at] = n
	}
	return n
}

func (b *ruler) dynamic(s *jsonschema.Schema) *dynamicRef {
	if s.DynamicRef == nil {
		return nil
	}
	d := &dynamicRef{static: b.rule(s.DynamicRef)}
	if anchor, ok := b.lib.dynamicAnchor(s); ok {
		d.rules = map[int32]*rule{}
		for resource, sub := range b.anchors[anchor] {
			d.rules[resource] = b.rule(sub)
		}
	}
	return d
}

func (b *ruler) list(list []*jsonschema.Schema) []*rule {
	var rules []*rule
	for _, s := range list {
		rules = append(rules, b.rule(s))
	}
	return rules
}

func (b *ruler) object(s *jsonschema.Schema) *objectRule {
	o := &objectRule{min: s.MinProperties, max: s.MaxProperties}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		o.slots.take(name)
		o.props = append(o.props, b.rule(s.Properties[name]))
	}
	o.required = o.slots.takeAll(s.Required)
	for re, sub := range s.PatternProperties {
		o.patterns = append(o.patterns, matched{newPattern(re), b.rule(sub)})
	}
	slices.SortFunc(o.patterns, func(a, b matched) int { return strings.Compare(a.pattern.re.String(), b.pattern.re.String()) })
	o.names = b.rule(s.PropertyNames)
	o.additional = b.rule(asSchema(s.AdditionalProperties))
	o.closed = s.AdditionalProperties == false
	o.open = s.AdditionalProperties == true && b.lib.loose
	need := func(keyword, name string, keys []string, sub *jsonschema.Schema) {
		o.needs = append(o.needs, dependency{keyword, name, o.slots.take(name), o.slots.takeAll(keys), b.rule(sub)})
	}
	for _, name := range slices.Sorted(maps.Keys(s.Dependencies)) {
		keys, _ := s.Dependencies[name].([]string)
		need("dependencies", name, keys, asSchema(s.Dependencies[name]))
	}
	for _, name := range slices.Sorted(maps.Keys(s.DependentRequired)) {
		need("dependentRequired", name, s.DependentRequired[name], nil)
	}
	for _, name := range slices.Sorted(maps.Keys(s.DependentSchemas)) {
		need("dependentSchemas", name, nil, s.DependentSchemas[name])
	}
	if o.min < 0 && o.max < 0 && len(o.slots.keys)+len(o.patterns) == 0 && o.names == nil && o.additional == nil && !o.closed && !o.open {
		return nil
	}
	return o
}

func (b *ruler) array(s *jsonschema.Schema) *arrayRule {
	a := &arrayRule{min: s.MinItems, max: s.MaxItems, unique: s.UniqueItems, minHas: s.MinContains, maxHas: s.MaxContains}
	switch items := s.Items.(type) {
	case *jsonschema.Schema:
		a.rest, a.restKeyword = b.rule(items), "items"
	case []*jsonschema.Schema:
		a.prefix, a.prefixKeyword = b.list(items), "items"
		a.rest, a.restKeyword = b.rule(asSchema(s.AdditionalItems)), "additionalItems"
		a.closed = s.AdditionalItems == false
		a.open = s.AdditionalItems == true && b.lib.loose
	default:
		a.prefix, a.prefixKeyword = b.list(s.PrefixItems), "prefixItems"
		a.rest, a.restKeyword = b.rule(s.Items2020), "items"
	}
	a.evaluates = s.ContainsEval
	if a.minHas >= 0 || a.maxHas >= 0 {
		a.contains = b.rule(s.Contains)
	}
	if a.min < 0 && a.max < 0 && !a.unique && len(a.prefix) == 0 && a.rest == nil && !a.closed && !a.open && a.contains == nil {
		return nil
	}
	return a
}

func textOf(s *jsonschema.Schema) *textRule {
	if s.MinLength < 0 && s.MaxLength < 0 && s.Pattern == nil {
		return nil
	}
	t := &textRule{min: s.MinLength, max: s.MaxLength}
	if s.Pattern != nil {
		t.pattern = newPattern(s.Pattern)
	}
	return t
}

func numberOf(s *jsonschema.Schema) *numberRule {
	n := &numberRule{newBound(s.Minimum), newBound(s.ExclusiveMinimum), newBound(s.Maximum), newBound(s.ExclusiveMaximum), newBound(s.MultipleOf)}
	if *n == (numberRule{}) {
		return nil
	}
	return n
}

// at is the place of a keyword, or of an entry of its list.
func (r *rule) at(keyword string, below ...string) string {
	place := r.place + "/" + keyword
	for _, tok := range below {
		place += "/" + escapeToken(tok)
	}
	return place
}
