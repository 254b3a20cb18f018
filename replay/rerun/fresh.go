package rerun

import (
	"net/url"
	"slices"
	"strings"

	"github.com/caddyrec/caddyrec/record"
)

// freshIDs tells for each step which ids its answer was the first to tell: they
// are the server's. What was there before the recording, or is the client's, is
// not: that must come back as it was.
func freshIDs(steps []*Step) []map[string]bool {
	seen := map[string]bool{}
	fresh := make([]map[string]bool, len(steps))
	ended := 0
	byEnd := inOrderOfEnds(steps)
	answersBefore := func(n int) {
		for ; ended < len(byEnd); ended++ {
			i := byEnd[ended]
			if n < len(steps) && (i >= n || steps[i].Ended.After(steps[n].Began)) {
				return
			}
			fresh[i] = map[string]bool{}
			tellIDs(steps[i], steps[i].Response.Headers, steps[i].Response.Body, func(k string) {
				if !seen[k] {
					fresh[i][k] = true
				}
			})
			for k := range fresh[i] {
				seen[k] = true
			}
		}
	}
	for i, s := range steps {
		answersBefore(i)
		tellIDs(s, nil, s.Request.Body, func(k string) { seen[k] = true })
		for _, p := range partsOfURL(s) {
			for _, k := range keysOf(p.classes, p.text) {
				seen[k] = true
			}
		}
	}
	answersBefore(len(steps))
	return fresh
}

// tellIDs tells what may be ids in one side of an exchange.
func tellIDs(s *Step, headers map[string]string, body *record.Body, tell func(key string)) {
	all := func(classes []string, text string) {
		for _, k := range keysOf(classes, text) {
			tell(k)
		}
	}
	if etag := headers["etag"]; etag != "" {
		all([]string{"etag"}, etag)
	}
	if u, err := url.Parse(headers["location"]); err == nil {
		segments := strings.Split(u.Path, "/")
		for i := 1; i < len(segments); i++ {
			all([]string{segmentClass(segments, i)}, segments[i])
		}
	}
	if body == nil || body.Content == nil {
		return
	}
	_, _ = rewriter{scalar: func(at string, v any) []byte {
		if text, ok := plainText(v); ok {
			if classes := classesInJSON(s.path(), at); len(classes) > 0 && (isOpaque(text) || isIDName(lastName(at))) {
				all(classes, text)
			}
		}
		return nil
	}}.rewrite([]byte(*body.Content)) // what is no JSON tells none
}

// partOfURL is a segment of a path, or a value in a query.
type partOfURL struct {
	classes []string
	text    string
}

func partsOfURL(s *Step) (all []partOfURL) {
	_, rest := s.origin()
	path, query, _ := strings.Cut(rest, "?")
	segments := strings.Split(path, "/")
	for i := 1; i < len(segments); i++ {
		all = append(all, partOfURL{[]string{segmentClass(segments, i)}, unescapedPath(segments[i])})
	}
	for param := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(param, "=")
		all = append(all, partOfURL{queryClasses(path, unescapedQuery(name)), unescapedQuery(value)})
	}
	return all
}

func hasDigit(text string) bool { return strings.ContainsAny(text, "0123456789") }

func unescapedPath(text string) string {
	if plain, err := url.PathUnescape(text); err == nil {
		return plain
	}
	return text
}

func unescapedQuery(text string) string {
	if plain, err := url.QueryUnescape(text); err == nil {
		return plain
	}
	return text
}

// segmentClass is what a segment of a path may be the id of.
func segmentClass(segments []string, i int) string {
	return singular(canonical(segments[i-1])) + "id"
}

// queryClasses are what a parameter may be the id of.
func queryClasses(path, name string) []string {
	if bareIDs[canonical(name)] {
		return classesOfPath(path)
	}
	return classesOfName(name)
}

// inOrderOfEnds are the steps' indexes in the order in which they ended.
func inOrderOfEnds(steps []*Step) []int {
	order := make([]int, len(steps))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return steps[a].Ended.Compare(steps[b].Ended) })
	return order
}
