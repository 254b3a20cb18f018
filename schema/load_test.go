package schema

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestASchemaIsNamedVersionedAndDigested(t *testing.T) {
	for _, c := range []struct{ text, id, version string }{
		{`{"$id":"https://e.com/order#","x-version":"3.1"}`, "https://e.com/order", "3.1"},
		{`{` + draft4 + `,"id":"https://e.com/4","$id":"https://e.com/no"}`, "https://e.com/4", ""},
		{`{"title":"no name"}`, "s.json", ""},
		{`true`, "s.json", ""},
	} {
		s := must(t, c.text)
		sum := sha256.Sum256([]byte(c.text))
		digest := hex.EncodeToString(sum[:])
		if c.version == "" {
			c.version = digest[:12]
		}
		if s.ID() != c.id || s.Version() != c.version || s.Digest() != digest {
			t.Errorf("%s: %s %s %s", c.text, s.ID(), s.Version(), s.Digest())
		}
	}
}

func TestTheDigestOfSeveralFilesIsThatOfTheirSums(t *testing.T) {
	files := map[string]string{"m.json": `{"properties":{"z":{"$ref":"z.json"},"a":{"$ref":"d/a.json"}}}`, "z.json": `{}`, "d/a.json": `{"type":"string"}`, "other.json": `{`}
	var lines string
	for _, name := range []string{"m.json", "d/a.json", "z.json"} {
		lines += fmt.Sprintf("%x  %s\n", sha256.Sum256([]byte(files[name])), name)
	}
	s, err := Load(filepath.Join(folder(t, files), "m.json"))
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("%x", sha256.Sum256([]byte(lines))); s.Digest() != want {
		t.Errorf("%s, want %s", s.Digest(), want)
	}
}

func TestReferencesStayInTheFolder(t *testing.T) {
	outside := folder(t, map[string]string{"secret.json": `{"type":"string"}`})
	secret := filepath.ToSlash(filepath.Join(outside, "secret.json"))
	for name, ref := range map[string]string{
		"parent":         "../secret.json",
		"many parents":   "../../../../../../../../etc/passwd",
		"absolute path":  secret,
		"file URL":       "file://" + secret,
		"http":           "http://127.0.0.1:1/a.json",
		"https":          "https://example.com/a.json",
		"escaped parent": "%2e%2e/secret.json",
		"escaped slash":  "..%2fsecret.json",
		"backslash":      "..%5csecret.json",
		"missing":        "missing.json",
		"a folder":       "sub/",
		"symlink":        "link.json",
		"linked folder":  "linked/secret.json",
		"urn":            "urn:example:a",
		"NUL":            "a%00.json",
		"query":          "ok.json?x=1",
	} {
		dir := folder(t, map[string]string{"s.json": `{"properties":{"p":{"$ref":"` + ref + `"}}}`, "ok.json": `{}`, "sub/x.json": `{}`})
		if runtime.GOOS != "windows" {
			for link, to := range map[string]string{"link.json": filepath.Join(outside, "secret.json"), "linked": outside} {
				if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
					t.Fatal(err)
				}
			}
		}
		_, err := Load(filepath.Join(dir, "s.json"))
		if err == nil {
			t.Errorf("%s: %s was loaded", name, ref)
			continue
		}
		if told := err.Error(); !strings.Contains(told, "s.json") || !strings.Contains(told, `/properties/p/$ref is "`+ref+`"`) && name != "NUL" {
			t.Errorf("%s: the error does not name file and reference: %v", name, err)
		}
	}
}

func TestReferencesWithinTheFolderAreRead(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"relative":       {"s.json": `{"$ref":"b.json"}`, "b.json": `{"type":"string"}`},
		"below":          {"s.json": `{"$ref":"d/b.json#/$defs/s"}`, "d/b.json": `{"$defs":{"s":{"$ref":"../c.json"}}}`, "c.json": `{"type":"string"}`},
		"beside its $id": {"s.json": `{"$id":"https://e.com/x/s.json","$ref":"b.json"}`, "b.json": `{"$id":"https://e.com/x/b.json","$ref":"https://e.com/x/c.json"}`, "c.json": `{"type":"string"}`},
		"odd name":       {"s.json": `{"$ref":"a%20b%25.json"}`, "a b%.json": `{"type":"string"}`},
		"draft 4":        {"s.json": `{` + draft4 + `,"id":"http://e.com/s","$ref":"b.json"}`, "b.json": `{` + draft4 + `,"type":"string"}`},
		"itself by $id":  {"s.json": `{"$id":"https://e.com/other","anyOf":[{"$ref":"https://e.com/other#/$defs/s"}],"$defs":{"s":{"type":"string"}}}`},
	} {
		s, err := Load(filepath.Join(folder(t, files), "s.json"))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if faults, err := s.Validate([]byte(`1`)); err != nil || len(faults) != 1 {
			t.Errorf("%s: %v, %v", name, faults, err)
		}
	}
}

func TestTwoFilesWithOneNameAreRefused(t *testing.T) {
	dir := folder(t, map[string]string{
		"s.json": `{"allOf":[{"$ref":"a.json"},{"$ref":"b.json"}]}`,
		"a.json": `{"$id":"https://e.com/x"}`, "b.json": `{"$id":"https://e.com/x"}`,
	})
	_, err := Load(filepath.Join(dir, "s.json"))
	if err == nil || !strings.Contains(err.Error(), "a.json and b.json both go by the name") {
		t.Error(err)
	}
}

func TestASchemaThatCannotBeTrustedIsRefusedWithItsPlace(t *testing.T) {
	for _, c := range []struct{ text, says string }{
		{`{"properties":{"a":{"enum":[]}}}`, "/properties/a/enum is empty"},
		{`{` + draft7 + `,"properties":{"a":{"enum":[]}}}`, "/properties/a/enum"},
		{`{"properties":{"a":{"pattern":"(?=x)y"}}}`, "/properties/a/pattern: the pattern \"(?=x)y\" does not compile: patterns are RE2, without lookaheads"},
		{`{"properties":{"a":{"patternProperties":{"(?!x)":{}}}}}`, "/properties/a/patternProperties/(?!x)"},
		{`{"x-defs":{"a":{"pattern":"(?<!x)"}},"$ref":"#/x-defs/a"}`, "/x-defs/a/pattern"},
		{`{` + draft4 + `,"patternProperties":{"(?!x)":{}}}`, "without lookaheads"},
		{`{"properties":{"a":{"x-sensitive":"yes"}}}`, "/properties/a/x-sensitive is not a boolean"},
		{`{` + draft7 + `,"properties":{"a":{"$ref":"#/definitions/b","x-sensitive":1}},"definitions":{"b":{}}}`, "/properties/a/x-sensitive is not a boolean"},
		{`{"properties":{"a":{"type":"strnig"}}}`, "/properties/a/type is not valid in this draft"},
		{`{"properties":{"a":{"$ref":"#/$defs/none"}}}`, "#/$defs/none"},
		{`{"x-version":2}`, "/x-version is not a string"},
		{`{"$schema":"https://e.com/mine"}`, `/$schema is "https://e.com/mine"`},
		{`{"a":1,"a":2}`, "the key at /a stands twice"},
		{`{"a":1,}`, "not strict JSON"},
		{"\ufeff{}", "not strict JSON"},
		{`[]`, "s.json"},
		{`"x"`, "s.json"},
		{`{"$ref":"#"}`, "infinite loop"},
		{`{"$id":"?"}`, `/$id is "?", which is no plain URI`},
		{`{"properties":{"default":{"$id":"a?#b"}}}`, `/properties/default/$id is "a?#b"`},
		{`{` + draft4 + `,"items":{"id":"?"}}`, `/items/id is "?"`},
		{strings.Repeat(`{"not":`, 600) + `{}` + strings.Repeat(`}`, 600), "not strict JSON"},
		{`{` + draft7 + `,"writeOnly":"yes"}`, "s.json"},
		{`{` + draft7 + `,"title":1}`, "s.json"},
	} {
		if told := loadError(t, c.text); !strings.Contains(told, c.says) || !strings.Contains(told, "s.json") {
			t.Errorf("%.80s: %s", c.text, told)
		}
	}
}

func TestAFileThatCannotBeReadIsNamed(t *testing.T) {
	dir := folder(t, map[string]string{"big.json": strings.Repeat(" ", maxFile) + `{}`, "refers.json": `{"$ref":"big.json"}`})
	for _, name := range []string{"none.json", "big.json", "refers.json", "."} {
		file := filepath.Join(dir, name)
		if _, err := Load(file); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Load(""); err == nil {
		t.Error("no file was loaded")
	}
}

func TestASchemaOfManyFilesIsBounded(t *testing.T) {
	files := map[string]string{}
	for i := range maxFiles + 1 {
		files[fmt.Sprintf("f%d.json", i)] = fmt.Sprintf(`{"$ref":"f%d.json"}`, i+1)
	}
	if _, err := Load(filepath.Join(folder(t, files), "f0.json")); err == nil || !strings.Contains(err.Error(), "more than 256 files") {
		t.Error(err)
	}
}

func TestDataInASchemaIsNotTakenForASchema(t *testing.T) {
	s := must(t, `{"properties":{"enum":{"default":{"id":"?","$id":"?","x-sensitive":"data","enum":[],"pattern":"(?="}},"x-sensitive":{"type":"string"},"$ref":{"const":{"$ref":"none.json"}}}}`)
	if !s.Marks().Empty() {
		t.Error("data marks")
	}
}

func TestAMistakenFileIsToldWithTheWayOut(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("orders.yaml", []byte("openapi: 3.1.0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for file, says := range map[string]string{
		"orders.yaml":                         "an OpenAPI document is for the option openapi",
		"none.json":                           "it was looked for in " + here,
		filepath.Join(here, "s", "none.json"): "cannot be read",
	} {
		if _, err := Load(file); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", file, err)
		}
	}
}
