package compare

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyrec/caddyrec/jsonscan"
)

// PlacesMost is how many bytes the JSON Pointers of all values of a JSON text of
// so many bytes may have. A key of half a MiB with a hundred thousand values below
// it, which any client can send, would have a gigabyte to go through, again and
// again. Pointers of what an API says have a few times as many as the text.
func PlacesMost(text int) int { return max(64*text, 1<<20) }

// Decode reads a JSON text, whole, with numbers as they are written. It reports
// false for what is none, or has places past [PlacesMost]: that is taken for text.
func Decode(text []byte) (any, bool) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil, false
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, false
	}
	return v, places(v, 0, PlacesMost(len(text))) >= 0
}

// places is what is left of a number of bytes after the pointers of a value, which
// is so many bytes deep, and of all in it; less than 0: they are more.
func places(v any, at, left int) int {
	left -= at
	switch v := v.(type) {
	case map[string]any:
		for key, in := range v {
			if left < 0 {
				break
			}
			left = places(in, at+1+len(key), left)
		}
	case []any:
		for i, in := range v {
			if left < 0 {
				break
			}
			left = places(in, at+1+len(strconv.Itoa(i)), left)
		}
	}
	return left
}

// At is the value at a JSON Pointer (RFC 6901) in what [Decode] has read.
func At(tree any, pointer string) (any, bool) {
	if pointer == "" {
		return tree, true
	}
	for _, step := range strings.Split(pointer, "/")[1:] {
		switch in := tree.(type) {
		case map[string]any:
			member, ok := in[jsonscan.UnescapeToken(step)]
			if !ok {
				return nil, false
			}
			tree = member
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(in) {
				return nil, false
			}
			tree = in[i]
		default:
			return nil, false
		}
	}
	return tree, true
}

// json compares two trees, and shows values of the new one masked.
func (c *comparison) json(want, got any) {
	var shown any
	if clean, _, err := c.opts.Policy.JSON(nil, c.got.Body, nil); err == nil {
		shown, _ = Decode(clean)
	}
	w := walk{comparison: c, shown: shown}
	w.value("", want, got)
}

// walk compares trees. shown is the new one, masked.
type walk struct {
	*comparison
	shown any
}

func (w *walk) value(at string, want, got any) {
	if at != "" && w.ignored(PartBody, at) || w.probe && w.found {
		return
	}
	if text, ok := want.(string); ok && HasMark(text) && w.maskedText(text, got) {
		w.maskedPlace()
		return
	}
	if kindOf(want) != kindOf(got) {
		w.unlike(at, Type, want, got)
		return
	}
	switch want := want.(type) {
	case map[string]any:
		w.object(at, want, got.(map[string]any))
	case []any:
		w.array(at, want, got.([]any))
	default:
		if !sameScalar(want, got) && !w.isSame(Leaf{Part: PartBody, Pointer: at, Recorded: want, Replayed: got}) {
			w.unlike(at, Changed, want, got)
		}
	}
}

// maskedText says whether a value may be what was masked.
func (w *walk) maskedText(recorded string, got any) bool {
	if mark.FindString(recorded) == recorded {
		return true // of any type: masking keeps none
	}
	text, ok := got.(string)
	return ok && marked(recorded, text)
}

func (w *walk) object(at string, want, got map[string]any) {
	hidden := 0 // recorded keys that are secrets
	for _, key := range slices.Sorted(maps.Keys(want)) {
		place := at + "/" + jsonscan.EscapeToken(key)
		value, has := got[key]
		switch {
		case has:
			w.value(place, want[key], value)
		case HasMark(key):
			hidden++
		case !w.ignored(PartBody, place):
			w.removed(place, want[key])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(got)) {
		if _, had := want[key]; had {
			continue
		}
		place := at + "/" + jsonscan.EscapeToken(key)
		if w.drops[place] {
			w.maskedPlace()
			continue
		}
		if clean, _ := w.opts.Policy.Text(key); hidden > 0 && clean != key {
			hidden--
			w.maskedPlace()
			continue
		}
		if !w.ignored(PartBody, place) {
			w.added(place, got[key])
		}
	}
	for range hidden {
		w.removed(at+"/[masked]", nil)
	}
}

// mostAligned is how deep arrays lie that are looked at for what they have in
// common: each look goes through all that is in them.
const mostAligned = 32

// array compares by index. Where the lengths differ, what the two have in common
// at both ends is found first, so that one element more is one difference. A
// probe does not: looks within looks would be twice as many with each level.
func (w *walk) array(at string, want, got []any) {
	from, end := 0, 0
	if len(want) != len(got) && !w.probe && strings.Count(at, "/") < mostAligned {
		for from < min(len(want), len(got)) && w.same(index(at, from), want[from], got[from]) {
			from++
		}
		for end < min(len(want), len(got))-from && w.same(index(at, len(want)-1-end), want[len(want)-1-end], got[len(got)-1-end]) {
			end++
		}
	}
	wants, gots := want[from:len(want)-end], got[from:len(got)-end]
	for i := range max(len(wants), len(gots)) {
		place := index(at, from+i)
		switch {
		case i < len(wants) && i < len(gots):
			w.value(place, wants[i], gots[i])
		case w.ignored(PartBody, place):
		case i < len(wants):
			w.removed(place, wants[i])
		default:
			w.added(place, gots[i])
		}
	}
}

// same says whether two values would match.
func (w *walk) same(at string, want, got any) bool {
	c := *w.comparison
	c.probe, c.found = true, false
	probe := walk{comparison: &c}
	probe.value(at, want, got)
	return !c.found
}

func (w *walk) unlike(at string, kind Kind, want, got any) {
	w.differ(Difference{Part: PartBody, Pointer: at, Kind: kind, Recorded: w.cut(text(want)), Replayed: w.replayed(at, got)}, text(got))
}

func (w *walk) removed(at string, want any) {
	w.differ(Difference{Part: PartBody, Pointer: at, Kind: Removed, Recorded: w.cut(text(want))}, "")
}

func (w *walk) added(at string, got any) {
	w.differ(Difference{Part: PartBody, Pointer: at, Kind: Added, Replayed: w.replayed(at, got)}, text(got))
}

// replayed is a value of the new answer as a report may hold it: what masking
// the whole answer leaves of it.
func (w *walk) replayed(at string, got any) string {
	if w.probe {
		return ""
	}
	v, ok := At(w.shown, at)
	if !ok || kindOf(v) != kindOf(got) {
		return `"[masked]"` // it, or its key, or masking has dropped an element before it
	}
	return w.cut(text(v))
}

func index(at string, i int) string { return at + "/" + strconv.Itoa(i) }

func kindOf(v any) string {
	switch v.(type) {
	case map[string]any:
		return "object"
	case []any:
		return "array"
	case string:
		return "string"
	case json.Number:
		return "number"
	case bool:
		return "boolean"
	}
	return "null"
}

func text(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return ""
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// sameScalar compares numbers by their values: 1.0 is 1.
func sameScalar(want, got any) bool {
	if want == got {
		return true
	}
	a, ok := want.(json.Number)
	b, both := got.(json.Number)
	if !ok || !both || len(a) > 64 || len(b) > 64 || hugeExponent(string(a)) || hugeExponent(string(b)) {
		return false
	}
	x, okX := new(big.Rat).SetString(string(a))
	y, okY := new(big.Rat).SetString(string(b))
	return okX && okY && x.Cmp(y) == 0
}

// hugeExponent bounds the work of a number such as 1e999999999.
func hugeExponent(number string) bool {
	_, exponent, has := strings.Cut(strings.ToLower(number), "e")
	return has && len(strings.TrimLeft(exponent, "+-0")) > 3
}
