package spool

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/caddyrec/caddyrec/storage"
)

// The files of a spool. What was set aside keeps its number.
const (
	objectSuffix   = ".object"
	damagedSuffix  = ".damaged"
	conflictSuffix = ".conflict"
	tempPrefix     = "tmp-"
)

// headSize is how long a file's head is: JSON, then spaces up to a newline.
const headSize = 2 << 10

// head tells what a file holds behind it.
type head struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
	CRC  uint32 `json:"crc32c"`
}

// entry is a file that waits. Its name is its number and that of the first file
// which was created with it, its group: they may be uploaded in any order.
type entry struct {
	head
	file  string
	group uint64
	since time.Time // when it was put there
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func fileName(number, group uint64) string {
	return fmt.Sprintf("%016d-%016d%s", number, group, objectSuffix)
}

// numbers are those in a file's name.
func numbers(file string) (number, group uint64, ok bool) {
	stem, _, _ := strings.Cut(file, ".")
	a, b, _ := strings.Cut(stem, "-")
	number, err := strconv.ParseUint(a, 10, 64)
	group, err2 := strconv.ParseUint(b, 10, 64)
	return number, group, err == nil && err2 == nil
}

// openFolder makes the folder, or takes what waits in it.
func (s *Spool) openFolder() error {
	if err := makeFolder(s.opts.Dir); err != nil {
		return err
	}
	root, err := os.OpenRoot(s.opts.Dir)
	if err != nil {
		return err
	}
	s.root = root
	if err := s.readFolder(); err != nil {
		root.Close()
		return err
	}
	return nil
}

// makeFolder makes a folder and those above it, and makes sure that they outlive
// a power cut.
func makeFolder(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := makeFolder(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	f, err := os.Open(parent)
	if err != nil {
		return err
	}
	return syncAndClose(f)
}

func syncAndClose(folder *os.File) error {
	defer folder.Close()
	if runtime.GOOS == "windows" {
		return nil // it lets nobody flush a folder, and NTFS has a journal for names
	}
	return folder.Sync()
}

func (s *Spool) syncFolder() error {
	f, err := s.root.Open(".")
	if err != nil {
		return err
	}
	return syncAndClose(f)
}

func (s *Spool) readFolder() error {
	files, err := fs.ReadDir(s.root.FS(), ".") // by name, which is by number
	if err != nil {
		return err
	}
	for _, f := range files {
		number, group, ok := numbers(f.Name())
		if ok {
			s.next = max(s.next, number+1)
		}
		switch {
		case strings.HasPrefix(f.Name(), tempPrefix):
			s.sweep(f)
		case strings.HasSuffix(f.Name(), damagedSuffix), strings.HasSuffix(f.Name(), conflictSuffix):
			s.aside++
			s.log.Error("the spool has an object that was set aside: look into it, and move it away", "file", filepath.Join(s.opts.Dir, f.Name()))
		case ok && strings.HasSuffix(f.Name(), objectSuffix):
			e, err := s.readEntry(f.Name())
			if errors.Is(err, fs.ErrNotExist) {
				continue // another process has uploaded it
			}
			if err != nil {
				s.setAside(f.Name(), damagedSuffix, "", err)
				continue
			}
			e.group = group
			s.add(e)
		}
	}
	if n := len(s.pending); n > 0 {
		s.log.Info("objects wait in the spool from before", "objects", n, "bytes", s.bytes)
	}
	return nil
}

// sweep removes a file that a crash left, once it is too old to be in use.
func (s *Spool) sweep(f fs.DirEntry) {
	if info, err := f.Info(); err == nil && time.Since(info.ModTime()) > 24*time.Hour {
		s.root.Remove(f.Name())
	}
}

func (s *Spool) readEntry(file string) (*entry, error) {
	f, err := s.root.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	e := &entry{file: file}
	if e.head, err = parseHead(f); err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	e.since = info.ModTime()
	if info.Size() != headSize+e.Size {
		return nil, fmt.Errorf("it has %d bytes of %d", info.Size()-headSize, e.Size)
	}
	return e, nil
}

func parseHead(r io.Reader) (h head, err error) {
	text := make([]byte, headSize)
	if _, err := io.ReadFull(r, text); err != nil {
		return h, fmt.Errorf("reading its head: %w", err)
	}
	if err := json.Unmarshal(text, &h); err != nil || h.Name == "" {
		return h, errors.New("its head is damaged")
	}
	return h, nil
}

// written is a file that has no number yet.
type written struct {
	head
	spool *Spool
	temp  string
	file  *os.File
}

// write writes a file, not yet synced.
func (s *Spool) write(ctx context.Context, name string, r io.Reader) (*written, error) {
	temp := tempPrefix + rand.Text()
	file, err := s.root.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o440)
	if err != nil {
		return nil, err
	}
	w := &written{head: head{Name: name}, spool: s, temp: temp, file: file}
	sum := crc32.New(castagnoli)
	_, err = file.Seek(headSize, io.SeekStart)
	if err == nil {
		w.Size, err = io.Copy(io.MultiWriter(file, sum), storage.ReadWithin(ctx, r))
	}
	if err != nil {
		w.discard()
		return nil, err
	}
	w.CRC = sum.Sum32()
	text, err := json.Marshal(w.head)
	if err == nil {
		line := append(bytes.Repeat([]byte{' '}, headSize-1), '\n')
		copy(line, text)
		_, err = file.WriteAt(line, 0)
	}
	if err != nil {
		w.discard()
		return nil, err
	}
	return w, nil
}

func (w *written) sync() error { return w.file.Sync() }

// discard gives the file up, or what is left of it once it is linked.
func (w *written) discard() {
	w.file.Close()
	w.spool.root.Remove(w.temp)
}

// link gives a synced file the next free number. The caller holds the lock.
func (s *Spool) link(w *written, group uint64) (*entry, error) {
	for {
		name := fileName(s.next, group)
		s.next++
		err := s.root.Link(w.temp, name)
		if errors.Is(err, fs.ErrExist) {
			continue // another process of this machine has the number
		}
		if err != nil {
			return nil, err
		}
		return &entry{w.head, name, group, time.Now()}, nil
	}
}

// setAside keeps a file out of the way.
func (s *Spool) setAside(file, suffix, name string, why error) {
	to := strings.TrimSuffix(file, objectSuffix) + suffix
	err := s.root.Rename(file, to)
	s.mu.Lock()
	s.aside++
	s.mu.Unlock()
	s.log.Error("an object in the spool cannot be uploaded and was set aside: look into it", "object", name, "file", filepath.Join(s.opts.Dir, to), "error", errors.Join(why, err))
}
