package ledger

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestALogThatAnotherHasOpenForAMomentIsWaitedFor(t *testing.T) {
	p := newPlace(t)
	first := p.open()
	commit(t, first, "a")
	told := make(chan string, 10)
	opened := make(chan *Log, 1)
	go func() {
		o := p.options()
		o.Wait, o.OnWait = time.Hour, func(holder string) { told <- holder }
		l, err := Open(o)
		if err != nil {
			t.Error(err)
		}
		opened <- l
	}()
	if holder := <-told; holder != fmt.Sprint(os.Getpid()) {
		t.Errorf("it waits for process %s", holder)
	}
	closeLog(t, first)
	second := <-opened
	if second == nil {
		t.FailNow()
	}
	commit(t, second, "b")
	closeLog(t, second)
	hasTexts(t, p.read(), "a", "b")
	if len(told) > 0 {
		t.Errorf("it was told %d times more", len(told))
	}
}

func TestALogThatAnotherKeepsOpenIsRefusedInTheEnd(t *testing.T) {
	p := newPlace(t)
	first := p.open()
	synctest.Test(t, func(t *testing.T) {
		told := 0
		o := p.options()
		o.Wait, o.OnWait = time.Hour, func(string) { told++ }
		began := time.Now()
		_, err := Open(o)
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("another process writes this log (process id %d)", os.Getpid())) {
			t.Errorf("it is opened twice: %v", err)
		}
		if waited := time.Since(began); told != 1 || waited != time.Hour {
			t.Errorf("it waited for %v, and told it %d times", waited, told)
		}
		o.Wait = 0
		if _, err := Open(o); err == nil || told != 1 {
			t.Errorf("who does not want to wait: %v", err)
		}
	})
	commit(t, first, "a")
	closeLog(t, first)
}
