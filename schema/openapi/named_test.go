package openapi

import (
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// markedIn are the places that the components mark where each is the body of
// an operation, by the component's name; "" for none.
func markedIn(t *testing.T, version, components string) map[string]string {
	t.Helper()
	var paths strings.Builder
	names := []string{}
	for line := range strings.Lines(components) {
		name, _, _ := strings.Cut(line, ":")
		names = append(names, name)
		paths.WriteString("/" + name + ":\n  put:\n    requestBody: {content: {a/b: {schema: {$ref: '#/components/schemas/" + name + "'}}}}\n    responses: {}\n")
	}
	d := described(t, strings.Replace(withPaths(paths.String()), "3.0.3", version, 1)+"components:\n  schemas:\n  "+strings.TrimSuffix(indent(indent(components)), "\n")+"\n")
	got := map[string]string{}
	for _, name := range names {
		op, _ := operation(t, d, "PUT", "/"+name)
		s, _ := op.Request("a/b")
		var places []string
		for _, m := range s.Sensitive() {
			places = append(places, m.Place)
		}
		got[name] = strings.Join(slices.Compact(places), " ")
		if s.Marks().Empty() != (got[name] == "") {
			t.Errorf("%s: marks are said to be empty: %v, but marked is %q", name, s.Marks().Empty(), got[name])
		}
	}
	return got
}

// family are schemas of which Cat marks the name; Pet and Dog are written by the
// test.
const family = `
Cat: {allOf: [{$ref: '#/components/schemas/Pet'}, {properties: {name: {type: string, x-sensitive: true}, CAT}}]}
Dog: {allOf: [{$ref: '#/components/schemas/Pet'}, {properties: {name: {type: string}, friend: {$ref: '#/components/schemas/Pet'}, DOG}}]}
Puppy: {allOf: [{$ref: '#/components/schemas/Dog'}, {properties: {litter: {type: string}}}]}
Public: {properties: {pet: {$ref: '#/components/schemas/Dog'}}}
Zoo: {properties: {pets: {type: array, items: {$ref: '#/components/schemas/Pet'}}}}
Maybe: {nullable: true, allOf: [{$ref: '#/components/schemas/Pet'}]}
Stored: {allOf: [{$ref: '#/components/schemas/Pet'}, {required: [id], properties: {id: {type: integer}}}]}
Inline: {properties: {pet: {nullable: true, allOf: [{$ref: '#/components/schemas/Pet'}]}}}
Part: {$ref: '#/components/schemas/Dog/allOf/0', x-sensitive: false}
Choice: {anyOf: [{$ref: '#/components/schemas/Dog'}, {$ref: '#/components/schemas/Pet'}]}
`

func familyWith(pet, cat, dog string) string {
	return "Pet: " + pet + "\n" + strings.NewReplacer(", CAT", cat, ", DOG", dog).Replace(strings.TrimSpace(family)) + "\n"
}

func TestAnHeirByNameIsNoneOfTheOthers(t *testing.T) {
	const kind = "{discriminator: {propertyName: kind}, properties: {kind: {type: string"
	for _, c := range []struct{ name, version, components string }{
		{"in the mapping", "3.0.3", familyWith("{discriminator: {propertyName: kind, mapping: {d: Dog, c: Cat}}}", "", "")},
		{"in the mapping, by reference", "3.1.0", familyWith("{discriminator: {propertyName: kind, mapping: {d: '#/components/schemas/Dog', c: '#/components/schemas/Cat'}}}", "", "")},
		{"in the mapping, by an alias", "3.0.3", familyWith("{discriminator: {propertyName: kind, mapping: {d: Hound, c: Cat}}}", "", "") + "Hound: {$ref: '#/components/schemas/Dog'}\n"},
		{"in the property's enum", "3.0.3", familyWith(kind+", enum: [Cat, Dog]}}}", "", "")},
		{"in the property's enum, by reference", "3.0.3", familyWith("{discriminator: {propertyName: kind}, allOf: [{properties: {kind: {$ref: '#/components/schemas/Kind'}}}]}", "", "") + "Kind: {type: string, enum: [Cat, Dog]}\n"},
		{"in the heir's enum", "3.0.3", familyWith(kind+"}}}", ", kind: {enum: [Cat]}", ", kind: {enum: [Dog]}")},
		{"in the heir's const", "3.1.0", familyWith(kind+"}}}", ", kind: {const: Cat}", ", kind: {const: Dog}")},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := markedIn(t, c.version, c.components)
			for name, want := range map[string]string{
				"Pet":    "/friend/** /name",
				"Cat":    "/name",
				"Dog":    "/friend/friend/** /friend/name", // a friend is any pet
				"Puppy":  "/friend/friend/** /friend/name",
				"Public": "/pet/friend/friend/** /pet/friend/name",
				"Zoo":    "/pets/*/friend/** /pets/*/name",
				// They are nothing else than a pet, or a pet of any kind with an id.
				"Maybe":  "/friend/** /name",
				"Stored": "/friend/** /name",
				"Inline": "/pet/friend/** /pet/name",
				"Part":   "/friend/** /name",
				"Choice": "/friend/** /name",
			} {
				if got[name] != want {
					t.Errorf("%s marks %q, not %q", name, got[name], want)
				}
			}
		})
	}
}

func TestWhatMayBeAnyHeirTakesAlongWhatAllMark(t *testing.T) {
	const kind = "{discriminator: {propertyName: kind}, properties: {kind: {type: string"
	for _, c := range []struct{ name, version, components string }{
		// Dog could be any pet that is kept as a dog is, as Stored is any pet.
		{"nothing names it", "3.0.3", familyWith("{discriminator: {propertyName: kind}}", "", "")},
		{"others are named", "3.0.3", familyWith("{discriminator: {propertyName: kind, mapping: {c: Cat}}}", "", "")},
		{"the values are no names", "3.0.3", familyWith(kind+", enum: [cat, dog]}}}", "", "")},
		{"the mapping gives its name to another", "3.0.3", familyWith("{discriminator: {propertyName: kind, mapping: {Dog: Cat}}, properties: {kind: {enum: [Dog]}}}", "", ", kind: {enum: [Dog]}")},
		{"it may have several values", "3.0.3", familyWith(kind+"}}}", "", ", kind: {enum: [Dog, Cat]}")},
		{"it has another's value", "3.1.0", familyWith(kind+"}}}", "", ", kind: {const: Cat}")},
		{"OpenAPI 3.0 has no const", "3.0.3", familyWith(kind+"}}}", "", ", kind: {const: Dog}")},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := markedIn(t, c.version, c.components)
			for _, name := range []string{"Pet", "Cat", "Dog", "Puppy", "Maybe", "Stored", "Part", "Choice"} {
				if !slices.Contains(strings.Fields(got[name]), "/name") {
					t.Errorf("%s marks %q, not /name", name, got[name])
				}
			}
		})
	}
}

func TestAnHeirTakesAlongTheHeirsThatBuildUponIt(t *testing.T) {
	const pet = "Pet: {discriminator: {propertyName: kind, mapping: {cat: Cat, dog: Dog, p: Persian}}}\n"
	for _, c := range []struct {
		name, version, components string
		want                      map[string]string
	}{
		{"through what has no name", "3.0.3", pet + `
Cat: {allOf: [{$ref: '#/components/schemas/Pet'}, {properties: {cat: {x-sensitive: true}}}]}
Mammal: {allOf: [{$ref: '#/components/schemas/Pet'}, {properties: {milk: {x-sensitive: true}}}]}
Dog: {allOf: [{$ref: '#/components/schemas/Mammal'}, {properties: {dog: {x-sensitive: true}}}]}
Puppy: {allOf: [{$ref: '#/components/schemas/Dog'}, {properties: {puppy: {x-sensitive: true}}}]}
Stored: {allOf: [{$ref: '#/components/schemas/Dog'}, {properties: {id: {}}}]}`, map[string]string{
			"Dog": "/dog /milk /puppy", "Puppy": "/dog /milk /puppy", "Stored": "/dog /milk /puppy", "Mammal": "/cat /dog /milk /puppy", "Cat": "/cat"}},
		{"with a discriminator of its own", "3.0.3", pet + `
Cat: {allOf: [{$ref: '#/components/schemas/Pet'}, {properties: {cat: {x-sensitive: true}}}], discriminator: {propertyName: breed, mapping: {s: Siamese, p: Persian, t: Toy}}}
Siamese: {allOf: [{$ref: '#/components/schemas/Cat'}, {properties: {siamese: {x-sensitive: true}}}]}
Persian: {allOf: [{$ref: '#/components/schemas/Cat'}, {properties: {persian: {x-sensitive: true}}}]}
Dog: {allOf: [{$ref: '#/components/schemas/Pet'}, {properties: {dog: {x-sensitive: true}}}]}
Toy: {properties: {toy: {x-sensitive: true}}}`, map[string]string{
			"Pet": "/cat /dog /persian /siamese /toy", "Dog": "/dog", "Cat": "/cat /persian /siamese /toy",
			"Persian": "/cat /persian",                 // each discriminator names it
			"Siamese": "/cat /persian /siamese /toy"}}, // Pet's does not
		{"with one in a part of its own", "3.0.3", pet + `
Cat: {allOf: [{$ref: '#/components/schemas/Pet'}, {discriminator: {propertyName: breed, mapping: {t: Toy}}, properties: {cat: {x-sensitive: true}}}]}
Persian: {allOf: [{$ref: '#/components/schemas/Cat'}]}
Dog: {allOf: [{$ref: '#/components/schemas/Pet'}, {properties: {dog: {x-sensitive: true}}}]}
Toy: {properties: {toy: {x-sensitive: true}}}`, map[string]string{
			"Cat": "/cat /dog /toy", "Persian": "/cat /dog /toy", "Dog": "/dog"}},
		{"upon two, of which one does not name it", "3.0.3", pet + `
Thing: {discriminator: {propertyName: thing}}
Stone: {allOf: [{$ref: '#/components/schemas/Thing'}, {properties: {stone: {x-sensitive: true}}}]}
Cat: {allOf: [{$ref: '#/components/schemas/Pet'}, {properties: {cat: {x-sensitive: true}}}]}
Persian: {allOf: [{$ref: '#/components/schemas/Cat'}]}
Dog: {allOf: [{$ref: '#/components/schemas/Pet'}, {$ref: '#/components/schemas/Thing'}]}`, map[string]string{
			"Dog": "/cat /stone", "Cat": "/cat", "Persian": "/cat"}},
		{"beside a choice", "3.0.3", pet + `
Thing: {discriminator: {propertyName: thing}}
Stone: {allOf: [{$ref: '#/components/schemas/Thing'}, {properties: {stone: {x-sensitive: true}}}]}
Cat: {allOf: [{$ref: '#/components/schemas/Pet'}, {properties: {cat: {x-sensitive: true}}}]}
Persian: {allOf: [{$ref: '#/components/schemas/Cat'}]}
Dog: {allOf: [{$ref: '#/components/schemas/Pet'}], anyOf: [{}, {$ref: '#/components/schemas/Thing'}]}`, map[string]string{
			"Dog": "/stone"}},
		{"beside what the mapping does not name", "3.0.3", pet + `
Cow: {allOf: [{$ref: '#/components/schemas/Pet'}, {properties: {cow: {x-sensitive: true}}}]}
Cat: {allOf: [{$ref: '#/components/schemas/Pet'}, {properties: {cat: {x-sensitive: true}}}]}
Persian: {allOf: [{$ref: '#/components/schemas/Cat'}]}
Dog: {allOf: [{$ref: '#/components/schemas/Pet'}, {properties: {dog: {x-sensitive: true}}}]}`, map[string]string{
			"Pet": "/cat /cow /dog", "Dog": "/dog", "Cat": "/cat", "Cow": "/cat /cow /dog"}},
		{"beside a reference", "3.1.0", pet + `
Cat: {$ref: '#/components/schemas/Pet', properties: {cat: {x-sensitive: true}}}
Dog: {$ref: '#/components/schemas/Pet', properties: {dog: {x-sensitive: true}}}
Persian: {$ref: '#/components/schemas/Cat', properties: {persian: {x-sensitive: true}}}`, map[string]string{
			"Pet": "/cat /dog /persian", "Dog": "/dog", "Cat": "/cat /persian", "Persian": "/cat /persian"}},
		{"through what may be null", "3.0.3", `Pet: {discriminator: {propertyName: kind, mapping: {cat: Cat, dog: MaybeDog, puppy: Puppy}}}
Cat: {allOf: [{$ref: '#/components/schemas/Pet'}, {properties: {cat: {x-sensitive: true}}}]}
Dog: {allOf: [{$ref: '#/components/schemas/Pet'}, {properties: {dog: {x-sensitive: true}}}]}
MaybeDog: {nullable: true, allOf: [{$ref: '#/components/schemas/Dog'}]}
Puppy: {allOf: [{$ref: '#/components/schemas/Dog'}, {properties: {puppy: {x-sensitive: true}}}]}`, map[string]string{
			"Dog": "/cat /dog /puppy", "MaybeDog": "/cat /dog /puppy", "Puppy": "/dog /puppy", "Cat": "/cat"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := markedIn(t, c.version, strings.ReplaceAll(c.components, "\n\n", "\n")+"\n")
			for _, name := range slices.Sorted(maps.Keys(c.want)) {
				if got[name] != c.want[name] {
					t.Errorf("%s marks %q, not %q", name, got[name], c.want[name])
				}
			}
		})
	}
}

func TestHeirsOfOtherFilesAreHeirsByName(t *testing.T) {
	const pet = `
    Pet: {discriminator: {propertyName: kind, mapping: {dog: dog.yaml, puppy: puppy.yaml, cat: Cat}}}
    Cat: {allOf: [{$ref: '#/components/schemas/Pet'}, {properties: {cat: {x-sensitive: true}}}]}
`
	d, err := Load(filepath.Join(folderOf(t, map[string]string{
		"api.yaml": withPaths(`
/dog:
  put:
    requestBody: {content: {a/b: {schema: {$ref: dog.yaml}}}}
    responses: {}`) + "components:\n  schemas:" + pet,
		"dog.yaml":   "allOf: [{$ref: 'api.yaml#/components/schemas/Pet'}, {properties: {dog: {x-sensitive: true}}}]",
		"young.yaml": "allOf: [{$ref: dog.yaml}]",
		"puppy.yaml": "allOf: [{$ref: young.yaml}, {properties: {puppy: {x-sensitive: true}}}]",
	}), "api.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	op, _ := operation(t, d, "PUT", "/dog")
	s, _ := op.Request("a/b")
	if got := s.Sensitive(); len(got) != 2 || got[0].Place != "/dog" || got[1].Place != "/puppy" {
		t.Errorf("marked are %v, not those of a dog and a puppy", got)
	}
}
