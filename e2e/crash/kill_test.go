package crash

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/caddyrec/caddyrec/e2e/calls"
)

// kinds counts the calls of each kind: how many there were in one round at
// most, in how many rounds there were any, how often one was to be the last,
// and how often it was.
type kinds struct {
	mu                          sync.Mutex
	most, rounds, tried, killed map[string]int
	closed                      bool // no more kinds
}

func newKinds() *kinds {
	return &kinds{most: map[string]int{}, rounds: map[string]int{}, tried: map[string]int{}, killed: map[string]int{}}
}

// close keeps the kinds to those that there have been.
func (k *kinds) close() {
	k.mu.Lock()
	k.closed = true
	k.mu.Unlock()
}

// next chooses a kind at which few kills were so far, and which one of its calls
// in a round is to be the last.
func (k *kinds) next() (kind string, nth int) {
	all := slices.Sorted(maps.Keys(k.most))
	if len(all) == 0 {
		return "", 0
	}
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	// Each has its turn; then one that was missed comes again soon, but not for
	// ever.
	score := func(kind string) int { return min(k.tried[kind], 1)*len(all) + k.killed[kind] + k.tried[kind]/4 }
	kind = slices.MinFunc(all, func(a, b string) int { return score(a) - score(b) })
	nth = 1
	if k.killed[kind] > 0 && k.tried[kind] <= 2*k.killed[kind] {
		nth += rand.IntN(k.most[kind])
	}
	k.tried[kind]++
	return kind, nth
}

// killer kills the gateway before one chosen call.
type killer struct {
	*kinds
	store string
	kind  string
	nth   int
	seen  map[string]int
	hit   bool
}

func (k *killer) decide(c calls.Call) calls.Verdict {
	if !strings.HasPrefix(c.Path, k.store) {
		return calls.Verdict{}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	kind := c.Kind(k.store)
	k.seen[kind]++
	if !k.closed || k.most[kind] > 0 {
		k.most[kind] = max(k.most[kind], k.seen[kind])
	}
	if k.seen[kind] == 1 {
		k.rounds[kind]++
	}
	if kind != k.kind || k.seen[kind] != k.nth {
		return calls.Verdict{}
	}
	k.killed[kind]++
	k.hit = true
	return calls.Verdict{Kill: true}
}

// A store lives for this many kills: then it is checked, and a fresh one takes
// its place, so that kills fall upon first starts too.
const lifetime = 6

func TestWhateverIsAcknowledgedIsThereInOrderOnceAfterAnyKill(t *testing.T) {
	watched := calls.Supported()
	if watched != nil {
		t.Logf("kills are at random moments only: %v", watched)
	}
	up := newUpstream(t)
	// A first start makes other calls than a later one, up to when it serves.
	first, later := newKinds(), newKinds()
	var acknowledged, atCalls, inStart int
	told := newProgress(t, "kills", *rounds)
	for round := 0; round < *rounds; {
		told.at(round)
		w := newWorld(t, up)
		k := first
		for end := min(round+lifetime, *rounds); round < end; round++ {
			killed := &killer{kinds: k, store: w.Store(), seen: map[string]int{}}
			// Each fifth kill is at any moment at all.
			if watched == nil && round%5 != 4 {
				killed.kind, killed.nth = k.next()
			}
			if watched == nil {
				w.Calls = killed.decide
			}
			err := w.Start(t.Context(), config)
			first.close()
			if err != nil && !killed.hit {
				t.Fatalf("round %d: %v", round, err)
			}
			switch {
			case err != nil:
				inStart++
			case round%3 == 2: // in good order, if it is not killed on the way
				w.load(round, 4+rand.IntN(60))
				if err := w.Stop(); err != nil && !killed.hit {
					t.Fatalf("round %d: %v", round, err)
				}
			default:
				w.load(round, 4+rand.IntN(60))
				w.Kill()
			}
			if err == nil {
				k = later
			}
			if killed.hit {
				atCalls++
			}
		}
		w.check()
		for _, items := range w.acknowledged {
			acknowledged += len(items)
		}
		if t.Failed() {
			w.keep()
			t.Fatalf("A PROMISE IS BROKEN within the %d kills before round %d; the gateway's log is\n%s", lifetime, round, w.Log())
		}
	}
	if acknowledged == 0 {
		t.Error("nothing was acknowledged, so nothing is proven")
	}
	if watched == nil {
		report(t, first, later)
	}
	t.Logf("%d kills, %d of them just before a call, %d in a start; %d orders reached the upstream, %d were acknowledged: each of these is in the log, in order, once",
		*rounds, atCalls, inStart, up.orders(), acknowledged)
}

// report fails the test if there was no kill before a call of a kind that came
// often enough.
func report(t *testing.T, first, later *kinds) {
	all := maps.Clone(first.most)
	maps.Copy(all, later.most)
	for _, kind := range slices.Sorted(maps.Keys(all)) {
		n, m := first.killed[kind], later.killed[kind]
		t.Logf("%3d kills in first starts, %3d in later ones, before %s", n, m, kind)
		if n+m == 0 && *rounds >= 300 && first.rounds[kind]+later.rounds[kind] >= *rounds/10 {
			t.Errorf("there was no kill before %s", kind)
		}
	}
}
