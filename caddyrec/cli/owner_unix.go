//go:build unix

package cli

import (
	"io/fs"
	"os"
	"syscall"
)

// isSomebodyElses says whether a file belongs to another user: root may write
// what that user could then not.
func isSomebodyElses(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) != os.Geteuid()
}
