package schema

import (
	"slices"
	"strings"
	"sync"
	"testing"
)

const petStore = `{"openapi":"3.1.0","info":{"title":"pets","version":"1"},"x-version":7,
"paths":{"/pets/{id}":{"put":{"requestBody":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Pet"}}}}}}},
"components":{"schemas":{
"Pet":{"type":"object","required":["name"],"properties":{"name":{"type":"string"},"owner":{"$ref":"common/person.json#/Person"},"born":{"type":"string","format":"date"},"pets":{"type":"array","items":{"$ref":"#/components/schemas/Pet"}}}},
"a/b~c":{"type":"integer"}}}}`

const personFile = `{"Person":{"type":"object","properties":{"email":{"type":"string","x-mask":{"action":"pseudonym"}},"pet":{"$ref":"../api.json#/components/schemas/Pet"}}}}`

func petSource() *Source {
	return &Source{Docs: map[string][]byte{"api.json": []byte(petStore), "common/person.json": []byte(personFile)}, ID: "pets", Version: "3"}
}

func TestASchemaInsideADocumentIsCompiledByItsPointer(t *testing.T) {
	src := petSource()
	s, err := src.Compile("api.json", "/paths/~1pets~1{id}/put/requestBody/content/application~1json/schema")
	if err != nil {
		t.Fatal(err)
	}
	if s.ID() != "pets#/paths/~1pets~1{id}/put/requestBody/content/application~1json/schema" || s.Version() != "3" || len(s.Digest()) != 64 || s.Files() != nil {
		t.Error(s.ID(), s.Version(), s.Digest(), s.Files())
	}
	faults, err := s.Validate([]byte(`{"name":1,"owner":{"email":2,"pet":{}},"born":"never"}`))
	want := []Fault{
		{"/name", "type", "api.json#/components/schemas/Pet/properties/name/type"},
		{"/owner/email", "type", "common/person.json#/Person/properties/email/type"},
		{"/owner/pet", "required", "api.json#/components/schemas/Pet/required"},
	}
	if err != nil || !slices.Equal(faults, want) {
		t.Errorf("%v, %v", faults, err)
	}
	if got := markedPlaces(t, s.Marks(), `{"owner":{"email":1,"pet":{"owner":{"email":2}}},"pets":[{"owner":{"email":3}}]}`); !slices.Equal(got, []string{"/owner/email", "/owner/pet/owner/email", "/pets/#0/owner/email"}) {
		t.Error(got)
	}
	again, _ := src.Compile("api.json", "/paths/~1pets~1{id}/put/requestBody/content/application~1json/schema")
	if again != s {
		t.Error("a place is compiled twice")
	}
	if s, err = src.Compile("api.json", "/components/schemas/a~1b~0c"); err != nil {
		t.Fatal(err)
	} else if faults, _ := s.Validate([]byte(`"x"`)); len(faults) != 1 || !s.Marks().Empty() {
		t.Error(faults)
	}
	if s, err = src.Compile("common/person.json", "/Person"); err != nil {
		t.Fatal(err)
	} else if faults, _ := s.Validate([]byte(`{"email":1}`)); len(faults) != 1 || faults[0].Schema != "common/person.json#/Person/properties/email/type" {
		t.Error(faults)
	}
}

func TestASourceAssertsFormatsIfToldTo(t *testing.T) {
	for _, draft := range []Draft{0, Draft4, Draft6, Draft7, Draft2019, Draft2020} {
		for _, formats := range []bool{false, true} {
			src := &Source{Docs: map[string][]byte{"d": []byte(`{"x":{"format":"date"}}`)}, Draft: draft, Formats: formats}
			s, err := src.Compile("d", "/x")
			if err != nil {
				t.Fatal(err)
			}
			faults, err := s.Validate([]byte(`"never"`))
			if err != nil || (len(faults) == 1) != formats {
				t.Errorf("draft %d, formats %v: %v, %v", draft, formats, faults, err)
			}
			s.id = "d"
			sameAsCompiler(t, s, []byte(`"never"`))
		}
	}
}

func TestASourceReadsAsTheDraftItIsTold(t *testing.T) {
	for draft, valid := range map[Draft]bool{Draft4: true, Draft7: true, Draft2019: false, Draft2020: false} {
		src := &Source{Docs: map[string][]byte{"d": []byte(`{"x":{"$ref":"#/y","type":"string"},"y":{}}`)}, Draft: draft}
		s, err := src.Compile("d", "/x")
		if err != nil {
			t.Fatal(err)
		}
		if faults, err := s.Validate([]byte(`1`)); err != nil || (faults == nil) != valid {
			t.Errorf("draft %d: %v, %v", draft, faults, err)
		}
	}
	src := &Source{Docs: map[string][]byte{
		"d":      []byte(`{"x":{"minimum":1,"exclusiveMinimum":true},"y":{"$ref":"e"}}`),
		"e.json": []byte(`{}`),
		"e":      []byte(`{"$schema":"https://spec.openapis.org/oas/3.1/dialect/base","prefixItems":[{"type":"string"}],"discriminator":{"propertyName":"a"}}`),
	}, Draft: Draft4}
	if s, err := src.Compile("d", "/x"); err != nil {
		t.Fatal(err)
	} else if faults, _ := s.Validate([]byte(`1`)); len(faults) != 1 || faults[0].Keyword != "exclusiveMinimum" {
		t.Error(faults)
	}
	if s, err := src.Compile("d", "/y"); err != nil {
		t.Fatal(err)
	} else if faults, _ := s.Validate([]byte(`[1]`)); len(faults) != 1 || faults[0].Schema != "e#/prefixItems/0/type" {
		t.Error(faults)
	}
}

func TestASourceReadsNothingElse(t *testing.T) {
	for _, ref := range []string{"other.json", "../api.json", "http://127.0.0.1:1/x.json", "file:///etc/passwd", "/etc/passwd", "#/nowhere", "api.json#/nowhere"} {
		src := &Source{Docs: map[string][]byte{"api.json": []byte(`{"a":{"$ref":"` + ref + `"},"b":{"type":"string"}}`)}}
		if _, err := src.Compile("api.json", "/a"); err == nil {
			t.Errorf("%s is found", ref)
		} else if strings.Contains(err.Error(), base) || !strings.Contains(err.Error(), "api.json#/a") {
			t.Error(err)
		}
		if s, err := src.Compile("api.json", "/b"); err != nil {
			t.Errorf("after an error: %v", err)
		} else if faults, _ := s.Validate([]byte(`1`)); len(faults) != 1 {
			t.Error(faults)
		}
	}
}

func TestASourceThatCannotBeReadIsRefused(t *testing.T) {
	for _, c := range []struct {
		src       *Source
		doc, says string
	}{
		{&Source{}, "a", "holds no document"},
		{&Source{Docs: map[string][]byte{"a": []byte(`{}`)}}, "b", "no document b"},
		{&Source{Docs: map[string][]byte{"a": []byte(`{}`)}, Draft: 5}, "a", "no draft 5"},
		{&Source{Docs: map[string][]byte{"a": []byte(`{]`)}}, "a", "a: not strict JSON"},
		{&Source{Docs: map[string][]byte{"a": []byte(`{"k":1,"k":2}`)}}, "a", "stands twice"},
		{&Source{Docs: map[string][]byte{"a": []byte(`{"x-mask":1}`)}}, "a", "/x-mask is none of"},
	} {
		if _, err := c.src.Compile(c.doc, ""); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.says, err)
		}
	}
}

func TestASourceIsForManyAtOnce(t *testing.T) {
	src := petSource()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for _, at := range []string{"/components/schemas/Pet", "/components/schemas/a~1b~0c", "/components/schemas/Pet/properties/born"}[i%3:] {
				s, err := src.Compile("api.json", at)
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := s.Validate([]byte(`{"name":"a"}`)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

// The compiler hands out what it had half done when an error stopped it.
func TestWhatDidNotCompileDoesNotCompileTheNextTime(t *testing.T) {
	src := &Source{Docs: map[string][]byte{"d": []byte(`{
		"a":{"$ref":"#/bad"},"b":{"items":{"$ref":"#/bad"}},"bad":{"allOf":[{"$ref":"#/nowhere"}],"properties":{"p":{"type":"string"}}},
		"ignores":{"type":"string","then":{"$ref":"#/bad"}}}`)}, Draft: Draft2020}
	if s, err := src.Compile("d", "/ignores"); err != nil {
		t.Fatal(err)
	} else if faults, _ := s.Validate([]byte(`1`)); len(faults) != 1 {
		t.Error(faults)
	}
	for range 2 {
		for _, at := range []string{"/a", "/b", "/bad"} {
			if _, err := src.Compile("d", at); err == nil || !strings.Contains(err.Error(), "nowhere") {
				t.Errorf("%s: %v", at, err)
			}
		}
	}
}

// Schemas of one source share what they have in common, marks too.
func TestSchemasOfOneSourceDoNotSpoilEachOther(t *testing.T) {
	src := &Source{Docs: map[string][]byte{"d": []byte(`{
		"plain":{"properties":{"n":{"$ref":"#/plain"}}},
		"secret":{"properties":{"s":{"x-sensitive":true},"p":{"$ref":"#/plain"},"n":{"$ref":"#/secret"}}},
		"both":{"allOf":[{"$ref":"#/plain"},{"$ref":"#/secret"}],"propertyNames":{"maxLength":2}},
		"drop":{"properties":{"s":{"x-mask":"drop"},"b":{"$ref":"#/both"}}},
		"old":{"x":{"contentEncoding":"base64"}}
	}`)}, Draft: Draft7}
	body := `{"s":1,"p":{"s":1},"n":{"s":1},"b":{"n":{"s":1}}}`
	for range 2 {
		for _, c := range []struct {
			at     string
			marked []string
		}{
			{"/plain", []string{}}, {"/secret", []string{"/n/s", "/s"}}, {"/both", []string{"/n/s", "/s"}}, {"/drop", []string{"/b/n/s", "/s"}},
			{"/plain/properties/n", []string{}}, {"/both/allOf/1", []string{"/n/s", "/s"}},
		} {
			s, err := src.Compile("d", c.at)
			if err != nil {
				t.Fatal(err)
			}
			if got := markedPlaces(t, s.Marks(), body); !slices.Equal(got, c.marked) {
				t.Errorf("%s: %v", c.at, got)
			}
			if s.Uncovered() != nil {
				t.Error(s.Uncovered())
			}
		}
		if s, err := src.Compile("d", "/old/x"); err != nil || len(s.Uncovered()) != 1 {
			t.Error(s, err)
		}
	}
}

func TestDynamicReferencesWorkInASource(t *testing.T) {
	src := &Source{Docs: map[string][]byte{"d": []byte(`{
		"strict":{"$id":"http://e.com/strict","$dynamicAnchor":"node","$ref":"tree","properties":{"s":{"x-sensitive":true}},"unevaluatedProperties":false,
			"$defs":{"tree":{"$id":"tree","$dynamicAnchor":"node","properties":{"n":{"$dynamicRef":"#node"},"v":{"type":"string"}}}}}
	}`)}}
	for range 2 {
		for at, c := range map[string]struct {
			body   string
			faults int
			marked int
		}{
			"/strict/$defs/tree": {`{"n":{"x":1,"n":{"v":1}}}`, 1, 0},
			"/strict":            {`{"n":{"x":1,"n":{"s":1}}}`, 2, 1}, // at /n, and so at the root: what fails has looked at nothing
		} {
			s, err := src.Compile("d", at)
			if err != nil {
				t.Fatal(err)
			}
			faults, err := s.Validate([]byte(c.body))
			if got := markedPlaces(t, s.Marks(), c.body); err != nil || len(faults) != c.faults || at == "/strict" && len(got) != c.marked {
				t.Errorf("%s: %v, %v, %v", at, faults, err, got)
			}
		}
	}
}
