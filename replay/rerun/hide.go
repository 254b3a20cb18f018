package rerun

import (
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/caddyrec/caddyrec/masking"
)

// hider takes values out of texts: whatever was filled in, and the credential.
// Its methods may be called at once by any number of goroutines.
type hider struct {
	mu     sync.RWMutex
	known  map[string]bool
	within []string // what is looked for within a text, the longest first
}

// shortHidden is how long a value must be to be looked for within others.
const shortHidden = 4

func (h *hider) add(values ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.known == nil {
		h.known = map[string]bool{}
	}
	for _, v := range values {
		quoted := string(jsonText(v))
		for _, form := range []string{v, quoted, strings.Trim(quoted, `"`), url.QueryEscape(v), url.PathEscape(v)} {
			if v == "" || h.known[form] {
				continue
			}
			h.known[form] = true
			if len(v) >= shortHidden && form != quoted {
				at, _ := slices.BinarySearchFunc(h.within, form, func(a, b string) int { return len(b) - len(a) })
				h.within = slices.Insert(h.within, at, form)
			}
		}
	}
}

// hide is text without what was added.
func (h *hider) hide(text string) string {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if h.known[text] {
		return masking.Token
	}
	for _, v := range h.within {
		text = strings.ReplaceAll(text, v, masking.Token)
	}
	return text
}
