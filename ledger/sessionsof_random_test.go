package ledger

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

// TestSessionsOfFindsWhatAWalkFinds holds the indexes against the records, in
// logs whose records come in no strict order of time, and whose clock was set
// back by hours, or ahead.
func TestSessionsOfFindsWhatAWalkFinds(t *testing.T) {
	for seed := range uint64(6) {
		random := rand.New(rand.NewPCG(seed, 7))
		p := newPlace(t)
		now := 24 * time.Hour
		for range 5 {
			l := p.open()
			jump := random.IntN(12)
			for i := range 1 + random.IntN(6) {
				now += time.Duration(random.Int64N(int64(30 * time.Minute)))
				if i == jump {
					now += time.Duration(random.IntN(2)*8-4) * time.Hour
				}
				at := now - time.Duration(random.Int64N(int64(20*time.Second))) // it waited for its turn
				commitOf(t, l, seen(at.Truncate(time.Microsecond), []string{"", "a", "b"}[random.IntN(3)], []string{"ana", `b"o`}[random.IntN(2)], fmt.Sprint("s", random.IntN(9))))
			}
			closeLog(t, l)
			restart(t, p)
		}
		r := newReader(t, os.DirFS(p.dir), p.keys.Verifier())
		for range 40 {
			from := sightedFrom.Add(20*time.Hour + time.Duration(random.Int64N(int64(30*time.Hour))))
			w := SessionFilter{Subject: []string{"ana", `b"o`}[random.IntN(2)], Issuer: []string{"", "a"}[random.IntN(2)], From: from, Until: from.Add(time.Duration(random.Int64N(int64(3 * time.Hour)))), Most: 100}
			if random.IntN(4) == 0 {
				w.From = w.From.Truncate(time.Hour)
			}
			got, err := r.SessionsOf(t.Context(), w)
			if err != nil {
				t.Fatal(err)
			}
			var want []string
			if err := Walk(os.DirFS(p.dir), 0, func(line Line) error {
				rec, err := record.Parse(line.Raw)
				if err == nil && rec.Session != nil && rec.Identity.Subject == w.Subject && (w.Issuer == "" || w.Issuer == rec.Identity.Issuer) && w.has(rec.Time.Time) {
					want = append(want, rec.Session.ID)
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			slices.Sort(want)
			slices.Sort(got)
			if want = slices.Compact(want); !slices.Equal(got, want) {
				t.Errorf("log %d, %s to %s: %q, want %q", seed, w.From, w.Until, got, want)
			}
		}
	}
}
