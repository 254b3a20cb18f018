package rerun

import (
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/caddyrec/caddyrec/masking"
)

// hider takes values out of texts: whatever was filled in, and the credential.
// Its methods may be called at once by any number of goroutines. A target can
// give it a new value with each cookie, of any length: what a text takes does
// not grow with them.
type hider struct {
	mu     sync.RWMutex
	known  map[string]bool             // true: also looked for within a text
	starts map[[shortHidden]byte][]int // by how they start, the lengths of those, the longest first, up to longHidden
	long   map[[longHidden]byte]int    // by how they start, how long the longest is
}

const (
	// shortHidden is how long a value must be to be looked for within others.
	shortHidden = 4
	// longHidden is how many bytes tell a long value: what begins with them is
	// hidden as far as the longest such value goes, whatever follows.
	longHidden = 64
)

func (h *hider) add(values ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.known == nil {
		h.known, h.starts, h.long = map[string]bool{}, map[[shortHidden]byte][]int{}, map[[longHidden]byte]int{}
	}
	for _, v := range values {
		if v == "" {
			continue
		}
		quoted := string(jsonText(v))
		if !h.known[quoted] {
			h.known[quoted] = false
		}
		for _, form := range []string{v, strings.Trim(quoted, `"`), url.QueryEscape(v), url.PathEscape(v)} {
			if h.known[form] {
				continue
			}
			if h.known[form] = len(v) >= shortHidden; !h.known[form] {
				continue
			}
			n := min(len(form), longHidden)
			if n == longHidden {
				long := [longHidden]byte([]byte(form))
				h.long[long] = max(h.long[long], len(form))
			}
			start := [shortHidden]byte([]byte(form))
			at, has := slices.BinarySearchFunc(h.starts[start], n, func(a, b int) int { return b - a })
			if !has {
				h.starts[start] = slices.Insert(h.starts[start], at, n)
			}
		}
	}
}

// hide is text without what was added.
func (h *hider) hide(text string) string {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if _, whole := h.known[text]; whole {
		return masking.Token
	}
	var out strings.Builder
	done, end := 0, 0 // of text, what is in out, and where the last value ends
	for i := 0; i+shortHidden <= len(text); i++ {
		n := h.at(text[i:])
		if n == 0 {
			continue
		}
		if i >= end { // else the two overlap
			out.WriteString(text[done:max(done, i)])
			out.WriteString(masking.Token)
		}
		end = max(end, i+n)
		done = end
	}
	if done == 0 {
		return text
	}
	return out.String() + text[done:]
}

// at is how long the longest value is that a text begins with; 0: none.
func (h *hider) at(text string) int {
	for _, n := range h.starts[[shortHidden]byte([]byte(text[:shortHidden]))] {
		switch {
		case n > len(text):
		case n < longHidden:
			if h.known[text[:n]] {
				return n
			}
		default:
			if most := h.long[[longHidden]byte([]byte(text[:n]))]; most > 0 {
				return min(most, len(text))
			}
		}
	}
	return 0
}
