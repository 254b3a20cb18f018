package exchange

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/caddyrec/caddyrec/masking"
	"github.com/caddyrec/caddyrec/record"
)

// entityTags are the fields that hold entity tags (RFC 9110 section 8.8.3).
var entityTags = [...]string{"Etag", "If-Match", "If-None-Match"}

func holdsTags(name string) bool {
	return name == entityTags[0] || name == entityTags[1] || name == entityTags[2]
}

// versionTag are tags that count versions. Any other may be a hash of the body,
// as many servers make them: who has it, and the body with a PIN masked in it,
// finds out the PIN by trying all there are.
var versionTag = regexp.MustCompile(`^[vV]?[0-9]{1,6}$`)

// tags puts keyed digests in the place of the entity tags in a field. The same
// tag has the same digest, strong or weak.
func (m Masker) tags(value string) string { return replaceTags(value, m.keyedTag) }

// loggedTags is a field of entity tags as a log may tell it.
func loggedTags(value string) string {
	return replaceTags(value, func(string) string { return masking.Token })
}

// replaceTags replaces the entity tags in a field, but for those that count
// versions.
func replaceTags(value string, by func(tag string) string) string {
	var out strings.Builder
	for out.Len() <= maxHeader { // no more is recorded
		value = strings.TrimLeft(value, ", \t")
		if value == "" {
			break
		}
		var tag string
		weak := strings.HasPrefix(value, `W/"`)
		if weak {
			value = value[2:]
		}
		if rest, ok := strings.CutPrefix(value, `"`); ok {
			tag, value, _ = strings.Cut(rest, `"`)
		} else { // none by the standard, but some servers send such
			tag, value, _ = strings.Cut(value, ",")
			if tag = strings.TrimSpace(tag); tag == "*" {
				list(&out, tag)
				continue
			}
		}
		if !versionTag.MatchString(tag) {
			tag = by(tag)
		}
		if tag = `"` + tag + `"`; weak {
			tag = "W/" + tag
		}
		list(&out, tag)
	}
	return out.String()
}

// keyedTag stands for a tag. 132 bits of the digest are enough to tell it from
// others.
func (m Masker) keyedTag(tag string) string {
	digest := m.Digest([]byte("entity-tag\x00" + tag))
	return record.KeyedTag + bounded(digest[strings.LastIndexByte(digest, ':')+1:], 22)
}

func list(out *strings.Builder, item string) {
	if out.Len() > 0 {
		out.WriteString(", ")
	}
	out.WriteString(item)
}

// HideTags puts keyed digests in the place of a header's entity tags, but for
// those that count versions. In a request they make sure that nobody is told,
// by whether a condition is met, what a tag is that they were not given.
func (m Masker) HideTags(h http.Header) {
	for _, name := range entityTags {
		if values := h[name]; len(values) > 0 {
			h[name] = []string{m.tags(strings.Join(values, ", "))}
		}
	}
}
