package schema

// kinds is a set of JSON types; 0 is all of them.
type kinds uint8

const (
	null kinds = 1 << iota
	boolean
	integer
	number
	text
	array
	object
)

func kindsOf(types []string) kinds {
	var k kinds
	for _, t := range types {
		k |= map[string]kinds{
			"null": null, "boolean": boolean, "integer": integer, "number": number, "string": text, "array": array, "object": object,
		}[t]
	}
	return k
}
