package rerun

import (
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/caddyrec/caddyrec/jsonscan"
	"github.com/caddyrec/caddyrec/replay/compare"
)

// Learned is an id that the target gave in place of a recorded one.
type Learned struct {
	// Class is what it is the id of, as in orderid; empty for one that is
	// known by itself wherever it stands.
	Class string `json:"class,omitempty"`
	// Place is where it was learned: a JSON Pointer or header:<name>.
	Place string `json:"place"`
	// Recorded and Replayed are the two ids.
	Recorded string `json:"recorded"`
	Replayed string `json:"replayed"`
}

// learned is all that was learned so far. Its methods may be called at once by
// any number of goroutines.
type learned struct {
	mu     sync.Mutex
	ids    map[string]string // by key
	hidden map[string]string // what the target has in place of what is masked, by mark and field
	newest map[string]string // by field: its value in the newest answer that had one
}

func newLearned() *learned {
	return &learned{ids: map[string]string{}, hidden: map[string]string{}, newest: map[string]string{}}
}

// key is what an id is known by: itself, or itself and its class.
func key(class, text string) string { return class + "\x00" + text }

// keysOf are what an id is known by at a place of these classes.
func keysOf(classes []string, text string) []string {
	if isOpaque(text) {
		return []string{key("", text)}
	}
	keys := make([]string, len(classes))
	for i, c := range classes {
		keys[i] = key(c, text)
	}
	return keys
}

// id is what the target has in place of a recorded id.
func (l *learned) id(classes []string, text string) (string, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, k := range keysOf(classes, text) {
		if now, ok := l.ids[k]; ok {
			return now, true
		}
	}
	return "", false
}

// restore takes up what an earlier run has learned.
func (l *learned) restore(all []Learned) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range all {
		l.ids[key(e.Class, e.Recorded)] = e.Replayed
	}
}

// secret is what the target has in place of a masked value of a field. sure
// says that the mark tells the value from others.
func (l *learned) secret(field, mark string) (value string, sure, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	value, ok = l.hidden[field+"\x00"+mark]
	return value, isSure(mark) || isTokenName(field), ok
}

// isSure says whether a mark tells one value from another, as a pseudonym and
// the last letters do.
func isSure(mark string) bool { return strings.Contains(mark, "masked:") }

// isTokenName says whether a field's value is the server's, and the newest one
// is what counts.
func isTokenName(field string) bool {
	for _, name := range []string{"token", "csrf", "xsrf", "nonce", "cursor", "code"} {
		if strings.Contains(field, name) {
			return true
		}
	}
	return false
}

// latest is a field's value in the newest answer that had one.
func (l *learned) latest(field string) (string, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	v, ok := l.newest[canonical(field)]
	return v, ok
}

// lesson is what one answer teaches.
type lesson struct {
	*learned
	step    *Step
	fresh   map[string]bool
	fields  map[string]bool // whose newest value is wanted
	got     []Learned
	hides   int      // how many masked values
	secrets []string // those values
}

// take learns from an answer to a step.
func (l *lesson) take(answer *compare.Answer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if answer.Status/100 != l.step.Response.Status/100 {
		return
	}
	l.location(answer.Own(answer.Header.Get("Location")))
	if want := l.step.Response.Headers["etag"]; want != "" {
		l.learn([]string{"etag"}, true, "header:etag", want, answer.Header.Get("Etag"))
	}
	if b := l.step.Response.Body; b != nil && b.Content != nil && !answer.Cut {
		want, ok := compare.Decode([]byte(*b.Content))
		if got, both := compare.Decode(answer.Body); ok && both {
			l.json("", want, got)
		}
	}
}

func (l *lesson) json(at string, want, got any) {
	switch want := want.(type) {
	case map[string]any:
		in, ok := got.(map[string]any)
		if !ok {
			return
		}
		for name, v := range want {
			if now, has := in[name]; has {
				l.json(at+"/"+jsonscan.EscapeToken(name), v, now)
			}
		}
	case []any:
		in, ok := got.([]any)
		if !ok || len(in) != len(want) {
			return // nobody knows which is which
		}
		for i, v := range want {
			l.json(at+"/"+strconv.Itoa(i), v, in[i])
		}
	default:
		l.leaf(at, want, got)
	}
}

func (l *lesson) leaf(at string, want, got any) {
	now, ok := plainText(got)
	if !ok || len(now) > maxSecret {
		return
	}
	name := canonical(lastName(at))
	if l.fields[name] {
		l.newest[name] = now
	}
	recorded, ok := plainText(want)
	if !ok {
		return
	}
	if marks := compare.Marks(recorded); len(marks) > 0 {
		if marks[0] == recorded {
			l.hidden[name+"\x00"+recorded] = now
			l.hides++
			l.secrets = append(l.secrets, now)
		}
		return
	}
	l.learn(classesInJSON(l.step.path(), at), isIDName(lastName(at)), at, recorded, now)
}

// location learns the ids in the path of a Location.
func (l *lesson) location(got string) {
	want := l.step.Response.Headers["location"]
	if want == "" || got == "" {
		return
	}
	a, errA := url.Parse(want)
	b, errB := url.Parse(got)
	if errA != nil || errB != nil {
		return
	}
	wants, gots := strings.Split(a.Path, "/"), strings.Split(b.Path, "/")
	if len(wants) != len(gots) {
		return
	}
	for i, seg := range wants {
		if i > 0 && seg != gots[i] && seg != "" {
			l.learn([]string{segmentClass(wants, i)}, hasDigit(seg), "header:location", seg, gots[i])
		}
	}
}

// maxSecret bounds what is learned, in bytes.
const maxSecret = 4096

// learn takes an id that this answer was the first to tell, if it may be one.
// named says that a short one is an id by its name.
func (l *lesson) learn(classes []string, named bool, place, recorded, now string) {
	if recorded == now || now == "" || len(classes) == 0 || len(now) > maxSecret {
		return
	}
	opaque := isOpaque(recorded)
	switch {
	case opaque && !isOpaque(now) && !isMadeLike(recorded, now): // a word in place of an id is a difference
		return
	case !opaque && (!named || !shortForm.MatchString(recorded) || !shortForm.MatchString(now)):
		return
	}
	for _, k := range keysOf(classes, recorded) {
		if l.fresh[k] && l.ids[k] != now {
			l.ids[k] = now
			class, _, _ := strings.Cut(k, "\x00")
			l.got = append(l.got, Learned{Class: class, Place: place, Recorded: recorded, Replayed: now})
		}
	}
}

// same says whether a value of a new answer is the recorded one by the name
// that was learned.
func (l *learned) same(path string, leaf compare.Leaf) bool {
	recorded, ok := plainText(leaf.Recorded)
	now, both := plainText(leaf.Replayed)
	if !ok || !both {
		return false
	}
	_, isNumber := leaf.Recorded.(json.Number)
	if _, stays := leaf.Replayed.(json.Number); stays != isNumber {
		return false
	}
	classes := classesInJSON(path, leaf.Pointer)
	switch {
	case leaf.Part != compare.PartHeader:
	case leaf.Before != "":
		classes = []string{segmentClass([]string{leaf.Before, recorded}, 1)}
	default:
		classes = []string{canonical(leaf.Pointer)}
	}
	known, ok := l.id(classes, recorded)
	return ok && known == now
}
