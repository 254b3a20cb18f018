package ledger

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// syncDir does nothing: NTFS keeps names in its own journal, and Windows lets
// nobody flush a folder.
func syncDir(*os.Root, string) error { return nil }

// giveTo does nothing: a new file has the rights of its folder.
func giveTo(*os.Root, string, os.FileInfo) error { return nil }

// noSpace says that an error is of a full disk or quota.
func noSpace(err error) bool {
	return errors.Is(err, windows.ERROR_DISK_FULL) || errors.Is(err, windows.ERROR_HANDLE_DISK_FULL) ||
		errors.Is(err, windows.ERROR_DISK_QUOTA_EXCEEDED)
}

// tryLock takes the lock that other processes see, without waiting. It lasts
// until the file is closed, so also until the process is gone. The locked byte
// lies far behind the text, which stays readable.
func tryLock(f *os.File) (bool, error) {
	at := &windows.Overlapped{OffsetHigh: 1}
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) || errors.Is(err, windows.ERROR_IO_PENDING) {
		return false, nil
	}
	return err == nil, err
}
