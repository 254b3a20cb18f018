//go:build !linux && !darwin && !freebsd && !windows

package cli

func diskSpace(string) (free, total uint64, ok bool) { return 0, 0, false }
