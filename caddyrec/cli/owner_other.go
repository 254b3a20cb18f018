//go:build !unix

package cli

import "io/fs"

// isSomebodyElses: files here inherit who may write them.
func isSomebodyElses(fs.FileInfo) bool { return false }
