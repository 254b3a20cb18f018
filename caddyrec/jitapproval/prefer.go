package jitapproval

import (
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// preferred is how long the client says it would wait (RFC 7240 sections 4.1
// and 4.3).
func preferred(h http.Header) time.Duration {
	wait := time.Duration(math.MaxInt64)
	for _, v := range h["Prefer"] {
		for text := range strings.SplitSeq(v, ",") {
			p, _, _ := strings.Cut(text, ";")
			name, value, _ := strings.Cut(p, "=")
			switch strings.ToLower(strings.TrimSpace(name)) {
			case "respond-async":
				if wait == math.MaxInt64 {
					wait = 0
				}
			case "wait":
				if n, err := strconv.ParseUint(strings.Trim(strings.TrimSpace(value), `"`), 10, 31); err == nil {
					wait = time.Duration(n) * time.Second
				}
			}
		}
	}
	return wait
}

// waiting are the preferences about waiting here, and nothing else: what a
// preference says behind a semicolon is the upstream's.
var waiting = regexp.MustCompile(`(?i)^(respond-async|wait[ \t]*=[ \t]*[0-9]+)$`)

// preferences are those that are not about waiting here: they are the
// upstream's, and may change what it does. In a field with quotes in it a comma
// need not end a preference, so all of it is.
func preferences(h http.Header) (rest []string) {
	for _, v := range h["Prefer"] {
		if strings.Contains(v, `"`) {
			rest = append(rest, v)
			continue
		}
		for text := range strings.SplitSeq(v, ",") {
			if text = strings.TrimSpace(text); text != "" && !waiting.MatchString(text) {
				rest = append(rest, text)
			}
		}
	}
	return rest
}
