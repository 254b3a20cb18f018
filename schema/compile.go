package schema

import (
	"fmt"
	"maps"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// newCompiler is a compiler of the library's documents. With a meter, every
// evaluation of a schema object counts on it.
func newCompiler(lib *library, m *meter) *jsonschema.Compiler {
	c := jsonschema.NewCompiler()
	c.LoadURL = lib.LoadURL
	c.Draft = drafts[lib.draft]
	c.AssertFormat = !lib.plain
	maps.Copy(c.Formats, formats)
	if lib.plain { // AssertFormat is about drafts from 2019 on
		for name := range c.Formats {
			c.Formats[name] = func(any) bool { return true }
		}
	}
	if m != nil {
		c.RegisterExtension("meter", nil, m)
	}
	return c
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
