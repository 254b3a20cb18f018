package crash

import (
	"bytes"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// cut makes the store what the disk might hold, and tells how many names and
// files it changed for that.
func (p *platter) cut() (changed, spoiled int, err error) {
	spoiled = p.spoil()
	names := make([]string, 0, len(p.entries))
	for name := range p.entries {
		names = append(names, name)
	}
	slices.Sort(names) // a folder before what is in it
	for _, name := range names {
		e := p.entries[name]
		if _, err := os.Lstat(filepath.Dir(name)); err != nil {
			continue // its folder is gone
		}
		// A call under way may not have been made.
		_, err := os.Lstat(name)
		if n := len(e.changes); (e.changes[n-1].to != nil) != (err == nil) {
			e.changes = e.changes[:n-1]
		}
		keep := rand.IntN(len(e.changes) + 1)
		if keep == len(e.changes) {
			continue // as it is
		}
		is := e.was
		if keep > 0 {
			is = e.changes[keep-1].to
		}
		changed++
		p.fail(os.RemoveAll(name))
		switch {
		case is == nil:
		case is.folder:
			p.fail(os.Mkdir(name, 0o750))
		default:
			p.fail(os.Link(is.name, name))
		}
	}
	p.fail(os.RemoveAll(p.graves))
	return changed, spoiled, p.err
}

// spoil takes back what was not synced of the files' bytes, and tells of how
// many files.
func (p *platter) spoil() (n int) {
	for _, root := range []string{p.store, p.graves} {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() {
				return err
			}
			d := p.of(path)
			switch {
			case d.event != 0:
				n++
				p.fail(spoilSectors(path, d))
			case d.dirty != 0:
				n++
				p.fail(spoilFile(path, d))
			}
			d.event, d.dirty = 0, 0 // not again under another name
			return nil
		})
		if !os.IsNotExist(err) {
			p.fail(err)
		}
	}
	return n
}

func spoilFile(path string, d *data) error {
	info, err := os.Stat(path)
	if err != nil || rand.IntN(2) == 0 {
		return err
	}
	size := info.Size()
	if d.writes > 0 || strings.HasSuffix(path, ".ndjson") {
		return nil // only the zeros behind its records were not synced
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return err
	}
	defer os.Chmod(path, info.Mode())
	kept := rand.Int64N(size + 1)
	if err := os.Truncate(path, kept); err != nil {
		return err
	}
	if rand.IntN(2) == 0 {
		return os.Truncate(path, size) // zeros
	}
	return nil
}

const sector = 512

// spoilSectors takes back sectors of a direct write, never one with durable
// records in it alone.
func spoilSectors(path string, d *data) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	end := int64(len(bytes.TrimRight(text, "\x00")))
	for at := d.durable / sector * sector; at < end; at += sector {
		block := make([]byte, sector)
		switch rand.IntN(4) {
		case 0: // not written: what was durable of it is there
			if at < d.durable {
				copy(block, text[at:d.durable])
			}
		case 1:
			if at < d.durable {
				continue
			}
			for i := range block {
				block[i] = byte(rand.Uint32())
			}
		default:
			continue
		}
		if _, err := f.WriteAt(block, at); err != nil {
			return err
		}
	}
	return nil
}
