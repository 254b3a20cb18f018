package masking

import (
	"math/rand/v2"
	"testing"
)

func TestGatesFindTheirWordsWhereverTheyStand(t *testing.T) {
	for i, word := range gateWords {
		w := ""
		for _, set := range word {
			w += set[:1]
		}
		for pad := range 5 {
			text := "......"[:pad] + w + "......"[:5-pad]
			if found, _ := scanGates([]byte(text)); !found.has(i) {
				t.Errorf("%q is not found in %q", w, text)
			}
			if found, _ := scanGates([]byte(text[pad+1:])); len(w) > 1 && found.has(i) {
				t.Errorf("%q is found in %q", w, text[pad+1:])
			}
		}
	}
}

func TestGatesSayTheSameHoweverManyBytesAreTakenAtATime(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		text := make([]byte, r.IntN(40))
		for i := range text {
			text[i] = "aws123-45<=:/ xoAKIZ_epkrt@"[r.IntN(26)]
		}
		var d, seen uint64
		digits := 0
		for _, c := range text {
			d = (d<<1 | gateFirst) & gateTable[c]
			seen |= d
			digits += int(gateTable[c] >> 63)
		}
		if found, n := scanGates(text); found != gates(seen) || n != digits {
			t.Fatalf("%q: %x and %d, want %x and %d", text, found, n, seen, digits)
		}
	}
}
