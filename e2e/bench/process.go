//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// ticks is the unit of processor time in /proc, USER_HZ: 100 a second on every
// Linux that Go runs on.
const ticks = 100

// processorTime is how long a process has run on any processor, in user mode
// and in the kernel (proc(5), /proc/[pid]/stat, fields 14 and 15).
func processorTime(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The name, field 2, is in parentheses and may hold anything.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	const utime, stime = 14 - 3, 15 - 3
	if len(fields) <= stime {
		return 0, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields)+2)
	}
	var sum int64
	for _, f := range [...]int{utime, stime} {
		n, err := strconv.ParseInt(string(fields[f]), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("/proc/%d/stat: %w", pid, err)
		}
		sum += n
	}
	return time.Duration(sum) * time.Second / ticks, nil
}

// busyTime is how long all processors together have run anything at all
// (proc(5), /proc/stat, the line of all cpus: user, nice, system, irq, softirq).
func busyTime() (time.Duration, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	line, _, _ := bytes.Cut(text, []byte("\n"))
	fields := bytes.Fields(line)
	if len(fields) < 8 {
		return 0, fmt.Errorf("/proc/stat begins with %q", line)
	}
	var sum int64
	for _, f := range [...]int{1, 2, 3, 6, 7} {
		n, err := strconv.ParseInt(string(fields[f]), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("/proc/stat: %w", err)
		}
		sum += n
	}
	return time.Duration(sum) * time.Second / ticks, nil
}

// usage is what processors were used for up to now.
type usage struct{ gateway, bench, all time.Duration }

// used reads the processor time of a gateway, of all that the benchmark runs
// for it, and of the whole machine.
func (t *target) used() (u usage, err error) {
	if u.gateway, err = processorTime(t.pid); err != nil {
		return u, err
	}
	u.bench = u.gateway
	for _, pid := range [...]int{os.Getpid(), t.upstreamPid} {
		d, err := processorTime(pid)
		if err != nil {
			return u, err
		}
		u.bench += d
	}
	u.all, err = busyTime()
	return u, err
}
