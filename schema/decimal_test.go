package schema

import (
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/jsonscan"
)

// sameAsRat holds the fast comparison of two JSON numbers against big.Rat.
func sameAsRat(t testing.TB, a, b string) {
	t.Helper()
	ra, rb := rat(a), rat(b)
	if got, want := isInteger([]byte(a)), ra.IsInt(); got != want {
		t.Errorf("isInteger(%s) = %v", a, got)
	}
	if got, want := sameNumber([]byte(a), json.Number(b)), ra.Cmp(rb) == 0; got != want {
		t.Errorf("%s = %s: %v", a, b, got)
	}
	if got, want := string(appendNumber(nil, []byte(a))) == string(appendNumber(nil, []byte(b))), ra.Cmp(rb) == 0; got != want {
		t.Errorf("%s and %s have one name: %v", a, b, got)
	}
	bound := newBound(rb)
	if got, want := bound.compare([]byte(a)), ra.Cmp(rb); got != want {
		t.Errorf("%s compared with %s: %d", a, b, got)
	}
	if rb.Sign() != 0 {
		if got, want := bound.divides([]byte(a)), new(big.Rat).Quo(ra, rb).IsInt(); got != want {
			t.Errorf("%s a multiple of %s: %v", a, b, got)
		}
	}
}

func TestNumbersCompareAsTheirExactValuesDo(t *testing.T) {
	edge := []string{
		"0", "-0", "0.0", "-0e9", "1", "-1", "1.0", "10", "1e1", "0.1", "1e-1", "100e-3", "1.50", "15e-1", "9007199254740993", "9007199254740992.0",
		"9223372036854775807", "-9223372036854775808", "18446744073709551615", "18446744073709551616", "18446744073709551609", "18446744073709551610",
		"1844674407370955161", "1844674407370955160", "18446744073709551615e-5", "0.18446744073709551615", "1844674407370955161500", "1e19", "1e20", "1e400", "-1e400", "1e-400",
		"3e-400", "12345678901234567890123456789", "12345678901234567890123456789.5", "1000000000000000000000000000000000000001", "0.0000000000000000000000000000001", "7", "0.07", "0.70e1",
	}
	for _, a := range edge {
		for _, b := range edge {
			sameAsRat(t, a, b)
		}
	}
	r := rand.New(rand.NewPCG(5, 6))
	one := func() string {
		s := []string{"", "-"}[r.IntN(2)] + fmt.Sprint(r.Uint64()>>r.IntN(64))
		if r.IntN(2) == 0 {
			s += "." + strings.Repeat("0", r.IntN(4)) + fmt.Sprint(r.IntN(1000)) + strings.Repeat("0", r.IntN(4))
		}
		if r.IntN(2) == 0 {
			s += fmt.Sprintf("e%d", r.IntN(30)-15)
		}
		return s
	}
	for range 20_000 {
		sameAsRat(t, one(), one())
	}
}

func FuzzNumbers(f *testing.F) {
	f.Add("1.5e3", "-0.07")
	f.Add("18446744073709551616", "1e19")
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, s := range []string{a, b} {
			if _, err := jsonscan.Check([]byte(s), jsonscan.Limits{}); err != nil || s == "" || !isDigit(s[0]) && s[0] != '-' || strings.TrimSpace(s) != s {
				return
			}
		}
		sameAsRat(t, a, b)
	})
}
