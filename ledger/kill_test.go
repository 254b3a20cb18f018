package ledger

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/storage/local"
)

// childFolder tells a child process of the test where to write.
const childFolder = "CADDYREC_TEST_LEDGER"

// childMain writes records from some goroutines, and says so for each that was
// acknowledged, until it is killed.
func childMain() {
	base := os.Getenv(childFolder)
	store, err := local.Open(filepath.Join(base, "store"))
	fatal(err)
	keys, err := LoadKeys(filepath.Join(base, "keys"), "test")
	fatal(err)
	l, err := Open(Options{
		Dir: filepath.Join(store.Root(), "ledger", "test"), Log: "test", Store: store, Keys: keys,
		SealBytes: 60_000, CheckpointEvery: 2 * time.Millisecond,
	})
	fatal(err)
	var out sync.Mutex
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				text := fmt.Sprintf("%s-%d-%d-%s", os.Getenv("CADDYREC_TEST_ROUND"), w, i, strings.Repeat("x", rand.IntN(3000)))
				r, err := l.Commit(noEnd, fields(text))
				fatal(err)
				out.Lock()
				fmt.Printf("ack %d %s\n", r.Seq, text)
				out.Unlock()
			}
		})
	}
	wg.Wait()
}

func fatal(err error) {
	if err != nil {
		fmt.Println("fatal", err)
		os.Exit(1)
	}
}

func TestNothingAcknowledgedIsLostWhenTheProcessIsKilled(t *testing.T) {
	rounds := 24
	p := newPlace(t)
	acked := map[string]string{} // seq to text
	for round := range rounds {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), childFolder+"="+filepath.Dir(p.store.Root()), fmt.Sprintf("CADDYREC_TEST_ROUND=%d", round))
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		child.Stderr = os.Stderr
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		killAfter := rand.IntN(120)
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 1<<20)
		for n := 0; lines.Scan(); n++ {
			seq, text, ok := strings.Cut(strings.TrimPrefix(lines.Text(), "ack "), " ")
			if !ok || strings.HasPrefix(lines.Text(), "fatal") {
				t.Fatalf("round %d: %s", round, lines.Text())
			}
			acked[seq] = text
			if n == killAfter {
				child.Process.Kill()
			}
		}
		child.Wait()
	}
	closeLog(t, p.open())
	p.noProblems()
	lines := p.read()
	if r := p.verified(); r.Records != len(lines) {
		t.Errorf("verify counts %d records, the log has %d", r.Records, len(lines))
	}
	if len(acked) < rounds {
		t.Fatalf("only %d records were acknowledged", len(acked))
	}
	for seq, text := range acked {
		var n int
		fmt.Sscan(seq, &n)
		if n >= len(lines) || !strings.Contains(lines[n], `"text":"`+text+`"`) {
			t.Errorf("record %s was acknowledged and is not there", seq)
		}
	}
	texts := map[string]bool{}
	for i, line := range lines {
		_, text, _ := strings.Cut(line, `"text":`)
		if text != "" && texts[text] {
			t.Errorf("record %d is in the log twice", i)
		}
		texts[text] = true
	}
}
