package frames

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
)

func TestASessionsFramesStandInTheOrderOfTheLog(t *testing.T) {
	w := newWorld(t)
	w.story()
	r, err := w.library().Open(t.Context(), "s1")
	if err != nil {
		t.Fatal(err)
	}
	all := watch(t, r)
	want := `0:0 session 0s of -1
1:1 request 1s of 1
2:3 approval 2s of 1
3:4 approval 30s of 1
4:5 exchange 31s of 1
5:6 part 31s of 5
6:7 refusal 40s of 6
`
	if got := outline(all); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	for _, f := range all {
		var told struct {
			N      int
			Seq    uint64
			Kind   Kind
			Proof  string
			At     int64 `json:"at_us"`
			Of     *int
			Record json.RawMessage
		}
		if err := json.Unmarshal(f.JSON, &told); err != nil {
			t.Fatalf("%s: %v", f.JSON, err)
		}
		if told.N != f.Number || told.Seq != f.Seq || told.Kind != f.Kind || told.At != f.At.Microseconds() || !bytes.Equal(told.Record, f.Record) || (told.Of != nil) != (f.Of >= 0) {
			t.Errorf("%s is not %+v", f.JSON, f.Frame)
		}
		if !bytes.HasPrefix(f.Record, fmt.Appendf(nil, `{"seq":%d,`, f.Seq)) {
			t.Errorf("record %s", f.Record)
		}
	}
	if _, err := w.library().Open(t.Context(), "nobody"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a session that is not there: %v", err)
	}
}

func TestADamagedRecordIsAFrameThatSaysSoAndShowsNothingOfIt(t *testing.T) {
	w := newWorld(t)
	w.story()
	if err := w.log.Close(); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(w.dir, "open", "*"))
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	lines[5] = bytes.Replace(lines[5], []byte(`"exchange"`), []byte(`"planted!"`), 1)
	if err := os.WriteFile(files[0], bytes.Join(lines, nil), 0o600); err != nil {
		t.Fatal(err)
	}
	reader, err := ledger.NewReader(os.DirFS(w.dir), "")
	if err != nil {
		t.Fatal(err)
	}
	r, err := NewLibrary(reader).Open(t.Context(), "s1")
	if err != nil {
		t.Fatal(err)
	}
	all := watch(t, r)
	if len(all) != 7 || all[4].Kind != Damage || all[4].Seq != 5 || all[4].Fault == "" || all[4].Record != nil || bytes.Contains(all[4].JSON, []byte("planted")) {
		t.Errorf("got %s\n%s", outline(all), all[4].JSON)
	}
	if all[5].Proof != ledger.Signed {
		t.Errorf("the frame after it is %s", all[5].Proof)
	}
}

func TestNewFramesComeWhileSomebodyWatches(t *testing.T) {
	w := newWorld(t)
	w.story()
	l := w.library()
	r, err := l.Open(t.Context(), "s1")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Watch()()
	n := len(watch(t, r))
	for i := range 3 {
		changed := l.Changed()
		w.add(record.ExchangeType, "s1", fmt.Sprint("y", i), float64(50+i))
		for r.Len() == n {
			<-changed
			changed = l.Changed()
			if err := r.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		f, err := r.Frame(t.Context(), n)
		if err != nil || f.Exchange != fmt.Sprint("y", i) {
			t.Fatalf("%+v %v", f.Frame, err)
		}
		n++
	}
}

func TestALongSessionIsReadAcrossSealsAndNeverHeldWhole(t *testing.T) {
	w := newWorld(t, func(o *ledger.Options) { o.SealBytes = 64 << 10 })
	const n = 1000
	for i := range n {
		w.add(record.ExchangeType, "s1", fmt.Sprint("x", i), float64(i))
		w.add(record.ExchangeType, "s2", fmt.Sprint("z", i), float64(i))
	}
	l := w.library()
	r, err := l.Open(t.Context(), "s1")
	if err != nil {
		t.Fatal(err)
	}
	all := watch(t, r)
	if len(all) != n {
		t.Fatalf("%d frames", len(all))
	}
	for i, f := range all {
		if f.Seq != uint64(2*i) || f.At != time.Duration(i)*time.Second || f.Kind != Exchange {
			t.Fatalf("frame %d: %+v", i, f.Frame)
		}
	}
	// What was dropped is read again, as it was.
	for _, p := range r.still() {
		l.grew(r, -p.size)
		p.frames, p.size = nil, 0
	}
	again := watch(t, r)
	if !slices.EqualFunc(all, again, func(a, b Shown) bool { return bytes.Equal(a.JSON, b.JSON) }) {
		t.Error("read again, the frames are others")
	}

	// A recording that nobody counts any more holds one page, however long it is
	// watched.
	l.mu.Lock()
	delete(l.recordings, "s1")
	l.mu.Unlock()
	for _, p := range r.still() {
		p.frames, p.size = nil, 0
	}
	watch(t, r)
	held := 0
	for _, p := range r.still() {
		if p.size > 0 {
			held++
		}
	}
	if held != 1 {
		t.Errorf("%d of %d pages are held", held, len(r.pages))
	}
}

func TestFramesAreDueInTheirOwnTime(t *testing.T) {
	at := []time.Duration{0, time.Second, time.Second, 10 * time.Second, 9 * time.Second, 70 * time.Second}
	for _, c := range []struct {
		pace Pace
		want time.Duration
	}{
		{Pace{}, 0},
		{Pace{Speed: 1}, 70 * time.Second},
		{Pace{Speed: 10}, 7 * time.Second},
		{Pace{Speed: 2, Idle: 4 * time.Second}, 4500 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			p := c.pace
			for _, frame := range at {
				time.Sleep(time.Until(p.Due(frame)))
			}
			if got := time.Since(start); got != c.want {
				t.Errorf("%+v took %v, want %v", c.pace, got, c.want)
			}
			time.Sleep(time.Minute)
			p.Restart()
			if due := time.Until(p.Due(time.Hour)); due != 0 {
				t.Errorf("after a pause the next frame is due in %v", due)
			}
		})
	}
}
