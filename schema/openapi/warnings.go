package openapi

import (
	"fmt"
	"slices"
)

// maxWarnings is how many of one kind are told.
const maxWarnings = 8

// warnings collects what an operator should know of a description.
type warnings struct {
	texts []string
	seen  map[string]bool
	count map[string]int
}

// add tells of what stands at a place, once.
func (w *warnings) add(kind string, at place, format string, args ...any) {
	where := at.String()
	if at.pointer == "" {
		where = at.file
	}
	text := where + ": " + fmt.Sprintf(format, args...)
	if w.seen[text] {
		return
	}
	if w.seen == nil {
		w.seen, w.count = map[string]bool{}, map[string]int{}
	}
	w.seen[text] = true
	w.count[kind]++
	if w.count[kind] <= maxWarnings {
		w.texts = append(w.texts, text)
	}
}

// all are the warnings, sorted, with the number of those left out.
func (w *warnings) all() []string {
	texts := slices.Clone(w.texts)
	for kind, n := range w.count {
		if n > maxWarnings {
			texts = append(texts, fmt.Sprintf("%d more warnings of the kind %q", n-maxWarnings, kind))
		}
	}
	slices.Sort(texts)
	return texts
}
