package record

import (
	"encoding/json"
	"testing"
	"time"
)

func TestATimeIsWrittenAsItsLayoutSays(t *testing.T) {
	for _, at := range []time.Time{
		{}, time.Unix(0, 0), time.Unix(1<<33, 1), time.Unix(-1, 999_999_999), time.Now(),
		time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC),
		firstTime, lastTime,
		time.Date(2026, 11, 21, 1, 2, 3, 4005, time.FixedZone("", -5*3600)),
	} {
		got, _ := Time{at}.AppendText([]byte("at "))
		if want := "at " + at.UTC().Format(timeLayout); string(got) != want {
			t.Errorf("got %s want %s", got, want)
		}
	}
}

// A client may name a year that is beyond the layout in UTC only.
func TestATimeBeyondTheLayoutCanBeReadAgain(t *testing.T) {
	for _, c := range []struct{ at, want time.Time }{
		{time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), lastTime},
		{time.Date(9999, 12, 31, 23, 59, 59, 0, time.FixedZone("", -60)), lastTime},
		{time.Date(-1, 2, 3, 4, 5, 6, 7000, time.UTC), firstTime},
		{time.Date(0, 1, 1, 0, 0, 0, 0, time.FixedZone("", 60)), firstTime},
	} {
		text, _ := Time{c.at}.MarshalJSON()
		var got Time
		if err := json.Unmarshal(text, &got); err != nil || !got.Equal(c.want) {
			t.Errorf("%v is written %s: %v", c.at, text, err)
		}
	}
}
