//go:build linux

package main

import (
	"debug/buildinfo"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// machine is what the figures hang on.
type machine struct {
	cores            int
	goVersion, caddy string
	filesystem       string
}

func machineOf(binary, dir string) (machine, error) {
	m := machine{cores: runtime.NumCPU()}
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return m, err
	}
	m.goVersion = info.GoVersion
	for _, d := range info.Deps {
		if d.Path == "github.com/caddyserver/caddy/v2" {
			m.caddy = d.Version
		}
	}
	m.filesystem, err = filesystemOf(dir)
	return m, err
}

// filesystemOf finds the type of the file system that holds a folder: that of
// the longest mount point above it.
func filesystemOf(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	mounts, err := os.ReadFile("/proc/mounts")
	if err != nil {
		return "", err
	}
	longest, kind := "", "unknown"
	for line := range strings.Lines(string(mounts)) {
		fields := strings.Fields(line)
		if len(fields) < 3 {
			continue
		}
		point := fields[1]
		inside := dir == point || strings.HasPrefix(dir, strings.TrimSuffix(point, "/")+"/")
		if inside && len(point) >= len(longest) {
			longest, kind = point, fields[2]
		}
	}
	return kind, nil
}

func (m machine) String() string {
	return fmt.Sprintf("%d cores, %s, Caddy %s, %s", m.cores, m.goVersion, m.caddy, m.filesystem)
}
