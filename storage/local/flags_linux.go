package local

import (
	"os"

	"golang.org/x/sys/unix"
)

// immutableFlag is FS_IMMUTABLE_FL of linux/fs.h.
const immutableFlag = 0x10

// setImmutable sets or clears FS_IMMUTABLE_FL (ioctl_iflags(2)).
func setImmutable(f *os.File, on bool) error {
	return control(f, func(fd int) error {
		flags, err := unix.IoctlGetUint32(fd, unix.FS_IOC_GETFLAGS)
		if err != nil {
			return os.NewSyscallError("FS_IOC_GETFLAGS", err)
		}
		flags &^= immutableFlag
		if on {
			flags |= immutableFlag
		}
		return os.NewSyscallError("FS_IOC_SETFLAGS", unix.IoctlSetPointerInt(fd, unix.FS_IOC_SETFLAGS, int(flags)))
	})
}

func isImmutable(f *os.File) (is, known bool) {
	err := control(f, func(fd int) error {
		flags, err := unix.IoctlGetUint32(fd, unix.FS_IOC_GETFLAGS)
		is = flags&immutableFlag != 0
		return err
	})
	return is, err == nil
}

func control(f *os.File, do func(fd int) error) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var ioctlErr error
	if err := conn.Control(func(fd uintptr) { ioctlErr = do(int(fd)) }); err != nil {
		return err
	}
	return ioctlErr
}
