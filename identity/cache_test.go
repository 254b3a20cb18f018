package identity

import (
	"crypto/sha256"
	"fmt"
	"testing"
	"time"
)

func TestACachedTokenExpiresOnTime(t *testing.T) {
	f := running(t)
	raw := es("es", with(f.claims(), "exp", f.clock.Now().Unix()+10))
	first := f.accepts(raw)
	f.clock.advance(39 * time.Second) // exp and 29 of 30 s leeway
	if f.accepts(raw) != first {
		t.Error("the cache was not used")
	}
	f.clock.advance(time.Second)
	f.refuses(raw, expired)
}

func TestACachedTokenIsNotValidBeforeItsTime(t *testing.T) {
	f := running(t)
	raw := es("es", with(f.claims(), "nbf", f.clock.Now().Unix()))
	f.accepts(raw)
	f.clock.advance(-31 * time.Second) // the clock is set back
	f.refuses(raw, notYetValid)
}

func TestATokenIsVerifiedAnewEachMinute(t *testing.T) {
	f := running(t)
	raw := es("es", f.claims())
	first := f.accepts(raw)
	f.clock.advance(cacheFor)
	if f.accepts(raw) == first {
		t.Error("the cache was used")
	}
}

func TestAFetchOfTheSameKeysKeepsTheCache(t *testing.T) {
	f := running(t)
	raw := es("es", f.claims())
	first := f.accepts(raw)
	f.clock.advance(f.Verifier.cfg.MinRefetch)
	f.refuses(es("new", f.claims()), unknownKey)
	if f.accepts(raw) != first {
		t.Error("the cache was emptied")
	}
}

func TestTheCacheIsBoundedAndKeepsWhatIsUsed(t *testing.T) {
	const size = 256
	c := newTokenCache(size)
	now := time.Now()
	e := cached{id: &Identity{}, until: now.Add(time.Hour)}
	used := sha256.Sum256([]byte("used"))
	c.put(used, e)
	for i := range 100 * size {
		c.put(sha256.Sum256(fmt.Append(nil, i)), e)
		if _, ok := c.get(used, now); !ok {
			t.Fatalf("what is used was forgotten after %d others", i)
		}
	}
	total := 0
	for i := range c.shards {
		total += len(c.shards[i].young) + len(c.shards[i].old)
	}
	if total > size {
		t.Errorf("%d tokens kept, want at most %d", total, size)
	}
}

func TestAHitAllocatesAtMostOnce(t *testing.T) {
	f := running(t)
	raw := joseSign(t, "RS256", "rs", f.claims())
	f.accepts(raw)
	if n := testing.AllocsPerRun(100, func() { f.accepts(raw) }); n > 1 {
		t.Errorf("%.0f allocations", n)
	}
}

func BenchmarkHit(b *testing.B) {
	f := running(b)
	raw := joseSign(b, "RS256", "rs", with(f.claims(), "groups", []string{"engineering", "security"}))
	f.accepts(raw)
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		f.accepts(raw)
	}
}

func BenchmarkMiss(b *testing.B) {
	for alg, kid := range map[string]string{"RS256": "rs", "ES256": "es", "EdDSA": "ed"} {
		b.Run(alg, func(b *testing.B) {
			f := running(b)
			raw := joseSign(b, alg, kid, with(f.claims(), "groups", []string{"engineering", "security"}))
			b.ReportAllocs()
			for b.Loop() {
				f.accepts(raw)
				b.StopTimer()
				f.source.ring.Load().cache = newTokenCache(defaultCacheLen)
				b.StartTimer()
			}
		})
	}
}

func BenchmarkUnknownKey(b *testing.B) {
	f := running(b)
	raw := es("unknown", f.claims())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Verify(b.Context(), raw); err == nil {
			b.Fatal("accepted")
		}
	}
}
