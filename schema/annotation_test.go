package schema

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The annotation suite says where an annotation belongs. With a mark put beside
// each annotation, all of these places are marked.
func TestEveryPlaceTheAnnotationSuiteAnnotatesIsMarked(t *testing.T) {
	needCorpus(t)
	files, _ := filepath.Glob(filepath.Join(corpus, "annotations", "tests", "*.json"))
	checked := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var doc struct {
			Suite []struct {
				Description, Compatibility string
				Schema                     any
				ExternalSchemas            map[string]any
				Tests                      []struct {
					Instance   any
					Assertions []struct {
						Location, Keyword string
						Expected          map[string]any
					}
				}
			}
		}
		if err := json.Unmarshal(text, &doc); err != nil {
			t.Fatal(err)
		}
		for _, c := range doc.Suite {
			for draft, as := range map[string]int{"draft4": 4, "draft6": 6, "draft7": 7, "draft2019-09": 2019, "draft2020-12": 2020} {
				if !compatible(c.Compatibility, as) {
					continue
				}
				for _, test := range c.Tests {
					for _, a := range test.Assertions {
						if len(a.Expected) == 0 {
							continue
						}
						schema, _ := json.Marshal(sensitiveBeside(c.Schema, a.Keyword))
						lib := newLibrary("s.json", schema, nil)
						lib.draft = suiteDrafts[draft]
						lib.remote = func(u string) ([]byte, bool) {
							other, ok := c.ExternalSchemas[u]
							text, _ := json.Marshal(sensitiveBeside(other, a.Keyword))
							return text, ok
						}
						s, err := load(lib, "")
						if err != nil {
							t.Errorf("%s: %v", c.Description, err)
							continue
						}
						checked++
						covered := map[string]bool{}
						places(test.Instance, "", s.Marks().Start(), s.Marks(), map[any]string{}, covered)
						if !covered[a.Location] {
							t.Errorf("%s, %s: %s is annotated with %s but not marked; schema %s", draft, c.Description, a.Location, a.Keyword, schema)
						}
					}
				}
			}
		}
	}
	t.Logf("%d annotated places", checked)
}

// sensitiveBeside puts x-sensitive beside each keyword.
func sensitiveBeside(raw any, keyword string) any {
	switch v := raw.(type) {
	case map[string]any:
		marked := map[string]any{}
		for k, e := range v {
			marked[k] = sensitiveBeside(e, keyword)
		}
		if _, ok := v[keyword]; ok {
			marked["x-sensitive"] = true
		}
		return marked
	case []any:
		list := slices.Clone(v)
		for i, e := range list {
			list[i] = sensitiveBeside(e, keyword)
		}
		return list
	}
	return raw
}

func compatible(spec string, draft int) bool {
	for part := range strings.SplitSeq(spec, ",") {
		var n int
		switch {
		case part == "":
		case strings.HasPrefix(part, "<="):
			fmt.Sscanf(part, "<=%d", &n)
			if draft > n {
				return false
			}
		case strings.HasPrefix(part, "="):
			fmt.Sscanf(part, "=%d", &n)
			if draft != n {
				return false
			}
		default:
			fmt.Sscanf(part, "%d", &n)
			if draft < n {
				return false
			}
		}
	}
	return true
}
