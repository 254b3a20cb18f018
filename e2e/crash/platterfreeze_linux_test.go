package crash

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/caddyrec/caddyrec/e2e/calls"
	"github.com/caddyrec/caddyrec/e2e/wait"
)

// freeze stops the process and finds out which calls have ended.
func (p *platter) freeze(pid int) {
	// Sent to each thread: the one that a signal to the process is left to may
	// be the one that waits for an answer of ours.
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	p.fail(err)
	for _, t := range tasks {
		if thread, err := strconv.Atoi(t.Name()); err == nil {
			unix.Tgkill(pid, thread, unix.SIGSTOP)
		}
	}
	deadline := time.After(wait.Patience)
	tick := time.NewTicker(100 * time.Microsecond)
	defer tick.Stop()
	for !frozen(pid) {
		select {
		case <-tick.C:
		case <-deadline:
			p.fail(fmt.Errorf("process %d does not stop", pid))
			return
		}
	}
	for thread, c := range p.under {
		number, _, _ := strings.Cut(proc(pid, "task/%d/syscall", thread), " ")
		if in, err := strconv.Atoi(number); err != nil || calls.Name(in) != c.Name {
			p.next(thread)
		}
	}
	for _, d := range p.data {
		if d.event == 0 {
			continue
		}
		_, rest, _ := strings.Cut(proc(pid, "fdinfo/%d", d.event), "eventfd-count:")
		line, _, _ := strings.Cut(rest, "\n")
		n, err := strconv.ParseInt(strings.TrimSpace(line), 16, 64)
		if err == nil && int(n) >= d.writes {
			d.event = 0 // no write is under way
		}
	}
}

func proc(pid int, name string, args ...any) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, fmt.Sprintf(name, args...)))
	return string(text)
}

// frozen says whether all of a process's threads are stopped, or in a call that
// nothing interrupts.
func frozen(pid int) bool {
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return true
	}
	for _, t := range tasks {
		stat := proc(pid, "task/%s/stat", t.Name())
		if at := strings.LastIndexByte(stat, ')'); at > 0 && !strings.ContainsRune("TtDZX", rune(stat[at+2])) {
			return false
		}
	}
	return true
}
