package masking

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// writer makes a random document and, beside it, what must become of it.
type writer struct {
	r         *rand.Rand
	src, want strings.Builder
	hidden    int // above 0, a secret value is being written
}

func (w *writer) both(s string) {
	w.src.WriteString(s)
	if w.hidden == 0 {
		w.want.WriteString(s)
	}
}

func (w *writer) space() {
	w.both(strings.Repeat(" \n\t\r "[w.r.IntN(5):][:1], w.r.IntN(3)))
}

func (w *writer) pick(of ...string) string { return of[w.r.IntN(len(of))] }

func (w *writer) value(depth int) {
	w.space()
	switch n := w.r.IntN(10); {
	case depth < 6 && n < 2:
		w.both("[")
		for i := range w.r.IntN(5) {
			if i > 0 {
				w.both(",")
			}
			w.value(depth + 1)
		}
		w.space()
		w.both("]")
	case depth < 6 && n < 5:
		w.both("{")
		for i := range w.r.IntN(6) {
			if i > 0 {
				w.both(",")
			}
			w.member(depth)
		}
		w.space()
		w.both("}")
	case n < 8:
		w.both(w.pick(`""`, `"a"`, `"Zo\u00eb \ud83d\ude00"`, `"\/\b\f\n\r\t\"\\"`, `"plain text of some length, with: marks; a=b"`,
			`"{not json"`, `"[1,2]"`, `"{\"a\" : 1}"`, `"2026-11-21"`, `"https://x.org/a?b=c%20d"`, `"[masked]"`, `"eyJhIjoxfQ"`, `"@"`))
	case n < 9 && w.hidden == 0:
		w.src.WriteString(w.pick(`"4111 1111 1111 1111"`, `"ann@example.org"`, `4111111111111111`, `"\u0061nn@example.org"`))
		w.want.WriteString(`"[masked]"`)
	default:
		w.both(w.pick("0", "-1.50", "1E+2", "123456789012345", "true", "false", "null"))
	}
	w.space()
}

func (w *writer) member(depth int) {
	w.space()
	secret := w.r.IntN(5) == 0
	if secret {
		w.both(w.pick(`"password"`, `"to\u006ben"`, `"API-Key"`, `"ſecret"`, `"pin"`))
	} else {
		w.both(w.pick(`"a"`, `"A"`, `"\u0061"`, `""`, `"tokens_used"`, `"some-longer key"`, `"ключ"`, `"x/y~z"`))
	}
	w.space()
	w.both(":")
	if !secret {
		w.value(depth + 1)
		return
	}
	// Space around the value stays, the value goes, but for a word.
	inner := writer{r: w.r, hidden: w.hidden + 1}
	inner.value(depth + 1)
	value := strings.Trim(inner.src.String(), " \n\r\t")
	w.src.WriteString(value)
	if w.hidden > 0 {
		return
	}
	if value != "true" && value != "false" && value != "null" {
		value = `"[masked]"`
	}
	w.want.WriteString(value)
}

func TestBytesOutsideOfWhatIsMaskedStayIdentical(t *testing.T) {
	paths := must(New(Config{Paths: []string{"/no/such/*", "/**/place"}}))
	for seed := range uint64(3000) {
		w := writer{r: rand.New(rand.NewPCG(seed, 7))}
		w.value(0)
		for _, p := range []*Policy{standard(), paths} {
			got, places := masked(t, p, w.src.String(), nil)
			if got != w.want.String() {
				t.Fatalf("seed %d: %s\nbecame %s\nnot    %s", seed, w.src.String(), got, w.want.String())
			}
			if got != w.src.String() && len(places) == 0 {
				t.Fatalf("seed %d: nothing is reported", seed)
			}
		}
	}
}

func TestAPolicyCanBeUsedConcurrently(t *testing.T) {
	p := must(New(Config{Paths: []string{"/**/serial"}}))
	done := make(chan error)
	for g := range 8 {
		go func() {
			for i := range 200 {
				src := fmt.Sprintf(`{"password":"g%d","n":{"serial":%d},"s":"{\"pin\":%d}","keep":"g%d-%d"}`, g, i, i, g, i)
				want := fmt.Sprintf(`{"password":"[masked]","n":{"serial":"[masked]"},"s":"{\"pin\":\"[masked]\"}","keep":"g%d-%d"}`, g, i)
				got, places, err := p.JSON(nil, []byte(src), nil)
				if err != nil || string(got) != want || len(places) != 3 {
					done <- fmt.Errorf("%s: %s, %v, %v", src, got, places, err)
					return
				}
			}
			done <- nil
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
