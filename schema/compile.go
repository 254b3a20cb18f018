package schema

import (
	"fmt"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// compile compiles the library's main document. With a meter, every evaluation
// of a schema object counts on it.
func compile(lib *library, m *meter) (c *jsonschema.Compiler, s *jsonschema.Schema, err error) {
	c = jsonschema.NewCompiler()
	c.LoadURL = lib.LoadURL
	c.AssertFormat = true
	c.Formats["uri-template"] = isURITemplate
	if lib.draft != nil {
		c.Draft = lib.draft
	}
	if m != nil {
		c.RegisterExtension("meter", nil, m)
	}
	s, err = compileAt(c, lib.mainURL())
	if err != nil {
		return nil, nil, explain(lib, err)
	}
	return c, s, nil
}

// compileAt compiles what stands at a URL. The compiler panics at keywords its
// metaschemas let through (a writeOnly that is no boolean).
func compileAt(c *jsonschema.Compiler, u string) (s *jsonschema.Schema, err error) {
	defer func() {
		if r := recover(); r != nil {
			s, err = nil, fmt.Errorf("a keyword has a value of the wrong kind (%v): check annotations such as writeOnly, title and default", r)
		}
	}()
	return c.Compile(u)
}
