//go:build !linux

package ledger

import "os"

// syncFileData makes a file durable. On Darwin, Go's Sync reaches the platter
// (F_FULLFSYNC), on Windows it is FlushFileBuffers.
func syncFileData(f *os.File) error { return f.Sync() }

// forgetPages does nothing: there is no such advice here.
func forgetPages(*os.File) {}

func openDirect(*os.Root, string) *os.File { return nil }

func notSupported(error) bool { return false }
