package schema

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestFaultsNamePlaceKeywordAndSchema(t *testing.T) {
	s := must(t, `{
		"type":"object","required":["id","a/b~c"],
		"properties":{
			"id":{"type":"integer","minimum":1},
			"a/b~c":{"$ref":"#/$defs/sp%20ace%25"},
			"list":{"items":{"anyOf":[{"type":"string"},{"type":"null"}]}},
			"never":false
		},
		"additionalProperties":false,
		"$defs":{"sp ace%":{"maxLength":2}}
	}`)
	for _, c := range []struct {
		body string
		want []Fault
	}{
		{`{"id":1,"a/b~c":"x"}`, nil},
		{`{"id":0,"a/b~c":"xyz"}`, []Fault{{"/a~1b~0c", "maxLength", "/$defs/sp ace%/maxLength"}, {"/id", "minimum", "/properties/id/minimum"}}},
		{`{"zzz":1}`, []Fault{{"", "additionalProperties", "/additionalProperties"}, {"", "required", "/required"}}},
		{`{"id":1,"a/b~c":"x","list":[1,"a",2]}`, []Fault{
			{"/list/0", "type", "/properties/list/items/anyOf/0/type"}, {"/list/0", "type", "/properties/list/items/anyOf/1/type"},
			{"/list/2", "type", "/properties/list/items/anyOf/0/type"}, {"/list/2", "type", "/properties/list/items/anyOf/1/type"},
		}},
		{`{"id":1,"a/b~c":"x","never":1}`, []Fault{{"/never", "properties", "/properties/never"}}},
		{`[]`, []Fault{{"", "type", "/type"}}},
	} {
		got, err := s.Validate([]byte(c.body))
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v\nwant %v", c.body, got, err, c.want)
		}
	}
}

func TestAFaultInAnotherFileNamesTheFile(t *testing.T) {
	dir := folder(t, map[string]string{"s.json": `{"items":{"$ref":"sub/i.json#/$defs/i"}}`, "sub/i.json": `{"$defs":{"i":{"type":"string"}}}`})
	s, err := Load(filepath.Join(dir, "s.json"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Validate([]byte(`[1]`))
	if want := []Fault{{"/0", "type", "sub/i.json#/$defs/i/type"}}; err != nil || !slices.Equal(got, want) {
		t.Error(got, err)
	}
}

func TestFaultsAreFewSortedAndTheSameEachTime(t *testing.T) {
	s := must(t, `{"additionalProperties":{"type":"string","minLength":3}}`)
	m := map[string]any{}
	for i := range 500 {
		m[fmt.Sprintf("k%03d", i)] = i
	}
	body, _ := json.Marshal(m)
	first, err := s.Validate(body)
	if err != nil || len(first) != maxFaults || first[0].Pointer != "/k000" {
		t.Fatalf("%v %v", first, err)
	}
	for range 5 {
		if again, _ := s.Validate(body); !slices.Equal(again, first) {
			t.Fatalf("other faults: %v", again)
		}
	}
}

func TestWhatIsNotStrictJSONGetsNoVerdict(t *testing.T) {
	s := must(t, `true`)
	for _, body := range []string{
		``, `{`, `{"c4n4ry":1,"c4n4ry":2}`, `{"c4n4ry":1,"c\u0034n4ry":2}`, `[1]c4n4ry`, "\"c4n4ry\xff\"", `"c4n4ry\ud800"`, `1e5000000`,
		strings.Repeat("7", 100_000), strings.Repeat("[", 1_000_000), `{"a":c4n4ry}`, "\ufeff1", `NaN`,
	} {
		faults, err := s.Validate([]byte(body))
		if err == nil || faults != nil {
			t.Errorf("%.40s: a verdict: %v", body, faults)
		} else if strings.Contains(err.Error(), "c4n4ry") || len(err.Error()) > 200 {
			t.Errorf("the error holds the body: %v", err)
		}
	}
	if _, err := new(Schema).Validate([]byte(`1`)); err == nil {
		t.Error("the zero schema decides")
	}
}

func TestFormatsAreAssertedInEveryDraft(t *testing.T) {
	for _, draft := range []string{draft4, draft6, draft7, draft2019, draft2020, `"title":""`} {
		faults, err := must(t, `{`+draft+`,"format":"ipv4"}`).Validate([]byte(`"1.2.3"`))
		if err != nil || !slices.Equal(faults, []Fault{{"", "format", "/format"}}) {
			t.Errorf("%s: %v, %v", draft, faults, err)
		}
	}
}

func TestURITemplates(t *testing.T) {
	s := must(t, `{"format":"uri-template"}`)
	for text, valid := range map[string]bool{
		"": true, "http://example.com/{id}": true, "/a{?x,y*,z:3}": true, "{+path}/here": true, "{#f.g}": true, "a%20b": true, "{a%20}": true,
		"{/list*}{;x}{&y}{.z}": true, "{": false, "}": false, "{}": false, "{a": false, "{a b}": false, "{a..b}": false, "{.}": false,
		"{a:0}": false, "{a:10000}": false, "%2": false, "a b": false, "{{a}}": false, "{a,}": false, "{?}": false, "é{é}": false, "é": true,
	} {
		body, _ := json.Marshal(text)
		faults, err := s.Validate(body)
		if err != nil || (faults == nil) != valid {
			t.Errorf("%q: %v, %v", text, faults, err)
		}
	}
}

func TestOneSchemaServesManyAtOnce(t *testing.T) {
	for _, more := range []string{``, draft7 + `,"contentEncoding":"base64",`} { // the evaluator, then the compiler's own
		servesMany(t, must(t, `{`+more+`"anyOf":[{"properties":{"n":{"$ref":"#"},"s":{"x-sensitive":true,"type":"string"}},"patternProperties":{"^p":{"$ref":"#"}}},{"type":"array","items":{"$ref":"#"}}]}`))
	}
}

func servesMany(t *testing.T, s *Schema) {
	t.Helper()
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := range 50 {
				body := fmt.Sprintf(`{"n":{"p%d":[1,{"s":"x"}]},"q%d":1}`, worker, i)
				if faults, err := s.Validate([]byte(body)); err != nil || faults != nil {
					t.Error(faults, err)
				}
				if got := markedPlaces(t, s.Marks(), body); len(got) != 1 {
					t.Error(got)
				}
				if faults, err := s.Validate([]byte(`{"n":{"s":1}}`)); err != nil || len(faults) == 0 {
					t.Error(faults, err)
				}
			}
		})
	}
	group.Wait()
}
