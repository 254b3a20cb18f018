package record

import (
	"testing"
	"time"
)

func TestATimeIsWrittenAsItsLayoutSays(t *testing.T) {
	for _, at := range []time.Time{
		{}, time.Unix(0, 0), time.Unix(1<<33, 1), time.Unix(-1, 999_999_999), time.Now(),
		time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC),
		time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(-1, 2, 3, 4, 5, 6, 7000, time.UTC),
		time.Date(2026, 11, 21, 1, 2, 3, 4005, time.FixedZone("", -5*3600)),
	} {
		got, _ := Time{at}.AppendText([]byte("at "))
		if want := "at " + at.UTC().Format(timeLayout); string(got) != want {
			t.Errorf("got %s want %s", got, want)
		}
	}
}
