package caddyrec

import (
	"strings"
	"testing"
	"time"
)

func TestNothingIsPurgedByAClockThatJumped(t *testing.T) {
	const day = 24 * time.Hour
	noon := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	type look struct {
		wall time.Duration // after noon
		up   time.Duration
		want string // "" is trust
	}
	for _, c := range []struct {
		name   string
		newest time.Time
		jump   time.Time
		looks  []look
	}{
		{"a clock that goes as time does", noon.Add(-time.Hour), time.Time{}, []look{{0, 0, ""}, {10 * time.Minute, 10 * time.Minute, ""}, {40 * day, 40 * day, ""}}},
		{"a log that is empty", time.Time{}, time.Time{}, []look{{0, 0, ""}}},
		{"a clock that drifts a little", noon, time.Time{}, []look{{0, 0, ""}, {10*time.Minute + 20*time.Second, 10 * time.Minute, ""}}},
		{"a clock that is set ahead", noon, time.Time{}, []look{{0, 0, ""}, {400 * day, 10 * time.Minute, "was set by"}, {400*day + time.Hour, time.Hour + 10*time.Minute, "was set by"},
			{401*day + time.Hour, day + time.Hour + 10*time.Minute, ""}}},
		{"a clock that is set back", noon, time.Time{}, []look{{0, 0, ""}, {-400 * day, 10 * time.Minute, "was set by"}}},
		{"a clock that is set ahead and back again", noon, time.Time{}, []look{{0, 0, ""}, {400 * day, time.Minute, "was set by"}, {2 * time.Minute, 2 * time.Minute, "was set by"}}},
		{"a start with a clock far ahead of the log", noon.Add(-400 * day), time.Time{}, []look{{0, 0, "9600h0m0s ahead of the newest record"}, {time.Hour, time.Hour, "ahead"}, {25 * time.Hour, 25 * time.Hour, ""}}},
		{"a start with a clock days ahead of the log", noon.Add(-3 * day), time.Time{}, []look{{0, 0, "72h0m0s ahead of the newest record"}, {25 * time.Hour, 25 * time.Hour, ""}}},
		{"a start after a night", noon.Add(-16 * time.Hour), time.Time{}, []look{{0, 0, ""}}},
		{"a second start with such a clock", noon.Add(-time.Minute), noon.Add(-time.Hour), []look{{0, 0, "goes far ahead"}, {22 * time.Hour, 22 * time.Hour, "goes far ahead"}, {23 * time.Hour, 23 * time.Hour, ""}}},
		{"a start a day after such a start", noon.Add(-time.Minute), noon.Add(-day), []look{{0, 0, ""}}},
		{"a clock that was set right since", noon.Add(-time.Minute), noon.Add(300 * day), []look{{0, 0, ""}}},
	} {
		var clock clock
		for i, l := range c.looks {
			why := clock.doubt(noon.Add(l.wall), 5*time.Hour+l.up, c.newest, c.jump)
			if (why == "") != (l.want == "") || !strings.Contains(why, l.want) {
				t.Errorf("%s, look %d: got %q, want %q", c.name, i, why, l.want)
			}
		}
	}
}
