package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/replay/frames"
)

// playing is a player of the sample's session on a screen.
func playing(t *testing.T, w *world, con *console) *player {
	t.Helper()
	p := &player{con: con}
	mustNot(t, p.open(t.Context(), w.source(), "", "s_1"))
	return p
}

func TestASessionIsPlayedForPeople(t *testing.T) {
	w := newWorld(t)
	w.sample()
	w.close()
	s := newScreen()
	mustNot(t, playing(t, w, s.console).play(t.Context()))
	wantIn(t, s.stdout.String(),
		"+0:00.0  18:01:00  #1  intent  ana\n→ POST https://orders.example/orders?dry=1\n",
		"+1:00.0  18:02:00  #2  exchange  ana\n→ POST https://orders.example/orders?dry=1\n← 201  5.678ms\n",
		"not recorded: not-json",
		"request /card/number (key:card), url token (key:token) ×2",
		"#6  intent  ana\n→ POST https://orders.example/refunds\n",
		"#8  approval.voted", "approve by eve", `"ticket 4711"`,
	)
	if text := s.stdout.String(); strings.Contains(text, "mallory") || strings.Contains(text, "gateway.started") {
		t.Errorf("there is more than the session:\n%s", text)
	}
}

func TestASessionIsNamedByAnyRecordOfIt(t *testing.T) {
	w := newWorld(t)
	w.sample()
	for name, want := range map[string]string{"s_1": "s_1", "2": "s_1", "8": "s_1", exchangeB: "s_1", approvalC: "s_1"} {
		if got, err := w.source().sessionOf(name); err != nil || got != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	var no negative
	if _, err := w.source().sessionOf("0"); !errors.As(err, &no) {
		t.Errorf("a record of no session: %v", err)
	}
	p := &player{con: newScreen().console}
	if err := p.open(t.Context(), w.source(), "", "s_none"); !errors.As(err, &no) {
		t.Errorf("no such session: %v", err)
	}
}

func TestFramesArePrintedAsJSONWithTheRecordsAsTheyAreStored(t *testing.T) {
	w := newWorld(t)
	w.sample()
	w.close()
	s := newScreen()
	p := playing(t, w, s.console)
	p.json = true
	mustNot(t, p.play(t.Context()))
	lines := strings.Split(strings.TrimSpace(s.stdout.String()), "\n")
	if len(lines) != 6 {
		t.Fatalf("%d frames:\n%s", len(lines), s.stdout)
	}
	for i, line := range lines {
		var f struct {
			N      int
			Proof  ledger.Proof
			Record json.RawMessage
		}
		if err := json.Unmarshal([]byte(line), &f); err != nil || f.N != i || f.Proof != ledger.Signed || !bytes.HasPrefix(f.Record, []byte(`{"seq":`)) {
			t.Errorf("%s: %v", line, err)
		}
	}
}

func TestADamagedRecordIsPlayedAsDamagedAndTheAnswerIsNo(t *testing.T) {
	w := newWorld(t)
	w.sample()
	w.close()
	files, err := filepath.Glob(filepath.Join(w.dir(), "open", "*"))
	mustNot(t, err)
	text, err := os.ReadFile(files[0])
	mustNot(t, err)
	mustNot(t, os.WriteFile(files[0], bytes.Replace(text, []byte(`"status":201`), []byte(`"status":500`), 1), 0o600))
	s := newScreen()
	err = playing(t, w, s.console).play(t.Context())
	var no negative
	if !errors.As(err, &no) || !strings.Contains(err.Error(), "1 of the records shown") {
		t.Errorf("the answer is %v", err)
	}
	wantIn(t, s.stdout.String(), "record     2  damaged: nothing of it is shown", "it is changed")
	if strings.Contains(s.stdout.String(), "500") {
		t.Error("what stands in its place is shown")
	}
}

// pressing has somebody press keys at moments of a played session, and gives
// what was shown when.
func pressing(t *testing.T, pace frames.Pace, keys map[time.Duration]playKey) string {
	t.Helper()
	w := newWorld(t)
	w.sample()
	w.close()
	var shown []string
	synctest.Test(t, func(t *testing.T) {
		s := newScreen().terminal(100)
		p := playing(t, w, s.console)
		p.pace = pace
		pressed := make(chan playKey)
		p.keys = pressed
		begun := time.Now()
		for at, k := range keys {
			time.AfterFunc(at, func() { pressed <- k })
		}
		p.con.out = noting{func(line string) {
			if head, _, ok := strings.Cut(line, "  "); ok && strings.HasPrefix(head, "+") {
				_, seq, _ := strings.Cut(line, "#")
				seq, _, _ = strings.Cut(seq, " ")
				shown = append(shown, seq+"@"+time.Since(begun).String())
			}
		}}
		if err := p.play(t.Context()); err != nil {
			t.Error(err)
		}
	})
	return strings.Join(shown, " ")
}

// noting tells each line that is written.
type noting struct{ line func(string) }

func (n noting) Write(b []byte) (int, error) {
	for line := range strings.Lines(string(b)) {
		n.line(strings.TrimPrefix(line, "\r\x1b[K"))
	}
	return len(b), nil
}

func TestKeysPauseStepSeekAndChangeTheSpeed(t *testing.T) {
	// The sample's frames are of records 1, 2, 4, 6, 7 and 8, a minute for each seq.
	const s = time.Second
	for _, c := range []struct {
		name string
		pace frames.Pace
		keys map[time.Duration]playKey
		want string
	}{
		{"left alone", frames.Pace{Speed: 10}, map[time.Duration]playKey{100 * s: keyQuit}, "1@0s 2@6s 4@18s 6@30s 7@36s 8@42s"},
		{"quit", frames.Pace{Speed: 10}, map[time.Duration]playKey{7 * s: keyQuit}, "1@0s 2@6s"},
		{"pauses are bounded", frames.Pace{Speed: 1, Idle: 3 * s}, map[time.Duration]playKey{100 * s: keyQuit}, "1@0s 2@3s 4@6s 6@9s 7@12s 8@15s"},
		{"pause and go on", frames.Pace{Speed: 10}, map[time.Duration]playKey{7 * s: keyPause, 50 * s: keyPause, 56 * s: keyQuit}, "1@0s 2@6s 4@50s"},
		{"show the next now", frames.Pace{Speed: 10}, map[time.Duration]playKey{7 * s: keyRight, 8 * s: keyQuit}, "1@0s 2@6s 4@7s"},
		{"step", frames.Pace{Speed: 10}, map[time.Duration]playKey{1 * s: keyStep, 30 * s: keyStep, 60 * s: keyQuit}, "1@0s 2@1s 4@30s"},
		{"back", frames.Pace{Speed: 10}, map[time.Duration]playKey{7 * s: keyLeft, 8 * s: keyQuit}, "1@0s 2@6s 1@7s"},
		{"to the last and the first", frames.Pace{Speed: 10}, map[time.Duration]playKey{1 * s: keyLast, 2 * s: keyFirst, 3 * s: keyQuit}, "1@0s 8@1s 1@2s"},
		{"to the middle", frames.Pace{Speed: 10}, map[time.Duration]playKey{1 * s: keyTenth + 5, 2 * s: keyQuit}, "1@0s 6@1s"},
		{"as fast as can be", frames.Pace{Speed: 1}, map[time.Duration]playKey{1 * s: keyMax, 2 * s: keyQuit}, "1@0s 2@1s 4@1s 6@1s 7@1s 8@1s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := pressing(t, c.pace, c.keys); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestKeysAreReadAsTerminalsSendThem(t *testing.T) {
	var got []playKey
	for rest := []byte("\x1b[C\x1b[Dq \x1bOC\x1b[1;5C\x1b[3~x7"); len(rest) > 0; {
		k, used, ok := parseKey(rest)
		rest = rest[used:]
		if ok {
			got = append(got, k)
		}
	}
	want := []playKey{keyRight, keyLeft, keyQuit, keyPause, keyRight, keyRight, keyTenth + 7}
	if len(got) != len(want) {
		t.Fatalf("got %v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("key %d is %v, want %v", i, got[i], want[i])
		}
	}
}
