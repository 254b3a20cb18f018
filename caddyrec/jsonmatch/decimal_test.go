package jsonmatch

import (
	"math/big"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

var decimals = []string{
	"0", "-0", "0.0", "0e5", "-0.00e-400", "1", "-1", "1.0", "01", "1e0", "10e-1", "0.1e1", "999", "1000", "1000.0", "1e3", "1E+3", "0.001e6", "50000000e-4",
	"1000.00000000000001", "1000.000000000000000000000000000000000000000000000000000001", "999.99999999999999999999", "-1000.00000000000001",
	"9007199254740992", "9007199254740993", "9007199254740992.5", "-9007199254740993", "18446744073709551616", "1e400", "1e-400", "9.99e399", "-1e400",
	"0.1", "0.10", "0.09", "0.0000001", "1e-7", "12.34", "123.4", "1234e-2", "100", "010.50", "10.5",
}

func TestDecimalsAreComparedExactly(t *testing.T) {
	for _, a := range decimals {
		for _, b := range decimals {
			x, okX, errX := parseDecimal(a)
			y, okY, errY := parseDecimal(b)
			if !okX || !okY || errX != nil || errY != nil {
				t.Fatal(a, b)
			}
			if got, want := x.compare(y), rat(t, a).Cmp(rat(t, b)); got != want {
				t.Errorf("%s and %s: %d, not %d", a, b, got, want)
			}
		}
	}
}

func rat(t *testing.T, text string) *big.Rat {
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		t.Fatal(text)
	}
	return r
}

func TestWhatIsNoDecimalOrIsBeyondTheBoundsIsTold(t *testing.T) {
	for _, text := range []string{"", "-", "+1", ".5", "5.", "1.e3", "1e", "1e+", "0x10", "1_000", "1,000", "inf", "NaN", "1 ", "--1", "1.2.3", "1e5.0", "٥", strings.Repeat("x", 100)} {
		if _, ok, err := parseDecimal(text); ok || err != nil {
			t.Errorf("%q: %v %v", text, ok, err)
		}
	}
	for _, text := range []string{strings.Repeat("1", 65), "0." + strings.Repeat("0", 63), "1e401", "1e-401", "1e99999999999999999999", "-1e-99999999999999999999"} {
		if _, ok, err := parseDecimal(text); !ok || err == nil {
			t.Errorf("%q: %v %v", text, ok, err)
		}
	}
	if _, ok, err := parseDecimal(strings.Repeat("9", 64)); !ok || err != nil {
		t.Error("64 digits are too many")
	}
}

func TestComparingAllocatesNothing(t *testing.T) {
	c := Condition{Path: "amount", Operator: ">", Value: "1000"}
	c.want, c.number, _ = parseDecimal(c.Value)
	values := []gjson.Result{gjson.Get(`{"a":5000}`, "a"), gjson.Get(`{"a":1000.50}`, "a"), gjson.Get(`{"a":"12.5e3"}`, "a")}
	if n := testing.AllocsPerRun(100, func() {
		for _, v := range values {
			if holds, err := c.holds(v); !holds || err != nil {
				t.Fatal(v)
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzDecimalsCompareAsRationals(f *testing.F) {
	f.Add("1000", "1000.00000000000001")
	f.Add("9007199254740993", "9007199254740992")
	f.Fuzz(func(t *testing.T, a, b string) {
		x, okX, errX := parseDecimal(a)
		y, okY, errY := parseDecimal(b)
		if !okX || !okY || errX != nil || errY != nil {
			return
		}
		if got, want := x.compare(y), rat(t, a).Cmp(rat(t, b)); got != want {
			t.Errorf("%s and %s: %d, not %d", a, b, got, want)
		}
	})
}
