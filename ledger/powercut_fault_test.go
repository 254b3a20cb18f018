package ledger

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

var cuts = flag.Int("powercuts", 1000, "how many power cuts are tried")

// cutsInARow is how often the power is cut until the log is looked at in whole.
const cutsInARow = 5

func TestNothingAcknowledgedIsLostInAPowerCut(t *testing.T) {
	p := newPlace(t)
	closeLog(t, p.open()) // makes what is not the model's: the lock and the key
	seed := rand.Uint64()
	var acknowledged, recovered int
	for n := 0; n < *cuts; n += cutsInARow {
		if n > 0 && n%2500 == 0 { // for who runs it with -v
			t.Logf("%d of %d power cuts, nothing lost so far", n, *cuts)
		}
		a, r := cutThePower(t, p, seed+uint64(n))
		acknowledged, recovered = acknowledged+a, recovered+r
		if t.Failed() {
			t.Fatalf("A PROMISE IS BROKEN after %d power cuts, with seed %d", n, seed+uint64(n))
		}
	}
	t.Logf("%d power cuts, %d records acknowledged, %d torn tails; each of these records is there", *cuts, acknowledged, recovered)
	if acknowledged < *cuts || recovered < *cuts/50 {
		t.Error("too little came of it to prove anything")
	}
}

// cutThePower runs one log through some power cuts.
func cutThePower(t *testing.T, p *place, seed uint64) (acknowledged, recovered int) {
	disk := newPlatter(seed)
	chance := rand.New(rand.NewPCG(seed, 1)) // the disk's is under its own lock
	told := map[uint64]string{}
	o := p.options()
	o.disk, o.Store, o.OnProblem = platterDisk{disk}, discStore{disk}, nil
	o.SealBytes, o.CheckpointEvery = 4000, 100*time.Microsecond
	for cut := range cutsInARow {
		disk.power(chance.IntN(60))
		disk.faults = chance.IntN(3) * 10
		l, err := Open(o)
		if err != nil {
			if !disk.isOff() {
				t.Errorf("after %d cuts the log does not open: %v", cut, err)
				return
			}
			continue
		}
		var mu sync.Mutex
		var all sync.WaitGroup
		sizes := make([]int, 4)
		for w := range sizes {
			sizes[w] = chance.IntN(1500)
		}
		for w := range 1 + chance.IntN(len(sizes)) {
			all.Go(func() {
				for i := range 12 {
					text := fmt.Sprintf("%d-%d-%d-%s", cut, w, i, strings.Repeat("x", sizes[w]*(i%3)))
					r, err := l.Commit(context.Background(), fields(text))
					if err == nil {
						mu.Lock()
						told[r.Seq] = text
						mu.Unlock()
					} else if disk.isOff() {
						return
					}
				}
			})
		}
		all.Wait()
		l.Close()  // with the power off it can do no more harm
		<-l.closed // on a machine that stood still for a while Close has given up
	}
	disk.power(-1)
	disk.faults = 0
	l, err := Open(o)
	if err != nil {
		t.Errorf("the log does not open: %v", err)
		return
	}
	commit(t, l, "after")
	closeLog(t, l)
	folder := disk.folder("ledger/test/")
	var texts []string
	seen := map[string]bool{}
	err = Walk(folder, 0, func(l Line) error {
		line := string(l.Raw)
		if strings.Contains(line, "gateway.recovered") {
			recovered++
		} else if _, text, _ := strings.Cut(line, `"text":`); seen[text] {
			t.Errorf("record %d is there twice: %.200s", l.Seq, line)
		} else {
			seen[text] = true
		}
		texts = append(texts, line)
		return nil
	})
	if err != nil {
		t.Errorf("reading the log: %v", err)
	}
	for seq, text := range told {
		if seq >= uint64(len(texts)) || !strings.Contains(texts[seq], fmt.Sprintf(`"text":%q`, text)) {
			t.Errorf("record %d was acknowledged and is not there", seq)
		}
	}
	key, err := os.ReadFile(p.path(publicKeyFile))
	if err != nil {
		t.Fatal(err)
	}
	report, err := Verify(context.Background(), folder, VerifyOptions{Key: strings.TrimSpace(string(key))})
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range report.Problems {
		t.Errorf("verify: %+v", problem)
	}
	return len(told), recovered
}

func (p *platter) isOff() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.off
}
