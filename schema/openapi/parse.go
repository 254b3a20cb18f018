package openapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/caddyrec/caddyrec/jsonscan"
	"go.yaml.in/yaml/v3"
)

const (
	maxDepth = 256
	// maxNodes and maxText bound what a YAML document grows to when its aliases
	// are put in.
	maxNodes = 4 << 20
	maxText  = 2 * maxTotal
)

// parse reads JSON or YAML into maps, lists, strings, json.Numbers, booleans
// and nil. Its errors begin with what stands after the file's name.
func parse(name string, text []byte) (any, error) {
	report, err := jsonscan.Check(text, jsonscan.Limits{Depth: maxDepth})
	switch {
	case err == nil && report.Duplicate:
		return nil, fmt.Errorf("#%s: the key stands twice in its object: remove one", report.DuplicatePointer)
	case err == nil:
		return decodeJSON(text)
	case strings.EqualFold(path.Ext(name), ".json"):
		return nil, fmt.Errorf(": %w", err)
	}
	return parseYAML(text)
}

func decodeJSON(text []byte) (tree any, err error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	err = dec.Decode(&tree)
	return tree, err
}

// parseYAML reads the one YAML document of a text. Tags and keys are taken as
// YAML 1.2's JSON schema has them, as OpenAPI asks for: timestamps are strings
// and a key 200 is "200". Merge keys (<<), which that does not have but which
// are widely written, work.
func parseYAML(text []byte) (any, error) {
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New(": the file is empty: write the description there")
		}
		return nil, fmt.Errorf(": neither JSON nor YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New(": it holds more than one YAML document: keep one")
	}
	y := yamlReader{within: map[*yaml.Node]bool{}}
	return y.value(&doc, 0)
}

type yamlReader struct {
	nodes, text int
	within      map[*yaml.Node]bool // aliases being put in
}

func (y *yamlReader) fail(n *yaml.Node, format string, args ...any) error {
	return fmt.Errorf(":%d: %w", n.Line, fmt.Errorf(format, args...))
}

func (y *yamlReader) value(n *yaml.Node, depth int) (any, error) {
	y.nodes++
	y.text += len(n.Value)
	switch {
	case depth > maxDepth:
		return nil, y.fail(n, "nested more than %d deep: flatten it", maxDepth)
	case y.nodes > maxNodes || y.text > maxText:
		return nil, y.fail(n, "the document grows too large by its aliases: write $ref in place of them")
	}
	switch n.Kind {
	case yaml.DocumentNode:
		return y.value(n.Content[0], depth)
	case yaml.AliasNode:
		if y.within[n.Alias] {
			return nil, y.fail(n, "the alias *%s stands within what it stands for: break that loop", n.Value)
		}
		y.within[n.Alias] = true
		defer delete(y.within, n.Alias)
		return y.value(n.Alias, depth+1)
	case yaml.MappingNode:
		return y.mapping(n, depth)
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for _, e := range n.Content {
			v, err := y.value(e, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	}
	return y.scalar(n)
}

func (y *yamlReader) mapping(n *yaml.Node, depth int) (any, error) {
	m := make(map[string]any, len(n.Content)/2)
	var merges []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		if key.Kind != yaml.ScalarNode {
			return nil, y.fail(key, "a key is no text: write a plain one")
		}
		if key.Tag == "!!merge" {
			merges = append(merges, value)
			continue
		}
		if _, twice := m[key.Value]; twice {
			return nil, y.fail(key, "the key %q stands twice in its mapping: remove one", key.Value)
		}
		v, err := y.value(value, depth+1)
		if err != nil {
			return nil, err
		}
		y.text += len(key.Value)
		m[key.Value] = v
	}
	for _, merge := range merges {
		v, err := y.value(merge, depth+1)
		if err != nil {
			return nil, err
		}
		from, ok := v.([]any)
		if !ok {
			from = []any{v}
		}
		for _, f := range from {
			fm, ok := f.(map[string]any)
			if !ok {
				return nil, y.fail(merge, "<< does not name a mapping: name one")
			}
			for k, v := range fm {
				if _, own := m[k]; !own {
					m[k] = v
				}
			}
		}
	}
	return m, nil
}

func (y *yamlReader) scalar(n *yaml.Node) (any, error) {
	switch n.ShortTag() {
	case "!!null":
		return nil, nil
	case "!!bool":
		var b bool
		if err := n.Decode(&b); err != nil {
			return nil, y.fail(n, "not a boolean: write true or false")
		}
		return b, nil
	case "!!int", "!!float":
		return y.number(n)
	case "!!str", "!!timestamp", "!!binary":
		return n.Value, nil
	}
	return nil, y.fail(n, "the tag %s means nothing in OpenAPI: remove it", n.Tag)
}

// number keeps the digits of what JSON would write alike.
func (y *yamlReader) number(n *yaml.Node) (any, error) {
	if report, err := jsonscan.Check([]byte(n.Value), jsonscan.Limits{}); err == nil && !report.Duplicate {
		return json.Number(n.Value), nil
	}
	var i int64
	if n.Decode(&i) == nil {
		return json.Number(strconv.FormatInt(i, 10)), nil
	}
	var f float64
	if n.Decode(&f) == nil {
		if text, err := json.Marshal(f); err == nil {
			return json.Number(text), nil
		}
	}
	return nil, y.fail(n, "JSON has no such number: write it in quotes if it is a text")
}
