//go:build linux && (amd64 || arm64)

package calls

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Supported says whether calls can be watched here, by an error if not.
func Supported() error {
	cmd := exec.Command("/proc/self/exe")
	err := Start(cmd, "/nonexistent", func(Call) Verdict { return Verdict{} }, "/bin/true")
	if err != nil {
		return err
	}
	return cmd.Wait()
}

// Start starts program, with cmd's arguments, environment and output, and asks
// decide about each call that changes something below a folder. TestMain must
// have called [Launch].
func Start(cmd *exec.Cmd, below string, decide Decide, program string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("socketpair", err)
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "calls"), os.NewFile(uintptr(pair[1]), "calls")
	defer ours.Close()
	cmd.Path = self
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env, launched+"="+program)
	cmd.ExtraFiles = []*os.File{theirs}
	err = cmd.Start()
	theirs.Close()
	if err != nil {
		return err
	}
	listener, err := receive(ours)
	if err != nil {
		cmd.Process.Kill()
		cmd.Wait()
		return fmt.Errorf("calls cannot be watched here: %w", err)
	}
	w := &watch{listener: listener, process: cmd.Process.Pid, below: below, decide: decide}
	go w.run()
	return nil
}

// receive takes the listener that the launcher sends, or learns that it has
// ended.
func receive(from *os.File) (int, error) {
	control := make([]byte, unix.CmsgSpace(4))
	n, size, _, _, err := unix.Recvmsg(int(from.Fd()), make([]byte, 1), control, 0)
	if err != nil {
		return 0, os.NewSyscallError("recvmsg", err)
	}
	if n == 0 || size == 0 {
		return 0, errors.New("the launcher has ended")
	}
	messages, err := unix.ParseSocketControlMessage(control[:size])
	if err != nil {
		return 0, err
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		return 0, err
	}
	return fds[0], nil
}

type watch struct {
	listener, process int
	below             string
	decide            Decide
}

// Of linux/seccomp.h.
type (
	notification struct {
		id         uint64
		pid, flags uint32
		number     int32
		arch       uint32
		ip         uint64
		args       [6]uint64
	}
	response struct {
		id    uint64
		value int64
		errno int32
		flags uint32
	}
)

func (w *watch) run() {
	defer unix.Close(w.listener)
	for {
		ready := []unix.PollFd{{Fd: int32(w.listener), Events: unix.POLLIN}}
		if _, err := unix.Poll(ready, -1); err != nil {
			if err == unix.EINTR {
				continue
			}
			return
		}
		if ready[0].Revents&unix.POLLIN == 0 {
			return // the process has ended
		}
		var n notification
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(w.listener), unix.SECCOMP_IOCTL_NOTIF_RECV, uintptr(unsafe.Pointer(&n))); errno != 0 {
			continue // the caller has ended since
		}
		w.handle(n)
	}
}

func (w *watch) handle(n notification) {
	var v Verdict
	if c, ok := w.call(n); ok {
		v = w.decide(c)
	}
	switch {
	case v.Kill:
		unix.Kill(w.process, unix.SIGKILL)
	case v.Hold != nil:
		go func() {
			<-v.Hold
			w.answer(response{id: n.id, flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE})
		}()
	case v.Errno != 0:
		w.answer(response{id: n.id, errno: -int32(v.Errno)})
	default:
		w.answer(response{id: n.id, flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE})
	}
}

// answer may fail: then the process has ended.
func (w *watch) answer(r response) {
	unix.Syscall(unix.SYS_IOCTL, uintptr(w.listener), unix.SECCOMP_IOCTL_NOTIF_SEND, uintptr(unsafe.Pointer(&r)))
}

// call says what a notification is about, and whether that is below the folder.
func (w *watch) call(n notification) (c Call, ok bool) {
	switch number := uintptr(n.number); number {
	case unix.SYS_OPENAT:
		c = Call{Name: "openat", Path: n.at(0)}
	case unix.SYS_MKDIRAT, unix.SYS_UNLINKAT:
		c = Call{Name: watched[number], Path: n.at(0)}
	case unix.SYS_LINKAT, unix.SYS_RENAMEAT, unix.SYS_RENAMEAT2:
		c = Call{Name: watched[number], Path: n.at(0), To: n.at(2)}
	case unix.SYS_IO_SUBMIT:
		b := n.submitted()
		c = Call{Name: watched[number], Path: n.file(b.fd), Event: int(b.event), Offset: b.offset}
	default:
		c = Call{Name: watched[number], Path: n.file(uint32(n.args[0]))}
		if number == unix.SYS_PWRITE64 {
			c.Offset = int64(n.args[3])
		}
	}
	c.Process, c.Thread = w.process, int(n.pid)
	return c, strings.HasPrefix(c.Path, w.below+"/") || c.Path == w.below
}

func (n *notification) file(fd uint32) string { return n.link(fmt.Sprintf("fd/%d", fd)) }

// link reads a link in the caller's part of /proc.
func (n *notification) link(name string) string {
	path, err := os.Readlink(fmt.Sprintf("/proc/%d/%s", n.pid, name))
	if err != nil {
		return ""
	}
	return path
}

// at is the path that two arguments, a folder and a name, stand for.
func (n *notification) at(arg int) string {
	name := n.text(n.args[arg+1])
	if filepath.IsAbs(name) {
		return name
	}
	dir := "cwd"
	if fd := int32(n.args[arg]); fd != unix.AT_FDCWD {
		dir = fmt.Sprintf("fd/%d", fd)
	}
	return filepath.Join(n.link(dir), name)
}

// text reads a string in the caller's memory.
func (n *notification) text(at uint64) string {
	buf := make([]byte, 4096)
	// Not over the end of a page: the next one may not be there.
	size := min(uint64(len(buf)), 4096-at%4096)
	got := n.memory(buf[:size], at)
	text, _, ended := bytes.Cut(got, []byte{0})
	if !ended {
		text, _, _ = bytes.Cut(append(got, n.memory(buf[size:], at+size)...), []byte{0})
	}
	return string(text)
}

func (n *notification) memory(into []byte, at uint64) []byte {
	if len(into) == 0 {
		return nil
	}
	local := []unix.Iovec{{Base: &into[0], Len: uint64(len(into))}}
	got, err := unix.ProcessVMReadv(int(n.pid), local, []unix.RemoteIovec{{Base: uintptr(at), Len: len(into)}}, 0)
	if err != nil {
		return nil
	}
	return into[:got]
}

// block is struct iocb of linux/aio_abi.h.
type block struct {
	_        [20]byte
	fd       uint32
	_, _     uint64 // buffer and length
	offset   int64
	_        uint64
	_, event uint32 // flags before it
}

// submitted is the one write that an io_submit begins.
func (n *notification) submitted() (b block) {
	var first uint64
	n.memory(unsafe.Slice((*byte)(unsafe.Pointer(&first)), 8), n.args[2])
	n.memory(unsafe.Slice((*byte)(unsafe.Pointer(&b)), unsafe.Sizeof(b)), first)
	return b
}

// Name is the name of a watched system call; of another it is empty.
func Name(number int) string {
	if number == unix.SYS_OPENAT {
		return "openat"
	}
	return watched[uintptr(number)]
}
