// Package calls lets a test decide on each system call by which a process
// changes files: let it pass, let it fail, let it hang, or kill the process
// just before it.
//
// The process under test is the shipped binary, unchanged: nothing is compiled
// into it. It runs under a seccomp filter that hands those calls to the test
// (seccomp_unotify(2)), so this needs Linux 5.19 or later; elsewhere [Supported]
// says why not.
package calls

import (
	"path/filepath"
	"strings"
	"syscall"
)

// Call is a system call that has not yet begun.
type Call struct {
	// Name is the call's, such as pwrite64, fsync, linkat or io_submit.
	Name string
	// Path is the file or folder it is about; To is the new name of a linkat
	// or renameat.
	Path, To string
	// Process and Thread are who makes it. A thread's next call says that the
	// one before has ended.
	Process, Thread int
	// Event is the eventfd that counts the ends of io_submit's writes.
	Event int
	// Offset is where a pwrite64 or io_submit writes, in bytes.
	Offset int64
}

// Verdict is what becomes of a call. Its zero value lets it pass.
type Verdict struct {
	// Errno, if not 0, is what the call fails with; nothing is done.
	Errno syscall.Errno
	// Kill ends the process, as kill -9 does, with the call not begun.
	Kill bool
	// Hold, if not nil, lets the call wait until it is closed.
	Hold <-chan struct{}
}

// Decide is asked about one call at a time.
type Decide func(Call) Verdict

// Kind is what sort of call it is on what sort of place, such as
// "linkat sealed" or "io_submit open": calls of one kind are the same step of
// the same algorithm. Below is the folder that the places are in.
func (c Call) Kind(below string) string {
	path := c.Path
	if c.To != "" {
		path = c.To
	}
	rel, err := filepath.Rel(below, path)
	if err != nil {
		return c.Name + " ?"
	}
	if rel == "." {
		return c.Name + " ."
	}
	var place []string
	for _, name := range strings.Split(rel, "/") {
		switch {
		case strings.HasPrefix(name, ".tmp-"):
			name = ".tmp"
		case strings.HasPrefix(name, "dt="), strings.HasPrefix(name, "hour="):
			name = name[:strings.IndexByte(name, '=')]
		case len(place) > 0 && place[len(place)-1] == ".tmp":
			name = "*"
		case strings.Trim(strings.TrimSuffix(name, ".gz"), "0123456789x.p") == "":
			name = "#"
		case strings.Trim(name, "0123456789") == ".ndjson" || strings.Trim(name, "0123456789") == ".ndjson.gz":
			name = "segment"
		}
		place = append(place, name)
	}
	return c.Name + " " + strings.Join(place, "/")
}
