package schema

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/caddyrec/caddyrec/jsonscan"
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

// Every keyword is made to fail on a body with canaries in it.
func TestNoFaultHoldsAValue(t *testing.T) {
	const text, number = "c4n4ry", "7731477"
	for _, c := range []struct{ schema, body string }{
		{`{"type":"integer"}`, `"c4n4ry"`},
		{`{"const":1}`, `"c4n4ry"`},
		{`{"const":{"a":1}}`, `{"a":"c4n4ry"}`},
		{`{"enum":["a","b"]}`, `"c4n4ry"`},
		{`{"enum":[1]}`, `7731477`},
		{`{"minimum":9999999}`, `7731477`},
		{`{"exclusiveMinimum":9999999}`, `7731477`},
		{`{"maximum":1}`, `7731477`},
		{`{"exclusiveMaximum":1}`, `7731477`},
		{`{"multipleOf":2}`, `7731477`},
		{`{"minLength":99}`, `"c4n4ry"`},
		{`{"maxLength":1}`, `"c4n4ry"`},
		{`{"pattern":"^x"}`, `"c4n4ry"`},
		{`{"minItems":5}`, `["c4n4ry"]`},
		{`{"maxItems":1}`, `["c4n4ry",7731477]`},
		{`{"uniqueItems":true}`, `["c4n4ry","c4n4ry"]`},
		{`{"contains":{"type":"null"}}`, `["c4n4ry"]`},
		{`{"contains":true,"maxContains":1}`, `["c4n4ry",1]`},
		{`{"items":{"type":"null"}}`, `["c4n4ry"]`},
		{`{"prefixItems":[{"const":1}],"items":false}`, `["c4n4ry","c4n4ry"]`},
		{`{"unevaluatedItems":false}`, `["c4n4ry"]`},
		{`{"minProperties":5}`, `{"c4n4ry":"c4n4ry"}`},
		{`{"maxProperties":0}`, `{"c4n4ry":"c4n4ry"}`},
		{`{"required":["a"]}`, `{"c4n4ry":"c4n4ry"}`},
		{`{"dependentRequired":{"a":["b"]}}`, `{"a":"c4n4ry"}`},
		{`{"dependencies":{"a":["b"]}}`, `{"a":"c4n4ry"}`},
		{`{"dependentSchemas":{"a":false}}`, `{"a":"c4n4ry"}`},
		{`{"properties":{"a":{"const":1}}}`, `{"a":"c4n4ry"}`},
		{`{"properties":{"a":false}}`, `{"a":"c4n4ry"}`},
		{`{"additionalProperties":false}`, `{"c4n4ry":"c4n4ry"}`},
		{`{"properties":{"o":{"additionalProperties":false}}}`, `{"o":{"c4n4ry":"c4n4ry"}}`},
		{`{"unevaluatedProperties":false}`, `{"c4n4ry":"c4n4ry"}`},
		{`{"patternProperties":{"^c":false}}`, `{"c4n4ry":"c4n4ry"}`},
		{`{"propertyNames":{"pattern":"^x"}}`, `{"c4n4ry":"c4n4ry"}`},
		{`{"propertyNames":{"anyOf":[{"maxLength":2},{"format":"uuid"}]}}`, `{"c4n4ry":1}`},
		{`{"propertyNames":false}`, `{"c4n4ry":1}`},
		{`{"not":{}}`, `"c4n4ry"`},
		{`{"allOf":[{"const":1},{"maxLength":1}]}`, `"c4n4ry"`},
		{`{"anyOf":[{"const":1},{"maxLength":1}]}`, `"c4n4ry"`},
		{`{"oneOf":[true,true]}`, `"c4n4ry"`},
		{`{"oneOf":[{"const":1},{"maxLength":1}]}`, `"c4n4ry"`},
		{`{"if":true,"then":{"const":1}}`, `"c4n4ry"`},
		{`{"if":false,"else":{"const":1}}`, `"c4n4ry"`},
		{`{"$ref":"#/$defs/a","$defs":{"a":{"const":1}}}`, `"c4n4ry"`},
		{`{"$dynamicRef":"#a","$defs":{"a":{"$dynamicAnchor":"a","const":1}}}`, `"c4n4ry"`},
		{`{` + draft7 + `,"contentEncoding":"base64"}`, `"c4n4ry!"`},
		{`{` + draft7 + `,"contentMediaType":"application/json"}`, `"c4n4ry"`},
		{`{` + draft7 + `,"contentMediaType":"application/json","contentSchema":{"const":1}}`, `"\"c4n4ry\""`},
		{`false`, `"c4n4ry"`},
	} {
		refusesWithout(t, c.schema, c.body, text, number)
	}
	for _, format := range []string{
		"date", "date-time", "time", "duration", "period", "hostname", "email", "ip-address", "ipv4", "ipv6", "uri", "iri",
		"uri-reference", "uriref", "iri-reference", "uri-template", "regex", "json-pointer", "relative-json-pointer", "uuid",
	} {
		refusesWithout(t, `{"format":"`+format+`"}`, `"\\c4n4ry {( ^"`, text, number)
	}
}

// refusesWithout asks the evaluator and the compiler's own validator.
func refusesWithout(t *testing.T, schema, body string, canaries ...string) {
	t.Helper()
	s := must(t, schema)
	faults, err := s.Validate([]byte(body))
	if s.rule != nil {
		s.rule = nil
		if other, _ := s.Validate([]byte(body)); !slices.Equal(other, faults) {
			t.Errorf("%s on %s: %v, but the compiler's own validator says %v", schema, body, faults, other)
		}
	}
	if err != nil || len(faults) == 0 {
		t.Errorf("%s on %s: %v, %v", schema, body, faults, err)
	}
	for _, canary := range canaries {
		if told := fmt.Sprint(faults, err); strings.Contains(told, canary) {
			t.Errorf("%s on %s: %s", schema, body, told)
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

func TestABodyThatTakesExponentialWorkGetsNoVerdict(t *testing.T) {
	for name, text := range map[string]string{
		"anyOf":              `{"anyOf":[{"properties":{"n":{"$ref":"#"}},"not":{}},{"properties":{"n":{"$ref":"#"}}}]}`,
		"oneOf":              `{"oneOf":[{"properties":{"n":{"$ref":"#"}},"not":{}},{"properties":{"n":{"$ref":"#"}}}]}`,
		"allOf":              `{"properties":{"n":{"$ref":"#"}},"allOf":[{"properties":{"n":{"$ref":"#"}}}]}`,
		"if":                 `{"if":{"properties":{"n":{"$ref":"#"}}},"then":{"properties":{"n":{"$ref":"#"}}}}`,
		"fanout":             fanout(30),
		"anyOf, by compiler": `{"unevaluatedItems":true,"anyOf":[{"properties":{"n":{"$ref":"#"}},"not":{}},{"properties":{"n":{"$ref":"#"}}}]}`,
	} {
		s := must(t, text)
		_, err := s.Validate([]byte(strings.Repeat(`{"n":`, 60) + `{}` + strings.Repeat(`}`, 60)))
		if err == nil || !strings.Contains(err.Error(), "more evaluations than are allowed") {
			t.Errorf("%s: %v", name, err)
		}
		if faults, err := s.Validate([]byte(`{"n":{}}`)); name != "fanout" && (err != nil || faults != nil) {
			t.Errorf("%s: afterwards: %v, %v", name, faults, err)
		}
	}
}

func TestALongPointerIsCutToAnAncestor(t *testing.T) {
	for _, more := range []string{``, `,"unevaluatedItems":true`} {
		s := must(t, `{"properties":{"o":{"additionalProperties":{"type":"string"}}}`+more+`}`)
		faults, err := s.Validate([]byte(`{"o":{"` + strings.Repeat("k", 2000) + `":1}}`))
		if err != nil || len(faults) != 1 || faults[0].Pointer != "/o" {
			t.Errorf("%v, %v", faults, err)
		}
	}
}

func TestABodyTooWideForTheCompilersValidatorGetsNoVerdict(t *testing.T) {
	s := must(t, `{"unevaluatedItems":{"type":"string"}}`)
	if _, err := s.Validate([]byte("[" + strings.Repeat("1,", valuesMost) + "1]")); err == nil || !strings.Contains(err.Error(), "unevaluatedItems") {
		t.Error(err)
	}
}

// fanout is a schema of 2^n paths without recursion.
func fanout(n int) string {
	var b strings.Builder
	b.WriteString(`{"$ref":"#/$defs/d0","$defs":{`)
	for i := range n {
		fmt.Fprintf(&b, `"d%d":{"allOf":[{"$ref":"#/$defs/d%d"},{"$ref":"#/$defs/d%d"}]},`, i, i+1, i+1)
	}
	fmt.Fprintf(&b, `"d%d":{}}}`, n)
	return b.String()
}

func TestADeepBodyOfAnHonestRecursiveUnionIsDecided(t *testing.T) {
	s := must(t, `{"oneOf":[{"type":"string"},{"type":"number"},{"type":"array","items":{"$ref":"#"}},{"type":"object","additionalProperties":{"$ref":"#"}}]}`)
	deep := strings.Repeat(`{"a":[`, 200) + `1` + strings.Repeat(`]}`, 200)
	wide := "[" + strings.Repeat(`{"a":["b",1]},`, 5000) + `"c"]`
	for _, body := range []string{deep, wide} {
		if faults, err := s.Validate([]byte(body)); err != nil || faults != nil {
			t.Errorf("%v, %v", faults, err)
		}
	}
	if faults, err := s.Validate([]byte(`{"a":[[null]]}`)); err != nil || len(faults) == 0 {
		t.Errorf("%v, %v", faults, err)
	}
}

func TestASchemaInALoopGetsNoVerdict(t *testing.T) {
	s := must(t, `{"$dynamicAnchor":"n","$id":"http://e.com/a","$ref":"b","$defs":{"b":{"$id":"b","properties":{"a":{"$dynamicRef":"#n"}},"$dynamicAnchor":"n"}}}`)
	if _, err := s.Validate([]byte(`{"a":{"a":{}}}`)); err != nil {
		t.Errorf("no loop, but: %v", err)
	}
	dir := folder(t, map[string]string{"s.json": `{` + draft2019 + `,"$recursiveAnchor":true,"$id":"http://e.com/a","anyOf":[{"$ref":"#/$defs/b"}],"$defs":{"b":{"$id":"b","$recursiveAnchor":true,"not":{"$id":"c","not":{"$recursiveRef":"#"}}}}}`})
	s, err := Load(filepath.Join(dir, "s.json"))
	if err != nil {
		return // refused at load: as good
	}
	if _, err := s.Validate([]byte(`1`)); err == nil {
		t.Error("a verdict on a schema in a loop")
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
	s := must(t, `{"anyOf":[{"properties":{"n":{"$ref":"#"},"s":{"x-sensitive":true,"type":"string"}},"patternProperties":{"^p":{"$ref":"#"}}},{"type":"array","items":{"$ref":"#"}}]}`)
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

func FuzzValidate(f *testing.F) {
	for _, body := range []string{`{}`, `{"n":{"n":[1,"x"]},"email":"a@b.c"}`, `[1e400]`, `{"k\u0000":"\ud83d\ude00"}`, `{"n":{"zz":-0.0}}`, `nul`} {
		f.Add([]byte(body))
	}
	s := must(f, `{"type":["object","array"],"properties":{"n":{"$ref":"#"},"email":{"format":"email"}},"items":{"anyOf":[{"$ref":"#"},{"multipleOf":3}]},"propertyNames":{"maxLength":5},"uniqueItems":true,"additionalProperties":false}`)
	f.Fuzz(func(t *testing.T, body []byte) {
		faults, err := s.Validate(body)
		report, bad := jsonscan.Check(body, jsonscan.Limits{})
		if bad != nil || report.Duplicate {
			if err == nil {
				t.Fatalf("%q gets a verdict", body)
			}
			return
		}
		if err != nil {
			return
		}
		for _, fault := range faults {
			if fault.Keyword == "" || len(fault.Pointer) > maxPointer || fault.Schema == "" {
				t.Fatalf("%q: %+v", body, fault)
			}
		}
		if len(faults) > maxFaults {
			t.Fatal(len(faults))
		}
	})
}

var benchSchema = `{"type":"object","required":["id","customer","lines"],"additionalProperties":false,"properties":{
"id":{"type":"string","format":"uuid"},"created":{"type":"string","format":"date-time"},"note":{"type":"string","maxLength":200},
"customer":{"type":"object","required":["name","email"],"properties":{"name":{"type":"string","minLength":1},"email":{"type":"string","format":"email"},
"card":{"type":"string","pattern":"^[0-9]{16}$","x-sensitive":true},"address":{"type":"object","properties":{"street":{"type":"string"},"city":{"type":"string"},"country":{"enum":["DE","FR","US"]}}}}},
"lines":{"type":"array","minItems":1,"items":{"type":"object","required":["sku","quantity"],"properties":{"sku":{"type":"string","pattern":"^[A-Z]{3}-[0-9]+$"},
"quantity":{"type":"integer","minimum":1},"price":{"type":"number","minimum":0},"tags":{"type":"array","items":{"type":"string"}}}}}}}`

// benchBody is of about 1.5 KB.
func benchBody() []byte {
	var b strings.Builder
	b.WriteString(`{"id":"0192f6a0-7c1e-7000-8000-0123456789ab","created":"2026-11-21T20:00:00Z","note":"leave it at the door","customer":{"name":"Ada Lovelace","email":"ada@example.com","card":"4111111111111111","address":{"street":"12 St James's Square","city":"London","country":"DE"}},"lines":[`)
	for i := range 14 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"sku":"ABC-%d","quantity":%d,"price":%d.95,"tags":["new","fragile"]}`, 1000+i, i+1, 10*i)
	}
	b.WriteString(`]}`)
	return []byte(b.String())
}

func BenchmarkValidate(b *testing.B) {
	s, body := must(b, benchSchema), benchBody()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if faults, err := s.Validate(body); err != nil || faults != nil {
			b.Fatal(faults, err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	body := benchBody()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := decode(body); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkValidateWideFailure is the most a body of 1 MiB gets out of the
// validator: a fault in every value.
func BenchmarkValidateWideFailure(b *testing.B) {
	s, body := must(b, `{"items":{"type":"string"}}`), []byte("["+strings.Repeat("1,", 512<<10)+"1]")
	b.ReportAllocs()
	for b.Loop() {
		if faults, err := s.Validate(body); err != nil || len(faults) != maxFaults {
			b.Fatal(len(faults), err)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	file := filepath.Join(folder(b, map[string]string{"s.json": benchSchema}), "s.json")
	for b.Loop() {
		if _, err := Load(file); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkMarksKey(b *testing.B) {
	m := must(b, benchSchema).Marks()
	customer, card := []byte("customer"), []byte("card")
	b.ReportAllocs()
	for b.Loop() {
		if !m.Marked(m.Key(m.Key(m.Start(), customer), card)) {
			b.Fatal("not marked")
		}
	}
}

func TestGoingThroughMarksAllocatesNothing(t *testing.T) {
	m := must(t, `{"properties":{"a":{"items":{"patternProperties":{"^p":{"properties":{"s":{"x-sensitive":true}}}}}}}}`).Marks()
	a, p, unknown := []byte("a"), []byte("pq"), []byte("unknown")
	if n := testing.AllocsPerRun(100, func() {
		at := m.Index(m.Key(m.Start(), a), 3)
		m.Key(m.Key(at, p), unknown)
		m.Key(at, unknown)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
