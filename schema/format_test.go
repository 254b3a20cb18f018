package schema

import (
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

var formatTexts = []string{
	"", "0192f6a0-7c1e-7000-8000-0123456789ab", "0192f6a0-7c1e-7000-8000-0123456789aG", "0192f6a007c1e-7000-8000-0123456789ab",
	"2026-11-21", "2026-02-29", "2026-13-01", "2026-00-10", "2026-01-00", "2026-1-01", "0000-01-01", "2026-11-21T20:00:00Z", "2026-11-21T20:00:00.5Z",
	"2026-11-21T20:00:00.Z", "2026-11-21T20:00:00ZZ", "2026-11-21T24:00:00Z", "2026-11-21T20:60:00Z", "2026-11-21T23:59:60Z", "2026-11-21t20:00:00z",
	"2026-11-21T20:00:00", "2026-11-21T20:00:00,5Z", "2026-11-21T20:00:00.5x5Z", "2026-11-21 20:00:00Z", "2026-11-21T20:00:0055Z",
	"a@b.c", "a.b+c-d_e@x-y.z9", "a@-b.c", "a@b-.c", "a@b-", "a.@b.c", ".a@b.c", "a..b@c", "a@b..c", "a@b.", "@b", "a@", "a", "a@b@c", "-a@b.c", "a@b_c", "a@b+c",
	"2026-11-21T20:00:00+01:00", "2026-11-21T20:00:00.25-23:59", "2026-11-21T20:00:00+24:00", "2026-11-21T20:00:00+0100", "2026-11-21T20:00:00+01:0", "2026-04-31", "2026-12-31", "2024-02-29",
	"1.2.3.4", "255.255.255.255", "256.1.1.1", "0.1.2.3", "01.2.3.4", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "1.2.3.4 ",
}

// plainIsRight holds what is seen without the compiler's check against it.
func plainIsRight(t testing.TB, text string) {
	t.Helper()
	for name, plainly := range plainFormats {
		if plainly([]byte(text)) && !jsonschema.Formats[name](text) {
			t.Errorf("%q is plainly of format %s, but is not", text, name)
		}
	}
}

func TestWhatIsPlainlyOfAFormatIsOfIt(t *testing.T) {
	for _, text := range formatTexts {
		plainIsRight(t, text)
	}
	for name, text := range map[string]string{
		"uuid": "0192F6A0-7c1e-7000-8000-0123456789ab", "date": "2026-11-21", "date-time": "2026-11-21T20:00:00.123Z", "email": "ada.l@example.com",
	} {
		if !plainFormats[name]([]byte(text)) {
			t.Errorf("%q is not plainly of format %s", text, name)
		}
	}
}

func FuzzPlainFormats(f *testing.F) {
	for _, text := range formatTexts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) { plainIsRight(t, text) })
}

func FuzzFormats(f *testing.F) {
	for _, text := range append(formatTexts, "https://a@[::1]:80/b?c#d", "http://[v1.a]/", "//x", "a:b", "%41", "é.example", "xn--bcher-kva.example", "실례@실례.테스트", "a。b", "{+a,b*}", "\xff", "1:", "[::1%25x]", "xn--", "\"a b\"@c") {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for name, check := range formats {
			check(text)
			if ours, theirs := ourFormats[name], formats[name]; ours != nil && ours(text) != theirs(text) {
				t.Errorf("%s: two verdicts on %q", name, text)
			}
		}
		for _, c := range [][2]string{{"uri", "uri-reference"}, {"uri", "iri"}, {"iri", "iri-reference"}, {"uri-reference", "iri-reference"}, {"hostname", "idn-hostname"}} {
			if ourFormats[c[0]](text) && !ourFormats[c[1]](text) {
				t.Errorf("%q is a %s, but no %s", text, c[0], c[1])
			}
		}
	})
}
