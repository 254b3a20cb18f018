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
)

const corpus = "../../shared/corpora/json-schema-test-suite"

var suiteDrafts = map[string]Draft{
	"draft4":       Draft4,
	"draft6":       Draft6,
	"draft7":       Draft7,
	"draft2019-09": Draft2019,
	"draft2020-12": Draft2020,
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
		t.Skipf("not checked is the JSON Schema test suite: clone github.com/json-schema-org/JSON-Schema-Test-Suite to shared/corpora/json-schema-test-suite beside the checkout: %v", err)
	}
}

// suite yields every group of every draft that is in a folder: "." for the
// required ones.
func suite(t testing.TB, folder string, each func(draft, file string, g suiteGroup)) {
	for _, draft := range []string{"draft4", "draft6", "draft7", "draft2019-09", "draft2020-12"} {
		files, err := filepath.Glob(filepath.Join(corpus, "tests", draft, folder, "*.json"))
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

func suiteSchema(draft string, text []byte, formats bool) (*Schema, error) {
	lib := newLibrary("suite.json", text, nil)
	lib.plain = !formats
	lib.draft, lib.remote = suiteDrafts[draft], suiteRemote
	return load(lib, "")
}

// suiteRefused are groups that Load refuses, with the reason.
var suiteRefused = map[string]string{
	"draft2019-09/enum/empty enum": "an empty enum is refused: the compiler would let anything through",
	"draft2020-12/enum/empty enum": "an empty enum is refused: the compiler would let anything through",
}

// compilerWrong are tests that the compiler's own validator gets wrong.
var compilerWrong = map[string]string{
	"draft2020-12/dynamicRef/$dynamicRef skips over intermediate resources - direct reference/integer property passes":                           "it looks for the dynamic anchor in a resource between",
	"draft2020-12/dynamicRef/$dynamicRef skips over intermediate resources - direct reference/string property fails":                             "it looks for the dynamic anchor in a resource between",
	"draft2020-12/dynamicRef/$dynamicRef skips over intermediate resources - pointer reference across resource boundary/integer property passes": "it looks for the dynamic anchor in a resource between",
	"draft2020-12/dynamicRef/$dynamicRef skips over intermediate resources - pointer reference across resource boundary/string property fails":   "it looks for the dynamic anchor in a resource between",
}

// suiteTally counts what a run over the suite came to.
type suiteTally struct{ total, ruled int }

// suiteAgrees holds every test of a folder against the suite's verdict, and the
// evaluator against the compiler's own validator. Groups and tests that have an
// exception must need it.
func suiteAgrees(t *testing.T, folder string, formats func(draft string) bool, refused, wrong map[string]string) (n suiteTally) {
	t.Helper()
	needCorpus(t)
	metRefused, metWrong := map[string]bool{}, map[string]bool{}
	suite(t, folder, func(draft, file string, g suiteGroup) {
		n.total += len(g.Tests)
		group := draft + "/" + file + "/" + g.Description
		s, err := suiteSchema(draft, g.Schema, formats(draft))
		if err != nil {
			if metRefused[group] = true; refused[group] == "" {
				t.Errorf("%q: refused (%d tests): %v", group, len(g.Tests), err)
			}
			return
		}
		for _, c := range g.Tests {
			name := group + "/" + c.Description
			faults, err := s.Validate(c.Data)
			agrees := err == nil && (faults == nil) == c.Valid
			if metWrong[name] = metWrong[name] || !agrees; !agrees && wrong[name] == "" {
				t.Errorf("%q: body %s: valid should be %v; faults %v, error %v", name, c.Data, c.Valid, faults, err)
			}
			if s.rule != nil {
				n.ruled++
				if compilerWrong[name] == "" {
					sameAsCompiler(t, s, c.Data)
				}
			}
			if !slices.IsSortedFunc(faults, func(a, b Fault) int { return strings.Compare(a.Pointer, b.Pointer) }) {
				t.Errorf("%q: faults are not sorted: %v", name, faults)
			}
		}
	})
	for group := range refused {
		if !metRefused[group] {
			t.Errorf("%q is listed as refused but is not", group)
		}
	}
	for name := range wrong {
		if !metWrong[name] {
			t.Errorf("%q is listed as wrong but is not", name)
		}
	}
	return n
}

// From 2019-09 on the suite takes formats for annotations. Not one verdict
// differs.
func TestTheRequiredTestsOfTheOfficialSuite(t *testing.T) {
	n := suiteAgrees(t, ".", func(draft string) bool { return !strings.HasPrefix(draft, "draft20") }, suiteRefused, nil)
	if t.Logf("%d tests, %d of them by the evaluator", n.total, n.ruled); n.ruled < n.total*98/100 {
		t.Error("too few by the evaluator")
	}
}

// assert is what Load does.
func assert(string) bool { return true }

func TestTheFormatTestsOfTheOfficialSuite(t *testing.T) {
	n := suiteAgrees(t, "optional/format", assert, nil, formatWrong)
	t.Logf("%d tests", n.total)
}

func TestTheOptionalTestsOfTheOfficialSuite(t *testing.T) {
	n := suiteAgrees(t, "optional", assert, optionalRefused, optionalWrong)
	t.Logf("%d tests", n.total)
}
