package schema

import (
	"encoding/json"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

const corpus = "../../shared/corpora/json-schema-test-suite"

var suiteDrafts = map[string]*jsonschema.Draft{
	"draft4":       jsonschema.Draft4,
	"draft6":       jsonschema.Draft6,
	"draft7":       jsonschema.Draft7,
	"draft2019-09": jsonschema.Draft2019,
	"draft2020-12": jsonschema.Draft2020,
}

type suiteGroup struct {
	Description string
	Schema      json.RawMessage
	Tests       []struct {
		Description string
		Data        json.RawMessage
		Valid       bool
	}
}

func needCorpus(t testing.TB) {
	t.Helper()
	if _, err := os.Stat(corpus); err != nil {
		t.Skipf("the JSON Schema test suite is not at %s: clone json-schema-org/JSON-Schema-Test-Suite there to run this test", corpus)
	}
}

// suite yields every required group of every draft.
func suite(t testing.TB, each func(draft, file string, g suiteGroup)) {
	for _, draft := range []string{"draft4", "draft6", "draft7", "draft2019-09", "draft2020-12"} {
		files, err := filepath.Glob(filepath.Join(corpus, "tests", draft, "*.json"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no tests of %s: %v", draft, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var groups []suiteGroup
			if err := json.Unmarshal(text, &groups); err != nil {
				t.Fatal(err)
			}
			for _, g := range groups {
				each(draft, strings.TrimSuffix(filepath.Base(file), ".json"), g)
			}
		}
	}
}

// suiteRemote serves http://localhost:1234/ from the suite's folder.
func suiteRemote(u string) ([]byte, bool) {
	at, err := url.Parse(u)
	if err != nil || at.Host != "localhost:1234" {
		return nil, false
	}
	text, err := os.ReadFile(filepath.Join(corpus, "remotes", filepath.FromSlash(path.Clean("/"+at.Path))))
	return text, err == nil
}

func suiteSchema(draft string, text []byte) (*Schema, error) {
	lib := newLibrary("suite.json", text, nil)
	lib.draft, lib.remote = suiteDrafts[draft], suiteRemote
	return load(lib)
}

// suiteRefused are groups that Load refuses, with the reason: 12 tests.
var suiteRefused = map[string]string{
	"draft2019-09/enum/empty enum": "an empty enum is refused: the compiler would let anything through",
	"draft2020-12/enum/empty enum": "an empty enum is refused: the compiler would let anything through",
}

// suiteWrong are tests with another verdict than the suite's: 2 that the
// compiler gets wrong, 19 because formats are asserted in every draft.
var suiteWrong = func() map[string]string {
	wrong := map[string]string{}
	for _, c := range []string{"integer property passes", "string property fails"} {
		wrong["draft2020-12/dynamicRef/$dynamicRef skips over intermediate resources - direct reference/"+c] =
			"the compiler looks for the dynamic anchor in a resource between"
	}
	for _, f := range []string{
		"date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "iri", "iri-reference", "json-pointer",
		"regex", "relative-json-pointer", "time", "uri", "uri-reference", "uri-template", "uuid",
	} {
		wrong["draft2020-12/format/"+f+" format/invalid "+f+" string is only an annotation by default"] = "formats are asserted"
	}
	return wrong
}()

func TestTheRequiredTestsOfTheOfficialSuite(t *testing.T) {
	needCorpus(t)
	total, ruled, refused, wrong := 0, 0, map[string]bool{}, map[string]bool{}
	suite(t, func(draft, file string, g suiteGroup) {
		total += len(g.Tests)
		group := draft + "/" + file + "/" + g.Description
		s, err := suiteSchema(draft, g.Schema)
		if err != nil {
			if suiteRefused[group] == "" {
				t.Errorf("%q: refused (%d tests): %v", group, len(g.Tests), err)
			}
			refused[group] = true
			return
		}
		for _, c := range g.Tests {
			name := group + "/" + c.Description
			faults, err := s.Validate(c.Data)
			if (err != nil || (faults == nil) != c.Valid) != (suiteWrong[name] != "") {
				t.Errorf("%q: valid should be %v; faults %v, error %v", name, c.Valid, faults, err)
			}
			if s.rule != nil {
				ruled++
				sameAsCompiler(t, s, c.Data)
			}
			wrong[name] = err != nil || (faults == nil) != c.Valid
			if !slices.IsSortedFunc(faults, func(a, b Fault) int { return strings.Compare(a.Pointer, b.Pointer) }) {
				t.Errorf("%q: faults are not sorted: %v", name, faults)
			}
		}
	})
	for group := range suiteRefused {
		if !refused[group] {
			t.Errorf("%q is listed as refused but is not", group)
		}
	}
	for name := range suiteWrong {
		if !wrong[name] {
			t.Errorf("%q is listed as wrong but is not", name)
		}
	}
	t.Logf("%d tests, %d of them by the evaluator; %d groups refused at load, %d tests with another verdict", total, ruled, len(suiteRefused), len(suiteWrong))
}
