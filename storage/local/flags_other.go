//go:build !linux

package local

import (
	"errors"
	"os"
)

func setImmutable(*os.File, bool) error { return errors.ErrUnsupported }

func isImmutable(*os.File) (is, known bool) { return false, false }
