//go:build linux && (amd64 || arm64)

package calls

import (
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// launched tells a child of the test that it is the launcher, and which
// program it is to become.
const launched = "CADDYREC_E2E_LAUNCH"

// channel is the launcher's end of the socket to the test.
const channel = 3

// Launch must be the first thing that TestMain does: in a child that Start made
// it puts the filter on the process, hands its listener to the test, and
// becomes the program under test. In the test itself it returns at once.
func Launch() {
	program := os.Getenv(launched)
	if program == "" {
		return
	}
	err := launch(program)
	fmt.Fprintln(os.Stderr, "launching", program+":", err)
	os.Exit(1)
}

func launch(program string) error {
	runtime.LockOSThread()
	listener, err := install()
	if err != nil {
		return err
	}
	if err := unix.Sendmsg(channel, []byte{0}, unix.UnixRights(listener), nil, 0); err != nil {
		return err
	}
	unix.CloseOnExec(channel)
	os.Unsetenv(launched)
	return unix.Exec(program, os.Args, os.Environ())
}

// install puts the filter on this thread, and so on all that come of it.
func install() (listener int, err error) {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return 0, os.NewSyscallError("prctl", err)
	}
	code := filter()
	prog := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	fd, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		unix.SECCOMP_FILTER_FLAG_NEW_LISTENER|unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, uintptr(unsafe.Pointer(&prog)))
	if errno != 0 {
		return 0, os.NewSyscallError("seccomp", errno)
	}
	return int(fd), nil
}

// watched are the calls by which files are changed.
var watched = map[uintptr]string{
	unix.SYS_WRITE: "write", unix.SYS_PWRITE64: "pwrite64", unix.SYS_IO_SUBMIT: "io_submit",
	unix.SYS_FSYNC: "fsync", unix.SYS_FDATASYNC: "fdatasync", unix.SYS_FTRUNCATE: "ftruncate",
	unix.SYS_LINKAT: "linkat", unix.SYS_RENAMEAT: "renameat", unix.SYS_RENAMEAT2: "renameat2",
	unix.SYS_UNLINKAT: "unlinkat", unix.SYS_MKDIRAT: "mkdirat",
}

// Where struct seccomp_data has its fields.
const (
	dataNumber = 0
	dataFlags  = 16 + 2*8 // the lower half of the third argument
)

// filter is a program that notifies of watched calls, and of openat where it
// may make a file.
func filter() []unix.SockFilter {
	load := func(k uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: k}
	}
	end := func(k uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: k}
	}
	notify := end(unix.SECCOMP_RET_USER_NOTIF)
	code := []unix.SockFilter{load(dataNumber)}
	for number := range watched {
		code = append(code, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: uint32(number), Jf: 1}, notify)
	}
	return append(code,
		unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_OPENAT, Jf: 3},
		load(dataFlags),
		unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, K: unix.O_CREAT, Jf: 1},
		notify,
		end(unix.SECCOMP_RET_ALLOW))
}
