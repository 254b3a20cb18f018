package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

// latestFolder has the newest checkpoints of a log that is committed batch by
// batch, <size>.<n>: an object cannot be replaced.
const latestFolder = "latest"

func latestName(size uint64, n int) string {
	return fmt.Sprintf("%s/%020d.%02d", latestFolder, size, n)
}

// isLatestName says whether a name is of one of the newest checkpoints.
func isLatestName(name string) bool {
	_, ok := latestSize(name)
	return ok
}

// latestSize is of how many records a newest checkpoint is, by its name.
func latestSize(name string) (size uint64, ok bool) {
	digits, n, _ := strings.Cut(strings.TrimPrefix(name, latestFolder+"/"), ".")
	size, err := strconv.ParseUint(digits, 10, 63)
	i, wrong := strconv.ParseUint(n, 10, 8)
	return size, err == nil && wrong == nil && name == latestName(size, int(i))
}

// errMisnamed says that a checkpoint is not what the name says that it is under.
// By the name it is chosen: an old one under the name of a newer would hide what
// was signed since.
var errMisnamed = errors.New("which is not what its name says")

// misnamed holds the newest checkpoint against its object's name. What is none at
// all is for others to say.
func misnamed(name string, signed []byte) error {
	_, c, err := parseCheckpoint(string(signed))
	if size, _ := latestSize(name); err == nil && size != c.size {
		return fmt.Errorf("%s is of %d records, %w", name, c.size, errMisnamed)
	}
	return nil
}

// latestNames are the names of the newest checkpoints, the newest last.
func (f *StoreFolder) latestNames() ([]string, error) {
	names, err := f.list(latestFolder)
	return own(names, isLatestName), err
}

// openLatest opens the newest checkpoint. One that has gone since it was listed
// has a newer one in its place.
func (f *StoreFolder) openLatest() (io.ReadCloser, error) {
	var signed []byte
	for range 3 {
		names, err := f.latestNames()
		if err != nil {
			return nil, err
		}
		if len(names) == 0 {
			return nil, fs.ErrNotExist
		}
		name := names[len(names)-1]
		if signed, err = readSmall(f.store.Open(f.ctx, f.prefix+name)); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = misnamed(name, signed)
		}
		if err != nil {
			return nil, err
		}
		return io.NopCloser(bytes.NewReader(signed)), nil
	}
	return nil, fs.ErrNotExist
}

// candidatesTold bounds how many wrong ones are told of before the newest
// checkpoint is given up.
const candidatesTold = 64

// readLatest reads the newest checkpoint of a log that is committed batch by
// batch. Behind one that is not what it should be an older one may be, which
// tells what was hidden by it.
func (v *verification) readLatest(far *StoreFolder) error {
	told := 0
	for range 3 { // those listed may have gone, with a newer one in their place
		names, err := far.latestNames()
		if err != nil {
			return err
		}
		for _, name := range slices.Backward(names) {
			signed, err := readSmall(v.src.open(name))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			var cp checkpoint
			kind := kindCheckpoint
			if err == nil {
				err = misnamed(name, signed)
			}
			if err == nil {
				kind = kindSignature
				cp, err = v.openCheckpoint(signed)
			}
			if err == nil {
				v.signed = append(v.signed, signedFile{cp, name})
				return nil
			}
			v.aboutFile(kind, name, "it does not hold: %v", err)
			if told++; told == candidatesTold {
				break
			}
		}
		if told > 0 {
			return nil
		}
	}
	return fs.ErrNotExist
}
