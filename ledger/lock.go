package ledger

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// lockFile lies in the log's folder; its text is the process that holds it, or
// held it last.
const lockFile = "lock"

// lockPoll is how often it is looked whether a lock is free by now.
const lockPoll = 50 * time.Millisecond

// takeLock makes this process the only one that writes the log in a folder. It
// waits up to that long for one that has the lock, and tells once that it does.
func takeLock(root *os.Root, wait time.Duration, tell func(holder string)) (*os.File, error) {
	f, err := root.OpenFile(lockFile, os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return nil, err
	}
	held, err := tryLock(f)
	if err == nil && !held && wait > 0 {
		if tell != nil {
			tell(holderOf(f))
		}
		for late := time.Now().Add(wait); err == nil && !held && time.Now().Before(late); {
			time.Sleep(lockPoll)
			held, err = tryLock(f)
		}
	}
	if err == nil && held {
		f.Truncate(0) // the text is only for people
		f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
		return f, nil
	}
	holder := holderOf(f)
	f.Close()
	if err != nil {
		return nil, fmt.Errorf("locking %s: %w", lockFile, err)
	}
	return nil, fmt.Errorf("another process writes this log (process id %s): stop it, or give this one a log of its own", holder)
}

// holderOf is the process that has a lock, as far as the file tells.
func holderOf(f *os.File) string {
	text, _ := io.ReadAll(io.NewSectionReader(f, 0, 32))
	if holder := strings.TrimSpace(string(text)); holder != "" {
		return holder
	}
	return "unknown"
}
