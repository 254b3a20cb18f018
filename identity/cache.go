package identity

import (
	"crypto/sha256"
	"sync"
	"time"
)

// cacheFor is how long a verified token is remembered at most.
const cacheFor = time.Minute

const cacheShards = 16

// tokenCache remembers verified tokens by their SHA-256, never the tokens. It
// keeps two generations a shard: a full young one becomes the old one, which is
// then forgotten; a hit in the old one brings the token back to the young.
type tokenCache struct {
	shards [cacheShards]cacheShard
	max    int // tokens in one generation of one shard
}

type cacheShard struct {
	mu         sync.Mutex
	young, old map[[sha256.Size]byte]cached
}

type cached struct {
	id        *Identity
	notBefore time.Time
	until     time.Time
}

func newTokenCache(size int) *tokenCache {
	return &tokenCache{max: max(1, size/(2*cacheShards))}
}

func (c *tokenCache) get(sum [sha256.Size]byte, now time.Time) (cached, bool) {
	s := &c.shards[sum[0]%cacheShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.young[sum]
	if !ok {
		if e, ok = s.old[sum]; !ok {
			return cached{}, false
		}
		delete(s.old, sum)
		s.put(sum, e, c.max)
	}
	if !now.Before(e.until) {
		delete(s.young, sum)
		return cached{}, false
	}
	return e, true
}

func (c *tokenCache) put(sum [sha256.Size]byte, e cached) {
	s := &c.shards[sum[0]%cacheShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(sum, e, c.max)
}

func (s *cacheShard) put(sum [sha256.Size]byte, e cached, limit int) {
	if s.young == nil || len(s.young) >= limit {
		s.old, s.young = s.young, make(map[[sha256.Size]byte]cached)
	}
	s.young[sum] = e
}
