package gcs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"os"

	"github.com/caddyrec/caddyrec/storage"
)

// inMemory is how much of an object is kept in memory, in bytes; what is larger
// waits in a temporary file.
const inMemory = 1 << 20

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// content is what an object will hold, to be read as often as it takes. Its
// sums must be known before it is sent.
type content struct {
	from   io.ReadSeeker
	start  int64
	size   int64
	crc    uint32
	sha    string // hexadecimal
	remove func()
}

// gather reads all of r. What can be read again is not copied.
func gather(ctx context.Context, r io.Reader) (*content, error) {
	c := &content{remove: func() {}}
	crc, sha := crc32.New(castagnoli), sha256.New()
	again, start, ok := seekable(r)
	r = storage.ReadWithin(ctx, r)
	var err error
	if ok {
		c.from, c.start = again, start
		c.size, err = io.Copy(io.MultiWriter(crc, sha), r)
	} else {
		err = c.spill(io.TeeReader(r, io.MultiWriter(crc, sha)))
	}
	if err != nil {
		c.remove()
		return nil, err
	}
	c.crc, c.sha = crc.Sum32(), hex.EncodeToString(sha.Sum(nil))
	return c, nil
}

func seekable(r io.Reader) (io.ReadSeeker, int64, bool) {
	s, ok := r.(io.ReadSeeker)
	if !ok {
		return nil, 0, false
	}
	start, err := s.Seek(0, io.SeekCurrent)
	return s, start, err == nil // a pipe is a file that cannot seek
}

// spill keeps what r gives, in memory or else in a file.
func (c *content) spill(r io.Reader) error {
	var head bytes.Buffer
	n, err := io.CopyN(&head, r, inMemory)
	if err == io.EOF {
		c.from, c.size = bytes.NewReader(head.Bytes()), n
		return nil
	}
	if err != nil {
		return err
	}
	f, err := os.CreateTemp("", "caddyrec-upload-*")
	if err != nil {
		return fmt.Errorf("making room for what is sent: %w", err)
	}
	c.remove = func() {
		f.Close()
		os.Remove(f.Name())
	}
	c.from = f
	c.size, err = io.Copy(f, io.MultiReader(&head, r))
	return err
}

// rewind gives the content from its beginning.
func (c *content) rewind() (io.Reader, error) {
	if _, err := c.from.Seek(c.start, io.SeekStart); err != nil {
		return nil, fmt.Errorf("reading it again: %w", err)
	}
	return io.LimitReader(c.from, c.size), nil
}
