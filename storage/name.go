package storage

import (
	"fmt"
	"strings"
)

// Bounds of a name, in bytes. They fit every file system and object store that
// caddyrec knows.
const (
	maxName    = 900
	maxElement = 200
)

// CheckName says whether name may name an object: slash-separated elements of
// ASCII letters, digits and ". _ - = + @", each at most 200 bytes, 900 in all.
// No element is empty, begins or ends with a dot, or is absolute, so that a
// name means the same on every system and never leaves the store.
func CheckName(name string) error {
	if name == "" {
		return fmt.Errorf("storage: the empty name names no object")
	}
	if len(name) > maxName {
		return fmt.Errorf("storage: name of %d bytes is longer than %d", len(name), maxName)
	}
	for element := range strings.SplitSeq(name, "/") {
		if reason := checkElement(element); reason != "" {
			return fmt.Errorf("storage: name %q: %s", name, reason)
		}
	}
	return nil
}

// CheckPrefix says whether prefix may be given to List: the beginning of a
// name that [CheckName] accepts, or nothing.
func CheckPrefix(prefix string) error {
	if prefix == "" {
		return nil
	}
	// One more letter completes whatever the prefix left open.
	return CheckName(prefix + "x")
}

func checkElement(e string) string {
	switch {
	case e == "":
		return "has an empty element"
	case len(e) > maxElement:
		return fmt.Sprintf("has an element longer than %d bytes", maxElement)
	case e[0] == '.' || e[len(e)-1] == '.':
		return "has an element that begins or ends with a dot"
	}
	for i := range len(e) {
		c := e[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case strings.IndexByte("._-=+@", c) >= 0:
		default:
			return "has a character other than letters, digits and . _ - = + @"
		}
	}
	return ""
}
