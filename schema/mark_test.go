package schema

import (
	"strings"
	"testing"
)

// told is the action at a place: "-" for one that is not marked.
func told(m *Marks, pointer string) string {
	at := stateAt(m, pointer)
	if !m.Marked(at) {
		return "-"
	}
	action, keep := m.Action(at)
	if action == "" {
		return "policy"
	}
	return action + strings.Repeat("+", keep)
}

func TestAMaskSaysWhatIsDone(t *testing.T) {
	for mask, want := range map[string]string{
		`true`: "policy", `false`: "-",
		`"token"`: "token", `"drop"`: "drop", `"pseudonym"`: "pseudonym", `"partial"`: "partial++++",
		`{"action":"token"}`: "token", `{"action":"drop"}`: "drop", `{"action":"pseudonym"}`: "pseudonym",
		`{"action":"partial"}`: "partial++++", `{"action":"partial","keep":1}`: "partial+", `{"keep":64,"action":"partial"}`: "partial" + strings.Repeat("+", 64),
	} {
		m := must(t, `{"properties":{"a":{"x-mask":`+mask+`}}}`).Marks()
		if got := told(m, "/a"); got != want {
			t.Errorf("%s: %s, want %s", mask, got, want)
		}
		if got := told(m, "/a/b/#3"); got != want {
			t.Errorf("below %s: %s, want %s", mask, got, want)
		}
		if got := told(m, "/b"); got != "-" {
			t.Errorf("beside %s: %s", mask, got)
		}
	}
}

func TestAMaskThatSaysNothingIsRefused(t *testing.T) {
	for _, mask := range []string{
		`1`, `null`, `""`, `"hide"`, `[]`, `{}`, `{"action":"hide"}`, `{"action":1}`, `{"keep":4}`, `{"action":"token","keep":4}`,
		`{"action":"partial","keep":0}`, `{"action":"partial","keep":65}`, `{"action":"partial","keep":1.5}`, `{"action":"partial","keep":"4"}`, `{"action":"partial","kept":4}`,
	} {
		if told := loadError(t, `{"properties":{"a":{"x-mask":`+mask+`}}}`); !strings.Contains(told, "/properties/a/x-mask is none of") {
			t.Errorf("%s: %s", mask, told)
		}
	}
}

func TestOfSeveralMarksTheStricterActionHolds(t *testing.T) {
	for _, c := range []struct{ schemas, want string }{
		{`{"x-sensitive":true,"x-mask":"partial"}`, "partial++++"},
		{`{"writeOnly":true,"x-mask":true}`, "policy"},
		{`{"x-sensitive":true,"x-mask":false}`, "policy"},
		{`{"x-sensitive":true},{"x-mask":"partial"}`, "partial++++"},
		{`{"x-mask":"partial"},{"x-mask":{"action":"partial","keep":2}}`, "partial++"},
		{`{"x-mask":"partial"},{"x-mask":"pseudonym"}`, "pseudonym"},
		{`{"x-mask":"token"},{"x-mask":"pseudonym"}`, "token"},
		{`{"x-mask":"token"},{"x-mask":"drop"},{"format":"password"}`, "drop"},
	} {
		if got := told(must(t, `{"anyOf":[`+c.schemas+`]}`).Marks(), ""); got != c.want {
			t.Errorf("%s: %s, want %s", c.schemas, got, c.want)
		}
	}
}

func TestNothingBelowAMarkedPlaceIsShownMoreOf(t *testing.T) {
	for _, c := range []struct{ above, below, want string }{
		{`"x-sensitive":true`, `"x-mask":"partial"`, "policy"},
		{`"x-sensitive":true`, `"x-mask":"pseudonym"`, "policy"},
		{`"x-sensitive":true`, `"x-mask":"token"`, "token"},
		{`"x-sensitive":true`, `"x-mask":"drop"`, "drop"},
		{`"x-mask":"partial"`, `"x-sensitive":true`, "policy"},
		{`"x-mask":"partial"`, `"x-mask":{"action":"partial","keep":1}`, "partial+"},
		{`"x-mask":"partial"`, `"x-mask":{"action":"partial","keep":9}`, "partial++++"},
		{`"x-mask":"pseudonym"`, `"x-mask":"partial"`, "pseudonym"},
		{`"x-mask":"token"`, `"x-sensitive":true`, "token"},
		{`"x-mask":"drop"`, `"x-mask":"token"`, "drop"},
	} {
		m := must(t, `{`+c.above+`,"properties":{"a":{"items":{`+c.below+`}}}}`).Marks()
		if got := told(m, "/a/#0"); got != c.want {
			t.Errorf("%s above %s: %s, want %s", c.above, c.below, got, c.want)
		}
		if told(m, "/a") != told(m, "") || told(m, "/x/y") != told(m, "") {
			t.Errorf("%s above %s: %s, %s, %s", c.above, c.below, told(m, ""), told(m, "/a"), told(m, "/x/y"))
		}
	}
}

func TestAMarkInsideAKeyOrAStringKeepsItsAction(t *testing.T) {
	for _, schema := range []string{
		`{"propertyNames":{"x-mask":"drop"}}`,
		`{"contentMediaType":"application/json","contentSchema":{"properties":{"a":{"x-mask":"drop"}}}}`,
		`{` + draft7 + `,"$ref":"#/definitions/n","properties":{"a":{"x-mask":"drop"}},"definitions":{"n":{}}}`,
		`{` + draft7 + `,"then":{"allOf":[{"x-mask":"drop"}]}}`,
	} {
		if got := told(must(t, schema).Marks(), ""); got != "drop" {
			t.Errorf("%s: %s", schema, got)
		}
	}
}
