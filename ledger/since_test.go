package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// hours is an open log with a segment for each of five hours from t on, two
// records each, the last one not sealed.
func hours(t *testing.T, p *place, from time.Time) *Log {
	t.Helper()
	for i := range 5 {
		l := p.open()
		for j := range 2 {
			at := from.Add(time.Duration(i)*time.Hour + time.Duration(j)*time.Minute)
			if _, err := l.Commit(t.Context(), fmt.Appendf(nil, `{"id":"x","time":%q,"type":"test","text":"%d"}`, at.Format(time.RFC3339Nano), 2*i+j)); err != nil {
				t.Fatal(err)
			}
		}
		closeLog(t, l)
		if i < 4 {
			restart(t, p)
		}
	}
	if len(p.sealedSegments()) != 4 || len(p.openSegments()) != 1 {
		t.Fatalf("sealed %q, open %q", p.sealedSegments(), p.openSegments())
	}
	return p.open()
}

func TestSinceReadsFromTheSegmentOnThatBeginsBeforeAndNothingOlder(t *testing.T) {
	p := newPlace(t)
	start := time.Date(2026, 11, 21, 12, 30, 0, 0, time.UTC)
	l := hours(t, p, start)
	for after, want := range map[time.Duration]int{
		-time.Hour: 0, time.Minute: 0, time.Hour: 0, time.Hour + time.Second: 2, 2*time.Hour - time.Second: 2,
		2*time.Hour + 30*time.Minute: 4, 4 * time.Hour: 6, 5 * time.Hour: 8,
	} {
		next := want
		err := l.Since(t.Context(), start.Add(after), func(line Line) error {
			if !strings.Contains(string(line.Raw), fmt.Sprintf(`"text":"%d"`, next)) {
				t.Errorf("since %v: %s where %d should be", after, line.Raw, next)
			}
			next++
			return nil
		})
		if err != nil || next != 10 {
			t.Errorf("since %v: came to %d, %v", after, next, err)
		}
	}

	// What is older is not opened, and what is missing is told.
	write(t, p.path(filepath.FromSlash(p.sealedSegments()[0])), []byte("not to be read"))
	if err := l.Since(t.Context(), start.Add(2*time.Hour+time.Second), func(Line) error { return nil }); err != nil {
		t.Error(err)
	}
	if err := l.Since(t.Context(), start.Add(time.Second), func(Line) error { return nil }); err == nil {
		t.Error("a damaged segment was passed over")
	}
	if err := os.Remove(p.path(filepath.FromSlash(p.sealedSegments()[2]))); err != nil {
		t.Fatal(err)
	}
	if err := l.Since(t.Context(), start.Add(2*time.Hour+time.Second), func(Line) error { return nil }); err == nil {
		t.Error("a missing segment was passed over")
	}
}

func TestSinceEndsWithItsContextOrCallback(t *testing.T) {
	p := newPlace(t)
	l := hours(t, p, time.Date(2026, 11, 21, 12, 30, 0, 0, time.UTC))
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	if err := l.Since(ctx, time.Time{}, func(Line) error { n++; cancel(); return nil }); !errors.Is(err, context.Canceled) || n != 1 {
		t.Errorf("%d records, then %v", n, err)
	}
	enough := errors.New("enough")
	if err := l.Since(t.Context(), time.Time{}, func(Line) error { return enough }); err != enough {
		t.Error(err)
	}
}
