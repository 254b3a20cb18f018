package ledger

import (
	"os"
	"sync"
	"unsafe"
)

// zeroWriter fills a segment ahead of its records. Where the system can, the
// zeros go past the page cache: a record's sync flushes all of its file's dirty
// pages, and would wait for megabytes of zeros otherwise.
type zeroWriter struct {
	direct *os.File // nil where the file system knows no direct writes
}

const (
	pageSize  = 4096
	zeroBlock = 1 << 20
)

func newZeroWriter(root *os.Root, name string) *zeroWriter {
	return &zeroWriter{openDirect(root, name)}
}

func (z *zeroWriter) write(buffered *os.File, from, to int64) error {
	block := zeros()
	file := buffered
	if z.direct != nil && from%pageSize == 0 && to%pageSize == 0 {
		file = z.direct
	}
	for from < to {
		n, err := file.WriteAt(block[:min(to-from, int64(len(block)))], from)
		from += int64(n)
		if err != nil && file == z.direct && notSupported(err) {
			file = buffered
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (z *zeroWriter) close() {
	if z.direct != nil {
		z.direct.Close()
	}
}

// zeros are only ever read. They begin at a page boundary, as direct writes
// want them.
var zeros = sync.OnceValue(func() []byte {
	b := make([]byte, zeroBlock+pageSize)
	skip := -int(uintptr(unsafe.Pointer(&b[0]))) & (pageSize - 1)
	return b[skip : skip+zeroBlock]
})
