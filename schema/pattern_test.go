package schema

import (
	"math/rand/v2"
	"regexp"
	"testing"
)

func sameAsRegexp(t testing.TB, re *regexp.Regexp, text string) {
	t.Helper()
	if got, want := newPattern(re).match([]byte(text)), re.MatchString(text); got != want {
		t.Errorf("%q matches %q: %v", re, text, got)
	}
}

func TestPatternsMatchAsRegexpDoes(t *testing.T) {
	patterns := map[string]bool{ // true: without the engine
		`^[A-Z]{3}-[0-9]+$`: true, `^\d{2,4}$`: true, `^$`: true, `^`: true, `^a?b*c+$`: true, `^(ab)(c)$`: true, `^[ab]{2}a`: true, `^a{2,}b`: true,
		`^[^@]+@b$`: false, `^a*a$`: false, `^a?b?a`: false, `^a*b?a$`: false, `^(a|bc)$`: false, `a`: false, `(?i)^a$`: false, `(?m)^a$`: false, `^a\z`: true, `\Aa$`: true,
		`^é$`: false, `^a.b$`: false, `^(ab)+$`: false, `^a^b$`: false, `^a*?b$`: true, `^a{0}b$`: true, `^[a-c]*[d-f]?[a-c]$`: false, `^a$b`: false, `^[ab]{1,2}[c]?$`: true,
		`^(?:a+)+$`: false, `^\pL$`: false, `^[\x00-\x7f]+$`: true,
	}
	r := rand.New(rand.NewPCG(7, 8))
	for text, plain := range patterns {
		re := regexp.MustCompile(text)
		if got := newPattern(re).plain; got != plain {
			t.Errorf("%q is plain: %v", text, got)
		}
		for range 3000 {
			var b []rune
			for range r.IntN(7) {
				b = append(b, []rune("aabbccdefABC-09@.é\n")[r.IntN(19)])
			}
			sameAsRegexp(t, re, string(b))
		}
		for _, s := range []string{"ABC-1", "ABC-", "ABCD-1", "ABC-12\n", "a@b", "ééé@b", "2026", "20265", "cab"} {
			sameAsRegexp(t, re, s)
		}
	}
}

func FuzzPattern(f *testing.F) {
	f.Add(`^[a-z]{1,3}[0-9]*x?$`, "abc12x")
	f.Add(`^a*b?a+$`, "aaa")
	f.Add(`^(a?){3}b{2,}`, "aabb")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		re, err := regexp.Compile(pattern)
		if err != nil || len(pattern) > 100 {
			return
		}
		sameAsRegexp(t, re, string([]rune(text))) // a body is UTF-8
	})
}
