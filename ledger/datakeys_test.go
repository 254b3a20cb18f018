package ledger

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// dataKey is what a record needs, as a wrapped data key looks.
func dataKey(name string) string { return fmt.Sprintf(`{"id":%q}`, name) }

// needing commits a record whose text says which keys it needs.
func needing(t testing.TB, l *Log, text string, keys ...string) {
	t.Helper()
	if err := commitSecret(l, text, keys...); err != nil {
		t.Fatal(err)
	}
}

func commitSecret(l *Log, text string, keys ...string) error {
	wrapped := make([]string, len(keys))
	for i, name := range keys {
		wrapped[i] = dataKey(name)
	}
	_, err := l.CommitWithin(time.Minute, fields(text+" needs "+strings.Join(keys, ",")+";"), false, wrapped...)
	return err
}

// readable checks that each segment holds, at or before each record, the keys
// that it needs, and each key once.
func readable(t testing.TB, lines []Line) {
	t.Helper()
	held := map[string]bool{}
	for _, l := range lines {
		text := string(l.Raw)
		if _, list, ok := strings.Cut(text, `"data_keys":[`); ok {
			list, _, _ = strings.Cut(list, "]")
			for key := range strings.SplitSeq(list, ",") {
				if held[l.Segment+key] {
					t.Errorf("segment %s has %s twice, again in record %d", l.Segment, key, l.Seq)
				}
				held[l.Segment+key] = true
			}
		}
		_, list, _ := strings.Cut(text, `"text":`)
		_, list, _ = strings.Cut(list, " needs ")
		list, _, _ = strings.Cut(list, ";")
		for name := range strings.SplitSeq(list, ",") {
			if name != "" && !held[l.Segment+dataKey(name)] {
				t.Errorf("record %d needs %s, which its segment %s does not hold so far", l.Seq, name, l.Segment)
			}
		}
	}
}

func (p *place) walked() (all []Line) {
	p.t.Helper()
	err := Walk(os.DirFS(p.dir), 0, func(l Line) error {
		l.Raw = slices.Clone(l.Raw)
		all = append(all, l)
		return nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
	return all
}

func carriers(lines []Line) (seqs []uint64) {
	for _, l := range lines {
		if strings.Contains(string(l.Raw), `,"data_keys":[{`) {
			seqs = append(seqs, l.Seq)
		}
	}
	return seqs
}

func TestADataKeyIsInTheFirstRecordOfEachSegmentThatNeedsIt(t *testing.T) {
	p := newPlace(t)
	l := p.open()
	commit(t, l, "plain")
	needing(t, l, "0", "a")
	needing(t, l, "1", "a")
	needing(t, l, "2", "a", "b")
	needing(t, l, "3", "b", "a")
	closeLog(t, l)
	l = p.open() // a new segment
	commit(t, l, "plain")
	needing(t, l, "4", "b", "c")
	needing(t, l, "5", "a", "b")
	closeLog(t, l)
	lines := p.walked()
	readable(t, lines)
	if got, want := carriers(lines), []uint64{1, 3, 6, 7}; !slices.Equal(got, want) {
		t.Errorf("records %d carry keys, want %d", got, want)
	}
	if last := string(lines[6].Raw); !strings.HasSuffix(last, `,"data_keys":[{"id":"b"},{"id":"c"}]}`) {
		t.Errorf("got %s", last)
	}
	p.verified()
	p.noProblems()
}

func TestASegmentThatBeginsAfterAFaultHasItsOwnKeys(t *testing.T) {
	for _, fault := range []error{syscall.EIO, syscall.ENOSPC} {
		p := newPlace(t)
		d := p.faulty()
		l := p.open(func(o *Options) { o.disk = d })
		d.set(func(f *faulty) { f.sync_ = once(fault, true) })
		if err := commitSecret(l, "lost", "a"); err == nil {
			t.Fatal("a record was acknowledged that is not durable")
		}
		needing(t, l, "first", "a")
		needing(t, l, "second", "a")
		d.set(func(f *faulty) { f.sync_ = once(fault, true) })
		if err := commitSecret(l, "lost", "b"); err == nil {
			t.Fatal("a record was acknowledged that is not durable")
		}
		needing(t, l, "third", "a", "b")
		closeLog(t, l)
		readable(t, p.walked())
		p.verified()
	}
}

func TestAKeyIsNotLostWithTheRecordThatFoundNoSpace(t *testing.T) {
	p := newPlace(t)
	d := p.faulty()
	l := p.open(func(o *Options) { o.disk = d })
	commit(t, l, "intent")
	l.committer.seg.settle()
	d.full()
	for big := strings.Repeat("x", 100<<10); ; {
		if _, err := l.Commit(t.Context(), fields(big)); err != nil {
			break
		}
	}
	// In one batch, what is refused would have carried the key.
	var wg sync.WaitGroup
	var closed atomic.Int64
	for i := range 100 {
		wg.Go(func() {
			text := fields(fmt.Sprintf("%d needs a;", i))
			if i%2 == 0 {
				l.Commit(t.Context(), slices.Concat(text[:len(text)-1], []byte(`,"x":"`+strings.Repeat("x", 200<<10)+`"}`)), dataKey("a"))
				return
			}
			if _, err := l.CommitClosing(t.Context(), text, dataKey("a")); err == nil {
				closed.Add(1)
			}
		})
	}
	wg.Wait()
	if closed.Load() != 50 {
		t.Fatalf("%d of 50 were closed", closed.Load())
	}
	d.space()
	closeLog(t, l)
	readable(t, p.walked())
	p.verified()
}

func TestAPurgeTakesNoOtherSegmentsKey(t *testing.T) {
	p := newPlace(t)
	for day := range 2 {
		l := p.open()
		at := firstDay.AddDate(0, 0, day).Format("2006-01-02T15:04:05.000000Z")
		for i := range 3 {
			text := fmt.Appendf(nil, `{"id":"%d-%d","time":%q,"type":"test","text":" needs a;"}`, day, i, at)
			if _, err := l.Commit(t.Context(), text, dataKey("a")); err != nil {
				t.Fatal(err)
			}
		}
		closeLog(t, l)
	}
	l := p.open()
	allSealed(t, l)
	needing(t, l, "today", "a")
	if done := gone(purge(t, l, Purge{Before: firstDay.AddDate(0, 0, 1), Why: "test"})); len(done) != 1 {
		t.Fatalf("%d segments were purged", len(done))
	}
	closeLog(t, l)
	lines := p.walked()
	readable(t, lines)
	if got, want := carriers(lines), []uint64{3, 6}; !slices.Equal(got, want) {
		t.Errorf("records %d carry keys, want %d", got, want)
	}
	p.verified()
}

func TestAPowerCutLeavesNoRecordWithoutItsKey(t *testing.T) {
	p := newPlace(t)
	closeLog(t, p.open())
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	acknowledged := 0
	for n := range uint64(40) {
		disk := newPlatter(seed + n)
		chance := rand.New(rand.NewPCG(seed+n, 1))
		o := p.options()
		o.disk, o.Store, o.OnProblem = platterDisk{disk}, discStore{disk}, nil
		o.SealBytes, o.CheckpointEvery = 2000, 100*time.Microsecond
		for range 5 {
			disk.power(chance.IntN(60))
			l, err := Open(o)
			if err != nil {
				if !disk.isOff() {
					t.Fatalf("the log does not open: %v", err)
				}
				continue
			}
			var mu sync.Mutex
			var all sync.WaitGroup
			for w := range 3 {
				all.Go(func() {
					for i := 0; i < 12 && commitSecret(l, fmt.Sprint(w, i), "a", fmt.Sprint(i%3)) == nil; i++ {
						mu.Lock()
						acknowledged++
						mu.Unlock()
					}
				})
			}
			all.Wait()
			l.Close()
		}
		disk.power(-1)
		l, err := Open(o)
		if err != nil {
			t.Fatal(err)
		}
		closeLog(t, l)
		var lines []Line
		if err := Walk(disk.folder("ledger/test/"), 0, func(l Line) error {
			l.Raw = slices.Clone(l.Raw)
			lines = append(lines, l)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		readable(t, lines)
	}
	if acknowledged < 100 {
		t.Errorf("only %d records were acknowledged", acknowledged)
	}
}

func TestKeysThatAreNoneAreRefused(t *testing.T) {
	p := newPlace(t)
	l := p.open()
	for name, keys := range map[string][]string{
		"three": {dataKey("a"), dataKey("b"), dataKey("c")}, "text": {"key"}, "empty": {""},
		"two lines": {"{\"id\":\n\"a\"}"}, "large": {`{"id":"` + strings.Repeat("x", MaxFields) + `"}`},
	} {
		if _, err := l.Commit(context.Background(), fields("x"), keys...); reasonOf(err) != reasonUnavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
	commit(t, l, "after")
	closeLog(t, l)
	hasTexts(t, p.read(), "after")
}
