package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/caddyrec/caddyrec/schema"
	"github.com/caddyrec/caddyrec/schema/openapi"
)

// schemaReport is what schema check tells of one file.
type schemaReport struct {
	File string `json:"file"`
	// Kind is schema or openapi.
	Kind string `json:"kind"`
	// Error is why the file cannot be loaded; then there is no more.
	Error   string   `json:"error,omitempty"`
	ID      string   `json:"id,omitempty"`
	Version string   `json:"version,omitempty"`
	Digest  string   `json:"digest,omitempty"`
	Files   []string `json:"files,omitempty"`

	Operations []operationReport `json:"operations,omitempty"`
	Masked     []maskedPlace     `json:"masked,omitempty"`
	// Uncovered are keywords that only the slower validator knows.
	Uncovered []string `json:"uncovered,omitempty"`
	Warnings  []string `json:"warnings,omitempty"`
}

type operationReport struct {
	ID       string `json:"id"`
	Method   string `json:"method"`
	Path     string `json:"path"`
	Approval bool   `json:"approval"`
	// Request are the media types of its body, and Responses the statuses.
	Request   []string `json:"request,omitempty"`
	Responses []string `json:"responses,omitempty"`
}

// maskedPlace is a place that records mask.
type maskedPlace struct {
	// Operation is empty for a JSON Schema.
	Operation string `json:"operation,omitempty"`
	// In is body for a JSON Schema; else request, a status, path, query, header
	// or cookie.
	In string `json:"in"`
	// Place is a JSON Pointer in which "*" stands for any key or element, "**"
	// for any number of steps and "{…}" for the keys that a pattern matches; for a
	// parameter it is its name, or the number of the path's segment.
	Place string `json:"place"`
	// How is the action; empty for what the policy says of the rule schema.
	How string `json:"how,omitempty"`
	// Because is what calls it sensitive, and Schema where.
	Because string `json:"because"`
	Schema  string `json:"schema,omitempty"`
}

// checkSchema loads a file. The error is that there is none to be checked.
func checkSchema(name string) (*schemaReport, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	r := &schemaReport{File: name, Kind: "schema"}
	if isOpenAPI(name, text) {
		r.Kind = "openapi"
		doc, err := openapi.Load(name)
		if err != nil {
			r.Error = err.Error()
			return r, nil
		}
		r.document(doc)
		return r, nil
	}
	s, err := schema.Load(name)
	if err != nil {
		r.Error = err.Error()
		return r, nil
	}
	r.ID, r.Version, r.Digest, r.Files = s.ID(), s.Version(), s.Digest(), near(name, s.Files())
	r.schema("", "body", s)
	return r, nil
}

// isOpenAPI tells by a file's own keys, or, of what is no JSON, by its name.
func isOpenAPI(name string, text []byte) bool {
	var keys struct {
		OpenAPI json.RawMessage `json:"openapi"`
		Swagger json.RawMessage `json:"swagger"`
	}
	if json.Unmarshal(text, &keys) == nil {
		return keys.OpenAPI != nil || keys.Swagger != nil
	}
	ext := strings.ToLower(filepath.Ext(name))
	return ext == ".yaml" || ext == ".yml"
}

// near writes files as they stand to the one that was named.
func near(name string, files []string) []string {
	folder, err := filepath.Abs(filepath.Dir(name))
	if err != nil {
		return files
	}
	short := make([]string, len(files))
	for i, f := range files {
		short[i] = f
		if rel, err := filepath.Rel(folder, f); err == nil {
			short[i] = filepath.ToSlash(rel)
		}
	}
	return short
}

// schema tells of one schema.
func (r *schemaReport) schema(operation, in string, s *schema.Schema) {
	for _, m := range s.Sensitive() {
		how := m.Action
		if how == "partial" {
			how = fmt.Sprintf("partial %d", m.Keep)
		}
		r.Masked = append(r.Masked, maskedPlace{Operation: operation, In: in, Place: m.Place, How: how, Because: m.Why, Schema: m.Schema})
	}
	for _, place := range s.Uncovered() {
		if !slices.Contains(r.Uncovered, place) {
			r.Uncovered = append(r.Uncovered, place)
		}
	}
}

// document tells of an OpenAPI document.
func (r *schemaReport) document(doc *openapi.Document) {
	r.ID, r.Version, r.Digest, r.Files, r.Warnings = doc.ID(), doc.Version(), doc.Digest(), near(r.File, doc.Files()), doc.Warnings()
	for _, o := range doc.Operations() {
		op := operationReport{ID: o.ID, Method: o.Method, Path: o.Template, Approval: o.Approval}
		name := o.Method + " " + o.Template
		r.secrets(name, o)
		for _, b := range o.Bodies() {
			in := "request"
			if b.Status == "" {
				op.Request = append(op.Request, b.Media)
			} else if in = b.Status; !slices.Contains(op.Responses, b.Status) {
				op.Responses = append(op.Responses, b.Status)
			}
			if b.Schema != nil {
				r.schema(name, in, b.Schema)
			}
		}
		r.Operations = append(r.Operations, op)
	}
}

// secrets tells of an operation's parameters, and of its answers' header fields.
func (r *schemaReport) secrets(name string, o *openapi.Operation) {
	add := func(in, place string) {
		because := "parameter"
		if in == "answer" {
			because = "header field"
		}
		r.Masked = append(r.Masked, maskedPlace{Operation: name, In: in, Place: place, Because: because})
	}
	s := o.Secrets()
	segments := strings.Split(strings.TrimPrefix(o.Template, "/"), "/")
	for _, i := range s.Path {
		place := fmt.Sprint(i)
		if i < len(segments) {
			place = segments[i]
		}
		add("path", place)
	}
	for in, names := range map[string][]string{"query": s.Query, "header": s.Header, "cookie": s.Cookie, "answer": s.Answer} {
		for _, n := range names {
			if rest, ok := strings.CutSuffix(n, "["); ok {
				n = rest + "[…]"
			}
			add(in, n)
		}
	}
	slices.SortStableFunc(r.Masked, func(a, b maskedPlace) int {
		if a.Operation != b.Operation || a.Operation != name {
			return 0
		}
		return strings.Compare(a.In+" "+a.Place, b.In+" "+b.Place)
	})
}
