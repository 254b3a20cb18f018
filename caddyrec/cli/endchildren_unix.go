//go:build unix

package cli

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// endWithChildren has what a command started end with it, when its context is
// over. It is a process group of its own then: an interrupt on the terminal does
// not reach it, so the context must end with one.
func endWithChildren(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error {
		err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		if errors.Is(err, syscall.ESRCH) {
			return os.ErrProcessDone
		}
		return err
	}
}
