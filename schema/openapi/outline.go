package openapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// placeKey is the extension that tells, in the outline, where an object stands
// in the files.
const placeKey = "x-caddyrec-place"

// shapes are the objects of OpenAPI down to the schemas, as far as a guard wants
// them: their members and what these are. A "[]" before a kind is a list of it,
// "{}" a map to it.
var shapes = map[string]map[string]string{
	"document": {"openapi": "text", "info": "info", "servers": "[]server", "paths": "{}pathItem",
		"components": "components", "security": "data", "jsonSchemaDialect": "text"},
	"info":       {"title": "text", "version": "text"},
	"components": {"securitySchemes": "{}securityScheme"},
	"securityScheme": {"type": "text", "name": "text", "in": "text", "scheme": "text", "flows": "data",
		"openIdConnectUrl": "text"},
	"server":   {"url": "text", "variables": "{}variable"},
	"variable": {"default": "text", "enum": "[]text"},
	"pathItem": {"servers": "[]server", "parameters": "[]parameter", "get": "operation", "put": "operation",
		"post": "operation", "delete": "operation", "options": "operation", "head": "operation",
		"patch": "operation", "trace": "operation"},
	"operation": {"operationId": "text", "servers": "[]server", "parameters": "[]parameter",
		"requestBody": "requestBody", "responses": "{}response", "security": "data", "x-approval": "text"},
	"parameter": {"name": "text", "in": "text", "required": "boolean", "style": "text", "explode": "boolean",
		"allowEmptyValue": "boolean", "schema": "schema", "content": "{}media", "x-sensitive": "boolean", "x-mask": "data"},
	"requestBody": {"required": "boolean", "content": "{}media"},
	"response":    {"description": "text", "headers": "{}header", "content": "{}media"},
	"header":      {"schema": "schema", "content": "{}media", "x-sensitive": "boolean", "x-mask": "data"},
	"media":       {"schema": "schema"},
}

// referable are the kinds that a $ref may stand for.
// operation and media are not among the standard's, but are written.
var referable = []string{"pathItem", "operation", "parameter", "requestBody", "response", "header", "securityScheme", "media"}

// maxOutline bounds what a description grows to when its references are put in.
const maxOutline = 1 << 18

// outliner writes the outline of a description: one document without
// references and without schemas, for the library.
type outliner struct {
	folder  *folder
	objects int
	schema  func(at place, v any) error // is told of each schema that is met
}

// outline is the description in the library's model. schema is told where each
// schema stands; in the model there is only its place.
func (f *folder) outline(schema func(at place, v any) error, warn *warnings) (*openapi3.T, error) {
	o := outliner{folder: f, schema: schema}
	tree, err := o.object("document", place{file: f.main}, f.files[f.main].tree)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(tree)
	if err != nil {
		return nil, err
	}
	doc, err := openapi3.NewLoader().LoadFromData(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.main, err)
	}
	lint(doc, f.main, warn)
	return doc, nil
}

// lint has the library check the structure. What a guard rests on is checked
// where it is read, and is an error; this is advice.
func lint(doc *openapi3.T, name string, warn *warnings) {
	err := doc.Validate(context.Background(), openapi3.EnableMultiError(), openapi3.DisableExamplesValidation())
	var all openapi3.MultiError
	switch {
	case err == nil:
	case errors.As(err, &all):
		for _, e := range all {
			warn.add("structure", place{file: name}, "%s", strings.Join(strings.Fields(e.Error()), " "))
		}
	default:
		warn.add("structure", place{file: name}, "%s", strings.Join(strings.Fields(err.Error()), " "))
	}
}

func (o *outliner) value(kind string, at place, v any) (any, error) {
	if of, ok := strings.CutPrefix(kind, "[]"); ok {
		list, ok := v.([]any)
		if !ok {
			return nil, at.errorf("it is not a list: write one")
		}
		all := make([]any, 0, len(list))
		for i, e := range list {
			below, err := o.value(of, at.index(i), e)
			if err != nil {
				return nil, err
			}
			all = append(all, below)
		}
		return all, nil
	}
	if of, ok := strings.CutPrefix(kind, "{}"); ok {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, at.errorf("it is not an object: write one")
		}
		all := make(map[string]any, len(m))
		for _, name := range slices.Sorted(maps.Keys(m)) {
			if strings.HasPrefix(name, "x-") && of != "securityScheme" && of != "media" && of != "header" {
				continue
			}
			below, err := o.value(of, at.at(name), m[name])
			if err != nil {
				return nil, err
			}
			all[name] = below
		}
		return all, nil
	}
	switch kind {
	case "data":
		return v, nil
	case "boolean":
		if _, ok := v.(bool); !ok {
			return nil, at.errorf("it is not a boolean: write true or false")
		}
		return v, nil
	case "text":
		switch v := v.(type) {
		case string:
			return v, nil
		case json.Number: // version: 1.0, in YAML
			return v.String(), nil
		}
		return nil, at.errorf("it is not a text: write one, in quotes")
	case "schema":
		if err := o.schema(at, v); err != nil {
			return nil, err
		}
		return map[string]any{placeKey: at.String()}, nil
	}
	return o.object(kind, at, v)
}

func (o *outliner) object(kind string, at place, v any) (any, error) {
	if o.objects++; o.objects > maxOutline {
		return nil, at.errorf("the description grows past %d objects by its references: let fewer path items share large ones", maxOutline)
	}
	written, _ := v.(map[string]any)
	if slices.Contains(referable, kind) {
		var err error
		if at, v, err = o.folder.follow(at, v); err != nil {
			return nil, err
		}
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, at.errorf("it is not an object: write one")
	}
	if _, ok := m["$ref"]; ok {
		return nil, at.at("$ref").errorf("there can be no reference here: write what it leads to in its place")
	}
	out := map[string]any{placeKey: at.String()}
	for _, name := range slices.Sorted(maps.Keys(shapes[kind])) {
		of := shapes[kind][name]
		in, there := m[name]
		if !there {
			continue
		}
		below, err := o.value(of, at.at(name), in)
		if err != nil {
			return nil, err
		}
		out[name] = below
	}
	if _, referred := written["$ref"]; referred && kind == "pathItem" {
		for name := range shapes[kind] {
			if _, beside := written[name]; beside {
				return nil, at.errorf("a path item that refers here has %s beside its $ref, which the standard leaves undefined: move it to one of them", name)
			}
		}
	}
	return out, nil
}

// placeOf is where an object of the outline stands.
func placeOf(extensions map[string]any) place {
	text, _ := extensions[placeKey].(string)
	file, pointer, _ := strings.Cut(text, "#")
	return place{file, pointer}
}
