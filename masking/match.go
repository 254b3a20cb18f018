package masking

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/caddyrec/caddyrec/jsonscan"
)

// matcher finds secret names. All patterns are in one automaton (Aho and
// Corasick, 1975), stepped once for each byte of a name.
type matcher struct {
	quick    [256]uint8        // class of a byte of a name as it comes
	class    [256]uint8        // class of a byte of a canonical name
	next     []uint32          // state | class → state
	states   []matchState      // by state>>classShift
	hot      uint32            // states from here on have met a stem
	exact    map[string]string // canonical name → rule
	own      map[string]bool   // rules of configured names
	defaults bool
}

// matchState says what a name is that ends in this state.
type matchState struct {
	depth  int    // length of the longest pattern prefix that the name ends with
	exact  string // rule, when the name is that prefix
	suffix string // rule, whatever stands before
	stem   string // rule, whatever stands around
}

// Classes of bytes. The others are letters and digits that patterns are made of.
const (
	classOther = 0  // in no pattern
	classSkip  = 62 // '_', '-' and space
	classHard  = 63 // punctuation and what is not ASCII: see careful
	classShift = 6
)

// maxStates bounds the automaton to 4 MiB.
const maxStates = 1 << 15

// match is what find says of a name. A plain name has neither punctuation nor
// space: nothing a detector could fire at but a run of digits.
type match struct {
	rule  string
	plain bool
}

func newMatcher(keys []string, defaults bool) (*matcher, error) {
	m := &matcher{exact: map[string]string{}, own: map[string]bool{}, defaults: defaults}
	b := newBuilder(m)
	if defaults {
		for _, k := range defaultKeys {
			for _, form := range forms(k) {
				m.exact[canonical(form)] = "key:" + k
			}
		}
		for _, k := range defaultSuffixes {
			for _, form := range forms(k) {
				b.at(canonical(form)).suffix = "key:" + k
			}
		}
		for _, k := range defaultStems {
			b.at(canonical(k)).stem = "key:" + k
		}
	}
	for _, k := range keys {
		c := canonical(k)
		if c == "" {
			return nil, fmt.Errorf("keys: %q has no letter or digit; name a key", k)
		}
		m.exact[c], m.own["key:"+c] = "key:"+c, true
	}
	for k, rule := range m.exact {
		if isASCII(k) { // careful asks the map for the rest
			b.at(k).exact = rule
		}
	}
	if len(b.states) > maxStates {
		return nil, fmt.Errorf("keys: %d are too many; use path patterns or schema marks", len(keys))
	}
	b.compile()
	return m, nil
}

// find says whether name, decoded, is a secret one.
func (m *matcher) find(name []byte) match {
	var st uint32
	n, plain := 0, true
	for _, b := range name {
		c := m.quick[b]
		if c >= classSkip {
			if c == classHard {
				return match{rule: m.careful(name)}
			}
			plain = plain && b != ' '
			continue
		}
		n++
		if st = m.next[st|uint32(c)]; st >= m.hot {
			return match{rule: m.careful(name)}
		}
	}
	s := &m.states[st>>classShift]
	if s.exact != "" && s.depth == n {
		return match{s.exact, plain}
	}
	if s.suffix != "" {
		return match{m.careful(name), plain}
	}
	return match{"", plain}
}

// findEncoded is the rule by which name is secret, percent-encoded as often as
// it may be, or "".
func (m *matcher) findEncoded(name []byte) string {
	rule := m.find(name).rule
	if rule != "" || bytes.IndexByte(name, '%') < 0 {
		return rule
	}
	var space, space2, space3 [128]byte
	name = append(space[:0], name...)
	folded, whole := space2[:0], space3[:0]
	for range maxPasses {
		n := len(name)
		name = unescape(name[:0], name) // which is never longer
		rule, folded, whole = m.spelled(name, folded, whole)
		if rule != "" || len(name) == n || bytes.IndexByte(name, '%') < 0 {
			break
		}
	}
	return rule
}

// careful finds name in its canonical form, without harmless words, then what
// follows its last punctuation mark, then what stands before an index.
func (m *matcher) careful(name []byte) string {
	var space, space2 [128]byte
	rule, _, _ := m.spelled(name, space[:0], space2[:0])
	return rule
}

// spelled is careful with room for the forms of a name, which it returns.
func (m *matcher) spelled(name, room, room2 []byte) (rule string, folded, whole []byte) {
	folded = jsonscan.AppendFolded(room[:0], name)
	if rule, whole = m.folded(folded, room2); rule != "" {
		return rule, folded, whole
	}
	from := 0
	for i := range folded {
		if !beginsIndex(folded[i:]) {
			continue
		}
		if rule, whole = m.folded(folded[from:i], whole); rule != "" {
			return rule, folded, whole
		}
		from = i + 1
	}
	return "", folded, whole
}

// beginsIndex says whether text, in a name, begins with what makes it one of a
// list or map: [0], [key], [] or .0.
func beginsIndex(text []byte) bool {
	if text[0] != '.' {
		return text[0] == '['
	}
	n := 1
	for n < len(text) && isDigit(text[n]) {
		n++
	}
	return n > 1 && (n == len(text) || text[n] == '.' || text[n] == '[')
}

// folded finds a name, folded, as a whole and by its last word. The letters of
// the whole go into room.
func (m *matcher) folded(folded, room []byte) (rule string, whole []byte) {
	whole = letters(slices.Grow(room[:0], len(folded)), folded)
	if rule = m.word(whole); rule != "" {
		return rule, whole
	}
	if last := lastWord(folded); len(last) < len(folded) {
		rule = m.word(last)
	}
	return rule, whole
}

func (m *matcher) word(name []byte) string {
	if rule := m.exact[string(name)]; rule != "" {
		return rule
	}
	return m.walk(name)
}

// walk looks for stems and suffixes in a canonical name.
func (m *matcher) walk(name []byte) string {
	if m.defaults && !isStillSecret(name) {
		for _, h := range harmless {
			if len(h) <= len(name) && bytes.Contains(name, []byte(h)) {
				name = bytes.ReplaceAll(name, []byte(h), []byte{0})
			}
		}
	}
	var st uint32
	stem, last := "", 0 // the rule of the last stem, and where that ends
	for i, b := range name {
		st = m.next[st|uint32(m.class[b])]
		if s := &m.states[st>>classShift]; s.stem != "" {
			stem, last = s.stem, i+1
		}
	}
	rule := m.states[st>>classShift].suffix
	if stem != "" {
		if rest := name[last:]; m.defaults && rule == "" && isAbout(name, rest) {
			return ""
		}
		return stem
	}
	if rule != "" && slices.ContainsFunc(counts, func(c string) bool { return bytes.HasSuffix(name, []byte(c)) }) {
		return ""
	}
	return rule
}

// isAbout says whether a name, by the rest of it behind the last stem, names
// something about a secret.
func isAbout(name, rest []byte) bool {
	if references[string(name)] {
		return true
	}
	if !about[string(rest)] && (len(rest) == 0 || rest[0] != 's' || !about[string(rest[1:])]) {
		return false
	}
	return !isStillSecret(name)
}

func isStillSecret(name []byte) bool {
	return slices.ContainsFunc(stillSecret, func(end string) bool { return bytes.HasSuffix(name, []byte(end)) })
}

// canonical is the form in which names are compared.
func canonical(name string) string {
	return string(letters(nil, jsonscan.AppendFolded(nil, []byte(name))))
}

// letters appends folded without ASCII punctuation and control characters.
func letters(dst, folded []byte) []byte {
	for _, b := range folded {
		if wordByte(b) {
			dst = append(dst, b)
		}
	}
	return dst
}

// lastWord is the last run of letters and digits in folded.
func lastWord(folded []byte) []byte {
	end := len(folded)
	for end > 0 && !wordByte(folded[end-1]) {
		end--
	}
	start := end
	for start > 0 && wordByte(folded[start-1]) {
		start--
	}
	return folded[start:end]
}

func wordByte(b byte) bool {
	return b >= 0x80 || 'a' <= b && b <= 'z' || '0' <= b && b <= '9'
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
