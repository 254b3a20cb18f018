package ledger

import (
	"bytes"
	"io"

	"github.com/klauspost/compress/gzip"
)

// compressor reads as the gzip form of another reader, a chunk at a time.
type compressor struct {
	from  io.Reader
	chunk []byte
	out   bytes.Buffer
	gz    *gzip.Writer
	err   error
}

func newCompressor(from io.Reader) *compressor {
	c := &compressor{from: from, chunk: make([]byte, 128<<10)}
	c.gz, _ = gzip.NewWriterLevel(&c.out, gzip.BestSpeed) // the level is valid
	return c
}

func (c *compressor) Read(p []byte) (int, error) {
	for c.out.Len() == 0 {
		if c.err != nil {
			return 0, c.err
		}
		var n int
		n, c.err = c.from.Read(c.chunk)
		if _, err := c.gz.Write(c.chunk[:n]); err != nil {
			return 0, err
		}
		if c.err == io.EOF {
			if err := c.gz.Close(); err != nil {
				return 0, err
			}
		}
	}
	return c.out.Read(p)
}
