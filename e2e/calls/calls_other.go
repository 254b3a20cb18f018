//go:build !linux || !(amd64 || arm64)

package calls

import (
	"errors"
	"os/exec"
)

var errHere = errors.New("system calls can only be watched on Linux, on amd64 and arm64")

// Supported says whether calls can be watched here, by an error if not.
func Supported() error { return errHere }

// Launch does nothing here.
func Launch() {}

// Start fails here.
func Start(*exec.Cmd, string, Decide, string) error { return errHere }

// Name is empty here.
func Name(int) string { return "" }
