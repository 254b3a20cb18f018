package ledger

import (
	"fmt"
	"os"
	"slices"
	"testing"
)

// retentionRecord is a record as the gateway writes it, of a hold of the days
// from one to the day before another, or of a purge.
func retentionRecord(kind, what string, from, until int) []byte {
	day := func(n int) string { return firstDay.AddDate(0, 0, n).Format("2006-01-02T15:04:05.000000Z") }
	return fmt.Appendf(nil, `{"id":"x","time":%q,"type":"retention.%s","retention":{%s,"from":%q,"until":%q}}`, day(30), kind, what, day(from), day(until))
}

func heldBy(hold string, from, until int) []byte {
	return retentionRecord("held", fmt.Sprintf(`"hold":%q`, hold), from, until)
}

func releasedFrom(hold string) []byte {
	return fmt.Appendf(nil, `{"id":"x","time":"2026-02-01T00:00:00.000000Z","type":"retention.released","retention":{"hold":%q}}`, hold)
}

func purgedFrom(first, from, until int) []byte {
	return retentionRecord("purged", fmt.Sprintf(`"segment":"s","first":%d,"records":1`, first), from, until)
}

func TestAPurgeOfWhatAHoldOnRecordKeepsIsFound(t *testing.T) {
	purge := purgedFrom(0, 2, 3)
	always := []byte(`{"id":"x","time":"2026-02-01T00:00:00.000000Z","type":"retention.held","retention":{"hold":"h"}}`)
	for name, c := range map[string]struct {
		records [][]byte
		want    []string
	}{
		"held":                         {[][]byte{heldBy("h", 1, 5), purge}, []string{"hold 0"}},
		"held in part":                 {[][]byte{heldBy("h", 3, 5), purge}, []string{"hold 0"}},
		"held without a bound":         {[][]byte{always, purge}, []string{"hold 0"}},
		"held twice, released once":    {[][]byte{heldBy("h", 1, 5), heldBy("i", 1, 5), releasedFrom("h"), purge}, []string{"hold 0"}},
		"released afterwards":          {[][]byte{heldBy("h", 1, 5), purge, releasedFrom("h")}, []string{"hold 0"}},
		"released":                     {[][]byte{heldBy("h", 1, 5), releasedFrom("h"), purge}, nil},
		"held afterwards":              {[][]byte{purge, heldBy("h", 1, 5)}, nil},
		"another time held":            {[][]byte{heldBy("h", 4, 5), heldBy("i", 0, 2), purge}, nil},
		"a request that looks like it": {[][]byte{fmt.Appendf(nil, `{"id":"x","type":"test","a":%s}`, heldBy("h", 1, 5)), purge}, nil},
	} {
		p := newPlace(t)
		l := p.open()
		commit(t, l, "old")
		closeLog(t, l)
		restart(t, p)
		p.drop("sealed")
		l = p.open()
		for _, r := range c.records {
			if _, err := l.Commit(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		closeLog(t, l)
		if got := found(p.verify()); !slices.Equal(got, c.want) {
			t.Errorf("%s: found %q, want %q", name, got, c.want)
		}
	}
}

func TestAReleaseWhoseRecordWasPurgedIsTakenFromItsObject(t *testing.T) {
	p := newPlace(t)
	for _, r := range [][]byte{fields("old"), heldBy("h", 1, 5), releasedFrom("h")} {
		l := p.open()
		if _, err := l.Commit(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		closeLog(t, l)
		restart(t, p)
	}
	l := p.open()
	for _, r := range [][]byte{purgedFrom(2, 8, 9), purgedFrom(0, 2, 3)} {
		if _, err := l.Commit(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	closeLog(t, l)
	sealed := p.sealedFirsts()
	if !slices.Equal(sealed, []uint64{0, 1, 2}) {
		t.Fatalf("sealed are %v", sealed)
	}
	for _, first := range []string{"0", "2"} {
		if err := os.Remove(p.only("sealed/*/*/*" + first + ".ndjson.gz")); err != nil {
			t.Fatal(err)
		}
	}
	if got := found(p.verify()); !slices.Equal(got, []string{"hold 0"}) {
		t.Errorf("without the object found %q", got)
	}
	write(t, p.path("holds", "h.released.json"), []byte("{}\n"))
	if r := p.verify(); len(r.Problems) > 0 || r.Purged != 2 {
		t.Errorf("with it: %+v", r)
	}
}
