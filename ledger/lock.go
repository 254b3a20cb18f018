package ledger

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// lockFile lies in the log's folder; its text is the process that holds it, or
// held it last.
const lockFile = "lock"

// takeLock makes this process the only one that writes the log in a folder.
func takeLock(root *os.Root) (*os.File, error) {
	f, err := root.OpenFile(lockFile, os.O_CREATE|os.O_RDWR, 0o640)
	if err != nil {
		return nil, err
	}
	held, err := tryLock(f)
	if err == nil && held {
		f.Truncate(0) // the text is only for people
		f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
		return f, nil
	}
	text, _ := io.ReadAll(io.LimitReader(f, 32))
	f.Close()
	if err != nil {
		return nil, fmt.Errorf("locking %s: %w", lockFile, err)
	}
	holder := strings.TrimSpace(string(text))
	if holder == "" {
		holder = "unknown"
	}
	return nil, fmt.Errorf("another process writes this log (process id %s): stop it, or give this one a log of its own", holder)
}
