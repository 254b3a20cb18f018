package cli

import (
	"fmt"
	"strings"

	"github.com/caddyrec/caddyrec/record"
)

// keyWords say in a row what a key.* record is about.
func keyWords(k *record.Key) string {
	words := []string{k.ID}
	switch {
	case k.ID == "" && k.Suppressed > 0:
		words[0] = fmt.Sprintf("%d more", k.Suppressed)
	case k.ID == "":
		words[0] = "no key of " + k.Service
	}
	if k.Session != "" {
		words = append(words, "on "+k.Session)
	}
	if k.Purpose != "" {
		words = append(words, "for "+k.Purpose)
	}
	return strings.Join(words, " ")
}

// key shows what a key.* record tells.
func (s *sheet) key(k *record.Key) {
	if k == nil {
		return
	}
	for _, f := range []struct{ name, text string }{
		{"key", k.ID}, {"signed by", k.Kid}, {"service", k.Service}, {"purpose", k.Purpose}, {"sessions", strings.Join(k.Sessions, ", ")},
		{"bound to", k.Client}, {"shown", k.Session}, {"reason", k.Reason}, {"by", k.By},
	} {
		if f.text != "" {
			s.field(f.name, "%s", f.text)
		}
	}
	s.identity("issued to", k.Subject)
	for _, f := range []struct {
		name string
		at   *record.Time
	}{{"from", k.From}, {"until", k.Until}, {"issued", k.Issued}, {"expires", k.Expires}} {
		if f.at != nil {
			s.field(f.name, "%s", s.con.full(f.at.Time))
		}
	}
	if k.Frames > 0 {
		s.field("frames", "%d shown", k.Frames)
	}
	if k.MaxFrames > 0 {
		s.field("at most", "%d frames", k.MaxFrames)
	}
	if k.Suppressed > 0 {
		s.field("counted", "%d further ones", k.Suppressed)
	}
}
