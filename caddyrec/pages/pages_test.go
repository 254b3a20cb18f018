// Package pages_test holds the pages for people, and the examples, against the
// code.
package pages_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/caddyrec/caddyrec/record"
)

// The pages are named from the checkout's root.
func TestMain(m *testing.M) {
	if err := os.Chdir("../.."); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// pages are the texts for people.
func pages(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"*.md", "docs/*.md", "examples/*/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found...)
	}
	if len(all) < 15 {
		t.Fatalf("only %d pages: %v", len(all), all)
	}
	return all
}

func page(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}

func TestTheRecordFormatIsTheSchemas(t *testing.T) {
	const name = "docs/record-format.md"
	s, err := jsonschema.CompileString("record", string(record.Schema))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, text := range blocks(t, name, "json") {
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		var v map[string]any
		if err := d.Decode(&v); err != nil {
			t.Errorf("%v:\n%s", err, text)
			continue
		}
		if err := s.Validate(v); err != nil {
			t.Errorf("%#v:\n%s", err, text)
		}
		seen[fmt.Sprint(v["type"])] = true
	}
	var published struct {
		Properties map[string]struct{ Enum []string }
		Defs       map[string]struct{ Properties map[string]any } `json:"$defs"`
	}
	if err := json.NewDecoder(bytes.NewReader(record.Schema)).Decode(&published); err != nil {
		t.Fatal(err)
	}
	for _, typ := range published.Properties["type"].Enum {
		if !seen[typ] {
			t.Errorf("%s has no example of type %s", name, typ)
		}
	}
	text := page(t, name)
	said := func(field string) {
		if !strings.Contains(text, "`"+field+"`") {
			t.Errorf("%s does not tell what %s is", name, field)
		}
	}
	for field := range published.Properties {
		said(field)
	}
	for _, def := range published.Defs {
		for field := range def.Properties {
			said(field)
		}
	}
}

// directives are the pages about what a Caddyfile may hold, each with the file
// that parses it and the type whose comment has its syntax.
var directives = []struct{ page, parser, typeFile, typeName string }{
	{"docs/oidc_auth.md", "caddyrec/oidcauth/caddyfile.go", "caddyrec/oidcauth/oidcauth.go", "Handler"},
	{"docs/json_schema_guard.md", "caddyrec/schemaguard/caddyfile.go", "caddyrec/schemaguard/schemaguard.go", "Handler"},
	{"docs/session_record.md", "caddyrec/sessionrecord/caddyfile.go", "caddyrec/sessionrecord/sessionrecord.go", "Handler"},
	{"docs/jit_approval.md", "caddyrec/jitapproval/caddyfile.go", "caddyrec/jitapproval/jitapproval.go", "Handler"},
	{"docs/session_replay.md", "caddyrec/sessionreplay/caddyfile.go", "caddyrec/sessionreplay/sessionreplay.go", "Handler"},
	{"docs/json_matcher.md", "", "caddyrec/jsonmatch/jsonmatch.go", "Match"},
	{"docs/masked_log.md", "", "caddyrec/maskedlog/maskedlog.go", "Encoder"},
	{"docs/caddyrec_option.md", "caddyrec/caddyfile.go", "caddyrec/caddyrec.go", "App"},
	{"docs/stores.md", "caddyrec/gcsstore/caddyfile.go", "caddyrec/gcsstore/gcsstore.go", "GCS"},
}

func TestTheDirectivesPagesNameTheOptionsThatTheParserTakes(t *testing.T) {
	for _, d := range directives {
		syntax := blocks(t, d.page, "text")
		if want := syntaxOf(t, d.typeFile, d.typeName); len(syntax) == 0 || strings.TrimSpace(syntax[0]) != want {
			t.Errorf("%s: the first block is not the syntax in %s:\n%s", d.page, d.typeFile, want)
		}
		if d.parser == "" {
			continue
		}
		var told []string
		for _, row := range column(t, d.page, "Option") {
			name, _, _ := strings.Cut(strings.Trim(row, "`"), " ")
			told = append(told, strings.Trim(name, "`"))
		}
		same(t, d.page+" and "+d.parser, told, options(t, d.parser))
	}
}

func same(t *testing.T, what string, a, b []string) {
	t.Helper()
	slices.Sort(a)
	slices.Sort(b)
	if a, b = slices.Compact(a), slices.Compact(b); !slices.Equal(a, b) {
		t.Errorf("%s differ:\n%v\n%v", what, a, b)
	}
}

// column is the cells below a heading in all the tables of a page that have it.
func column(t *testing.T, name, heading string) (cells []string) {
	t.Helper()
	at := -1
	for line := range strings.Lines(page(t, name)) {
		row, ok := strings.CutPrefix(strings.TrimSpace(line), "|")
		if !ok {
			at = -1
			continue
		}
		fields := strings.Split(strings.ReplaceAll(row, `\|`, "\x00"), "|")
		for i := range fields {
			fields[i] = strings.TrimSpace(strings.ReplaceAll(fields[i], "\x00", "|"))
		}
		if at < 0 {
			if at = slices.Index(fields, heading); at < 0 {
				at = len(fields) // another table
			}
			continue
		}
		if at < len(fields) && !strings.HasPrefix(fields[at], "--") {
			cells = append(cells, fields[at])
		}
	}
	return cells
}

func parse(t *testing.T, file string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// options are the words that a parser's switches over an option know.
func options(t *testing.T, file string) (names []string) {
	ast.Inspect(parse(t, file), func(n ast.Node) bool {
		s, ok := n.(*ast.SwitchStmt)
		if !ok {
			return true
		}
		if tag, ok := s.Tag.(*ast.Ident); !ok || tag.Name != "option" {
			return true
		}
		for _, c := range s.Body.List {
			for _, e := range c.(*ast.CaseClause).List {
				if word, ok := text(e); ok {
					names = append(names, word)
				}
			}
		}
		return true
	})
	return names
}

// syntaxOf is the Caddyfile syntax in a type's comment.
func syntaxOf(t *testing.T, file, name string) string {
	t.Helper()
	for _, decl := range parse(t, file).Decls {
		g, ok := decl.(*ast.GenDecl)
		if !ok || g.Tok != token.TYPE || g.Specs[0].(*ast.TypeSpec).Name.Name != name {
			continue
		}
		var lines []string
		for line := range strings.Lines(g.Doc.Text()) {
			if rest, ok := strings.CutPrefix(line, "\t"); ok {
				lines = append(lines, rest)
			}
		}
		return strings.TrimSpace(strings.Join(lines, ""))
	}
	t.Fatalf("%s has no type %s", file, name)
	return ""
}

func text(e ast.Expr) (string, bool) {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(lit.Value)
	return s, err == nil
}

func TestEveryReasonIsInTheDocsAndNoOther(t *testing.T) {
	var told []string
	word := regexp.MustCompile("`([^`]+)`")
	found, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range found {
		for _, cell := range column(t, name, "Reason") {
			for _, m := range word.FindAllStringSubmatch(cell, -1) {
				told = append(told, m[1])
			}
		}
	}
	same(t, "reasons in the docs and in the code", told, reasons(t))
}

// reasons are the fixed words with which the gateway refuses.
func reasons(t *testing.T) (words []string) {
	for _, pattern := range []string{"caddyrec/*.go", "caddyrec/oidcauth/*.go", "caddyrec/schemaguard/*.go", "caddyrec/sessionrecord/*.go", "caddyrec/jitapproval/*.go", "caddyrec/sessionreplay/*.go", "exchange/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			ast.Inspect(parse(t, file), func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.KeyValueExpr:
					key, ok := n.Key.(*ast.Ident)
					if word, isText := text(n.Value); ok && isText && strings.EqualFold(key.Name, "reason") {
						words = append(words, word)
					}
				case *ast.CompositeLit: // approvalProblems
					if len(n.Elts) == 3 {
						_, status := n.Elts[1].(*ast.SelectorExpr)
						if word, ok := text(n.Elts[2]); ok && status {
							words = append(words, word)
						}
					}
				}
				return true
			})
		}
	}
	for _, c := range []struct{ file, prefix, begins string }{
		{"identity/errors.go", "token-", ""},
		{"ledger/commit.go", "", "reason"},
		{"replay/provision/refusal.go", "key-", ""},
	} {
		ast.Inspect(parse(t, c.file), func(n ast.Node) bool {
			if v, ok := n.(*ast.ValueSpec); ok && len(v.Values) == 1 && strings.HasPrefix(v.Names[0].Name, c.begins) {
				if word, ok := text(v.Values[0]); ok {
					words = append(words, c.prefix+word)
				}
			}
			return true
		})
	}
	words = slices.DeleteFunc(words, func(w string) bool { return w == "unchecked" }) // a verdict, which refuses nothing
	return append(words, "claim-<claim>")                                             // made with the claim's name
}
