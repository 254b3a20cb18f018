package schema

import (
	"github.com/santhosh-tekuri/jsonschema/v5"
)

// Draft is a version of JSON Schema. The zero Draft is 2020-12.
type Draft int

// The drafts that are known.
const (
	Draft4    Draft = 4
	Draft6    Draft = 6
	Draft7    Draft = 7
	Draft2019 Draft = 2019
	Draft2020 Draft = 2020
)

var drafts = map[Draft]*jsonschema.Draft{
	0: jsonschema.Draft2020, Draft4: jsonschema.Draft4, Draft6: jsonschema.Draft6, Draft7: jsonschema.Draft7,
	Draft2019: jsonschema.Draft2019, Draft2020: jsonschema.Draft2020,
}

// old says that whatever stands beside $ref is ignored.
func (d Draft) old() bool { return d == Draft4 || d == Draft6 || d == Draft7 }

func (d Draft) known() bool { _, ok := drafts[d]; return ok }
