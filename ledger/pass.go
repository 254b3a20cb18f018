package ledger

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/klauspost/compress/gzip"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/caddyrec/caddyrec/storage"
)

// pass reads a written segment once, from the disk, for all that sealing needs:
// it reads as the segment's gzip form, hashes its records on the way and, at
// their end, holds them against what was acknowledged. Only then does it end,
// so that an object made of it is never of anything else.
type pass struct {
	job   sealJob
	lines *lineReader
	// proven is called once the records are proven, before the pass ends.
	proven func(*pass) error

	when   time.Time // of the first record
	tree   frontier
	tiling *tiling
	tiles  []storage.Object // those that the segment completes
	prefix string           // of their names
	index  *indexTable

	hasher leafHasher
	gz     *gzip.Writer
	out    bytes.Buffer // compressed, not read yet
	sum    hash.Hash    // SHA-256 of what was read
	err    error        // io.EOF at the end
}

// newPass reads up to the first record, whose time is in the object's name.
func (s *sealer) newPass(job sealJob, segment io.Reader, proven func(*pass) error) (*pass, error) {
	if s.tiling.size != job.first {
		return nil, fmt.Errorf("it begins at record %d, but %d are sealed", job.first, s.tiling.size)
	}
	p := &pass{
		job: job, lines: newLineReader(io.LimitReader(segment, job.size)), proven: proven,
		tiling: s.tiling.clone(), prefix: s.log.prefix, index: newIndexTable(), sum: sha256.New(),
	}
	p.tree = p.tiling.frontier()
	p.gz, _ = gzip.NewWriterLevel(&p.out, gzip.BestSpeed) // the level is valid
	if p.step(); p.err != nil && p.err != io.EOF {
		return nil, p.err
	}
	return p, nil
}

func (p *pass) Read(b []byte) (int, error) {
	for p.out.Len() == 0 {
		if p.err != nil {
			return 0, p.err
		}
		p.step()
	}
	n, err := p.out.Read(b)
	p.sum.Write(b[:n])
	return n, err
}

// finish reads what was not read.
func (p *pass) finish() error {
	_, err := io.Copy(io.Discard, p)
	return err
}

// step takes the next record.
func (p *pass) step() {
	line, _, err := p.lines.next()
	if err == io.EOF {
		err = p.end()
	} else if err == nil {
		err = p.record(line)
	}
	p.err = err
}

func (p *pass) record(line []byte) error {
	if p.tree.size == p.job.first {
		p.when = recordTime(line)
	}
	leaf := p.hasher.sum(line)
	p.index.add(p.tree.size, line)
	p.tree.add(leaf)
	if err := p.tiling.add(leaf, p.tile); err != nil {
		return err
	}
	_, err := p.gz.Write(line[:len(line)+1]) // with its newline, which lies behind it
	return err
}

func (p *pass) tile(tile tlog.Tile, hashes []tlog.Hash) error {
	p.tiles = append(p.tiles, storage.Object{Name: p.prefix + tilePath(tile), Data: appendHashes(nil, hashes)})
	return nil
}

func (p *pass) end() error {
	if p.tree.size != p.job.end || p.tree.root() != p.job.root {
		return errors.New("its records are not those that were acknowledged: somebody or something changed the file")
	}
	if err := p.tiling.partial(p.tile); err != nil {
		return err
	}
	if err := p.proven(p); err != nil {
		return err
	}
	if err := p.gz.Close(); err != nil {
		return err
	}
	return io.EOF
}
