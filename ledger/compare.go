package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"

	"github.com/klauspost/compress/gzip"
)

// holds says whether an object has the bytes of that SHA-256.
func (s *sealer) holds(ctx context.Context, object string, sum hash.Hash) (bool, error) {
	r, err := s.log.opts.Store.Open(ctx, object)
	if err != nil {
		return false, err
	}
	defer r.Close()
	there := sha256.New()
	if _, err := io.Copy(there, r); err != nil {
		return false, err
	}
	return bytes.Equal(there.Sum(nil), sum.Sum(nil)), nil
}

// sealedIs says whether an object unpacks to the segment's records, the first
// job.size bytes of its file. How it was packed does not matter.
func (s *sealer) sealedIs(ctx context.Context, job sealJob, object string) (bool, error) {
	return s.compare(ctx, job.name, object, func(sealed, open io.Reader) (bool, error) {
		return sameBytes(sealed, io.LimitReader(open, job.size))
	})
}

// dropTwin removes an open segment that was sealed by a process that did not
// get to removing it, once the sealed one is seen to hold the same.
func (s *sealer) dropTwin(ctx context.Context, job sealJob) error {
	same, err := s.compare(ctx, job.name, s.log.prefix+job.sealed, beginsWith)
	if err != nil {
		return err
	}
	if !same {
		return s.setAside(job, fmt.Errorf("%s is another", job.sealed))
	}
	return s.log.disk.remove(job.name)
}

// setAside keeps an open segment as evidence when another is sealed in its
// place.
func (s *sealer) setAside(job sealJob, why error) error {
	s.log.problem(fmt.Errorf("sealing %s: %w: keeping both, this one under %s", job.name, why, conflictFolder))
	return s.log.disk.rename(job.name, conflictFolder+job.name[len(openFolderName):])
}

// compare gives an unpacked object and an open segment's file to same. An
// object that is not gzip is another.
func (s *sealer) compare(ctx context.Context, name, object string, same func(sealed, open io.Reader) (bool, error)) (bool, error) {
	r, err := s.log.opts.Store.Open(ctx, object)
	if err != nil {
		return false, err
	}
	defer r.Close()
	f, err := s.log.disk.files().Open(name)
	if err != nil {
		return false, err
	}
	defer f.Close()
	unpacked, err := gzip.NewReader(r)
	if err != nil {
		return false, nil
	}
	return same(unpacked, f)
}

// sameBytes compares two streams; a fault in a's coding makes them different.
func sameBytes(a, b io.Reader) (bool, error) {
	bufA, bufB := make([]byte, 256<<10), make([]byte, 256<<10)
	for {
		n, err := io.ReadFull(b, bufB)
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return false, err
		}
		m, errA := io.ReadFull(a, bufA[:max(n, 1)])
		if m != n || !bytes.Equal(bufA[:m], bufB[:n]) {
			return false, nil
		}
		if n == 0 {
			return errA == io.EOF, nil
		}
		if errA != nil {
			return false, nil
		}
	}
}

// beginsWith says whether b begins with all of a.
func beginsWith(a, b io.Reader) (bool, error) {
	bufA, bufB := make([]byte, 256<<10), make([]byte, 256<<10)
	for {
		n, err := io.ReadFull(a, bufA)
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return false, nil
		}
		if n == 0 {
			return true, nil
		}
		m, err := io.ReadFull(b, bufB[:n])
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return false, err
		}
		if m != n || !bytes.Equal(bufA[:n], bufB[:n]) {
			return false, nil
		}
	}
}
