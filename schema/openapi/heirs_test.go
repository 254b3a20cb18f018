package openapi

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// pets is a description in which Pet, the body, has heirs.
func pets(version, discriminator, more string) string {
	return strings.Replace(withPaths(`
/a:
  put:
    requestBody: {content: {a/b: {schema: {$ref: '#/components/schemas/Pet'}}}}
    responses: {}`), "3.0.3", version, 1) + `
components:
  schemas:
    Pet: {type: object, required: [kind], properties: {kind: {type: string}}, discriminator: ` + discriminator + `}
    Dog: {allOf: [{$ref: '#/components/schemas/Pet'}, {properties: {chip: {type: string, x-sensitive: true}, ball: {}}}]}
    Puppy: {allOf: [{$ref: '#/components/schemas/Dog'}, {properties: {litter: {type: object, properties: {mother: {type: string, writeOnly: true}}}}}]}
    Cow: {type: object, properties: {milk: {type: string, x-sensitive: true}}}
    Stone: {type: object, properties: {gold: {type: string, x-sensitive: true}}}
` + more
}

func TestWhatADiscriminatorMayMeanIsMarked(t *testing.T) {
	for _, c := range []struct {
		name, version, discriminator, more string
		want                               []string
	}{
		{"by what builds upon it", "3.0.3", "{propertyName: kind}", "", []string{"/chip", "/litter/mother"}},
		{"by what builds upon it, in 3.1", "3.1.0", "{propertyName: kind}", "", []string{"/chip", "/litter/mother"}},
		{"by a name", "3.0.3", "{propertyName: kind, mapping: {c: Cow}}", "", []string{"/chip", "/litter/mother", "/milk"}},
		{"by a reference", "3.1.0", "{propertyName: kind, mapping: {c: '#/components/schemas/Cow'}}", "", []string{"/chip", "/litter/mother", "/milk"}},
		{"by a file", "3.0.3", "{propertyName: kind, mapping: {c: cat.yaml}}", "", []string{"/chip", "/claw", "/litter/mother"}},
		{"by none of them", "3.0.3", "{propertyName: kind, mapping: {a: Nobody, b: '#', c: 1, d: Pet}}", "", []string{"/chip", "/litter/mother"}},
		{"by an heir of its own", "3.0.3", "{propertyName: kind}",
			"    Kid: {allOf: [{$ref: '#/components/schemas/Pet'}, {properties: {of: {$ref: '#/components/schemas/Cow'}, with: {$ref: '#/components/schemas/Pet'}}}]}",
			[]string{"/chip", "/litter/mother", "/of/milk", "/with/**"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := Load(filepath.Join(folderOf(t, map[string]string{
				"api.yaml": pets(c.version, c.discriminator, c.more), "cat.yaml": "properties: {claw: {type: string, x-sensitive: true}}",
			}), "api.yaml"))
			if err != nil {
				t.Fatal(err)
			}
			op, _ := operation(t, d, "PUT", "/a")
			s, _ := op.Request("a/b")
			var got []string
			for _, m := range s.Sensitive() {
				got = append(got, m.Place)
			}
			if got = slices.Compact(got); !slices.Equal(got, c.want) {
				t.Errorf("marked are %q, not %q", got, c.want)
			}
			// It says nothing of what is valid.
			if !valid(t, s, `{"kind":"Dog","chip":1,"milk":1,"claw":1}`) || valid(t, s, `{"chip":"1"}`) {
				t.Error("heirs are taken into the verdict")
			}
			if !slices.ContainsFunc(d.Warnings(), func(w string) bool { return strings.Contains(w, "what those mark is masked") }) {
				t.Errorf("no warning: %q", d.Warnings())
			}
		})
	}
}

func TestAnHeirThatCannotBeReadIsToldByItsPlace(t *testing.T) {
	_, err := Load(filepath.Join(folderOf(t, map[string]string{
		"api.yaml": pets("3.0.3", "{propertyName: kind}", "    Bad: {allOf: [{$ref: '#/components/schemas/Pet'}, {pattern: '(?=x)'}]}"),
	}), "api.yaml"))
	if want := "#/components/schemas/Bad/allOf/1/pattern: the pattern"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v: want %s", err, want)
	}
}
