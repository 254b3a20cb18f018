package ledger

import (
	"fmt"
	"io"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// directWriter writes a segment past the page cache, durably, without a thread
// that waits: a blocking fdatasync holds one of Go's processors for as long as
// the disk takes, which on few cores is felt by all requests. The write goes to
// the kernel with io_submit(2), O_DIRECT and RWF_DSYNC; its end comes through
// an eventfd, on which the goroutine is parked as on a socket. The eventfd is
// never read: each signal is an edge, which is what Go's poller waits for.
//
// Direct writes are of whole pages: the last, partial page of the records is
// kept in memory and written again with what follows. Its earlier bytes are the
// same each time, so a torn write leaves them as they were.
type directWriter struct {
	file  *os.File // with O_DIRECT
	event *os.File
	ended syscall.RawConn // of event
	eventFD,
	fileFD uintptr
	aio  uintptr
	buf  []byte // page-aligned, outside of Go's heap
	from int64  // where buf stands in the file, a page boundary
	end  int64  // of the records in buf

	// Of the write under way. They are here, not on a stack, so that writing
	// allocates nothing.
	cb    iocb
	list  [1]*iocb
	done  ioEvent
	begun bool
	fault error
	step  func(fd uintptr) (over bool) // is next
}

// directBuffer bounds one write; a larger batch goes in several.
const directBuffer = 1 << 20

// Of linux/aio_abi.h.
type (
	iocb struct {
		_              uint64 // data, handed back with the event
		_, rwFlags     uint32 // key and flags, in this order where the low byte is first
		opcode, _      uint16 // and priority
		fd             uint32
		buf, bytes     uint64
		offset         int64
		_              uint64
		flags, eventFD uint32
	}
	ioEvent struct {
		data, obj     uint64
		result, other int64
	}
)

const (
	iocbPwrite  = 1
	iocbEventFD = 1
	rwfDsync    = 2
)

// newDirectWriter returns nil where the system cannot write so.
func newDirectWriter(root *os.Root, name string) durableWriter {
	if littleEndian := *(*byte)(unsafe.Pointer(&[]uint16{1}[0])) == 1; !littleEndian {
		return nil
	}
	file := openDirect(root, name)
	if file == nil {
		return nil
	}
	d := &directWriter{file: file}
	if err := d.open(); err != nil {
		d.close()
		return nil
	}
	return d
}

func (d *directWriter) open() error {
	fd, err := unix.Eventfd(0, unix.EFD_NONBLOCK|unix.EFD_CLOEXEC)
	if err != nil {
		return err
	}
	d.event = os.NewFile(uintptr(fd), "eventfd")
	d.eventFD, d.fileFD = uintptr(fd), d.file.Fd()
	d.step = d.next
	if d.ended, err = d.event.SyscallConn(); err != nil {
		return err
	}
	if _, _, errno := unix.Syscall(unix.SYS_IO_SETUP, 1, uintptr(unsafe.Pointer(&d.aio)), 0); errno != 0 {
		return errno
	}
	d.buf, err = unix.Mmap(-1, 0, directBuffer, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	return err
}

func (d *directWriter) close() {
	if d.aio != 0 {
		unix.Syscall(unix.SYS_IO_DESTROY, d.aio, 0, 0) // waits for what is under way
		d.aio = 0
	}
	if d.event != nil {
		d.event.Close()
	}
	if d.buf != nil {
		unix.Munmap(d.buf)
		d.buf = nil
	}
	d.file.Close()
}

// write makes p durable at off, where the records so far end.
func (d *directWriter) write(p []byte, off int64) error {
	if off != d.end {
		return fmt.Errorf("a direct write at byte %d does not follow byte %d", off, d.end)
	}
	for len(p) > 0 {
		at := d.end - d.from
		n := copy(d.buf[at:], p)
		p = p[n:]
		stop := roundUp(at+int64(n), pageSize)
		clear(d.buf[at+int64(n) : stop])
		if err := d.submit(d.buf[:stop], d.from); err != nil {
			return err
		}
		d.end += int64(n)
		// The last, partial page moves to the front.
		if full := (d.end - d.from) / pageSize * pageSize; full > 0 {
			copy(d.buf, d.buf[full:stop])
			d.from += full
		}
	}
	return nil
}

// submit writes whole pages and returns when they are durable.
func (d *directWriter) submit(pages []byte, off int64) error {
	d.cb = iocb{
		opcode: iocbPwrite, rwFlags: rwfDsync, fd: uint32(d.fileFD), flags: iocbEventFD, eventFD: uint32(d.eventFD),
		buf: uint64(uintptr(unsafe.Pointer(&pages[0]))), bytes: uint64(len(pages)), offset: off,
	}
	d.begun, d.fault = false, nil
	err := d.ended.Read(d.step)
	switch result := d.done.result; {
	case d.fault != nil:
		return d.fault
	case err != nil:
		return fmt.Errorf("waiting for a direct write: %w", err)
	case result < 0:
		return os.NewSyscallError("direct write", unix.Errno(-result))
	case result < int64(len(pages)):
		return io.ErrShortWrite
	}
	return nil
}

// next begins the write and then, each time it is called, says whether it is
// over. The poller is armed before it is called first: no signal is missed.
func (d *directWriter) next(uintptr) (over bool) {
	if !d.begun {
		d.begun = true
		d.fault = d.begin()
		return d.fault != nil
	}
	over, d.fault = d.poll()
	return over || d.fault != nil
}

func (d *directWriter) begin() error {
	d.list[0] = &d.cb
	for {
		_, _, errno := unix.Syscall(unix.SYS_IO_SUBMIT, d.aio, 1, uintptr(unsafe.Pointer(&d.list)))
		if errno == 0 {
			return nil
		}
		if errno != unix.EINTR && errno != unix.EAGAIN {
			return os.NewSyscallError("io_submit", errno)
		}
	}
}

// poll takes the outcome of the write, if there is one yet.
func (d *directWriter) poll() (over bool, err error) {
	var now unix.Timespec
	for {
		n, _, errno := unix.Syscall6(unix.SYS_IO_GETEVENTS, d.aio, 0, 1, uintptr(unsafe.Pointer(&d.done)), uintptr(unsafe.Pointer(&now)), 0)
		if errno == unix.EINTR {
			continue
		}
		if errno != 0 {
			return false, os.NewSyscallError("io_getevents", errno)
		}
		return n == 1, nil
	}
}
