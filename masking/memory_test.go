package masking

import (
	"reflect"
	"strings"
	"testing"
)

// hungry are texts made to have a lot of memory kept about them, n bytes long
// or a little more.
var hungry = map[string]func(n int) string{
	"a percent sign encoded again and again": func(n int) string { return "a=%" + rep("25", n) },
	"a run of digits":                        func(n int) string { return "a=" + rep("1", n) },
	"digits apart":                           func(n int) string { return rep("1 ", n) },
	"digits that are encoded":                func(n int) string { return "x=%31" + rep("%31", n) },
	"digits that are encoded twice":          func(n int) string { return "a=%2525" + rep("%252531", n) },
	"digits of another script":               func(n int) string { return rep("４", n) },
	"digits in base64":                       func(n int) string { return "eyJh" + rep("MTEx", n) },
	"names of more bytes than they seem":     func(n int) string { return rep("ﷺ", n) + "=1" },
	"names with indexes":                     func(n int) string { return rep("a[0]", n) + "=1" },
}

func TestNoLargeMemoryIsKeptForTheNextText(t *testing.T) {
	for _, texts := range []map[string]func(n int) string{hostile, hungry} {
		for name, make := range texts {
			w := take(standard())
			w.root.name = "x"
			w.mask([]byte(make(256 << 10)))
			release(w)
			if n := held(reflect.ValueOf(w), map[uintptr]bool{}); n > 512<<10 {
				t.Errorf("%s: %d KiB are kept", name, n>>10)
			}
		}
	}
	w := take(standard())
	w.mask([]byte(strings.Repeat("[", 900) + `"` + rep("x", 900<<10) + `"` + strings.Repeat("]", 900)))
	release(w)
	if n := held(reflect.ValueOf(w), map[uintptr]bool{}); n > 512<<10 {
		t.Errorf("a deep document: %d KiB are kept", n>>10)
	}
}

// held is how many bytes of slices what v points to holds, but for policies.
func held(v reflect.Value, seen map[uintptr]bool) (n int) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() || seen[v.Pointer()] || v.Type() == reflect.TypeFor[*Policy]() {
			return 0
		}
		seen[v.Pointer()] = true
		return held(v.Elem(), seen)
	case reflect.Struct:
		for i := range v.NumField() {
			n += held(v.Field(i), seen)
		}
	case reflect.Slice:
		return v.Cap() * int(v.Type().Elem().Size())
	case reflect.Array:
		for i := range v.Len() {
			n += held(v.Index(i), seen)
		}
	}
	return n
}
