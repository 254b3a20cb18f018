package storage

import (
	"path"
	"strings"
	"testing"
)

func FuzzCheckName(f *testing.F) {
	for _, s := range []string{"a/b", "dt=2026-11-21/hour=18/000000000041.ndjson.gz", "../x", "a//b", "/a", "a/.", "x\x00", "tile/0/x001/234.p/5"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if CheckName(name) != nil {
			return
		}
		if path.Clean(name) != name || path.IsAbs(name) || strings.HasPrefix(name, "..") || strings.ContainsAny(name, "\x00\\: \n") {
			t.Errorf("%q was accepted", name)
		}
		for i := range name {
			if CheckPrefix(name[:i]) != nil && name[i-1] != '.' {
				t.Errorf("%q is the beginning of a name but no prefix", name[:i])
			}
		}
	})
}
