package ledger

import (
	"fmt"
	"path"
	"slices"
	"time"
)

// An object that somebody else put into a log's folder in a store is a stray
// when its name is not as the log writes names. It cannot be one of the log's,
// so a log that is committed batch by batch says that it is there and passes it
// over; with a name that could be the log's own it may be another process's
// record, a fork, and stops the start.
//
// Who can write objects gains nothing by it: what the log acknowledged never has
// such a name, so that nothing of it is passed over; an object of the log that
// was given another name is missing, as if it had been deleted, which the
// checkpoints tell; and a start can still be stopped by a name of the right form.

// IsBatch says whether the object of that name, below the log's folder in a
// store, can be a batch of records that was written with [Options].Batches. Any
// other object in the folder open/ is not the log's.
func IsBatch(name string) bool {
	s := segmentsAmong([]string{name}, openFolderName)
	return len(s) == 1 && name == openName(s[0].first)
}

// isSealedName says whether a name in the sealed folder is of a segment.
func isSealedName(name string) bool {
	s := segmentsAmong([]string{name}, sealedFolder)
	if len(s) != 1 {
		return false
	}
	when, err := time.Parse(sealedFolder+"/dt=2006-01-02/hour=15", path.Dir(name))
	return err == nil && name == sealedName(when, s[0].first)
}

// own are the names in a folder that are as the log writes them.
func own(names []string, is func(string) bool) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return !is(name) })
}

// strays are the names in the folder that cannot be the log's.
func (f *StoreFolder) strays() (all []string, err error) {
	for _, in := range []struct {
		folder string
		is     func(string) bool
	}{{openFolderName, IsBatch}, {latestFolder, isLatestName}, {sealedFolder, isSealedName}} {
		if f.disk != nil && in.folder != sealedFolder {
			continue // the disk's
		}
		names, err := f.list(in.folder)
		if err != nil {
			return nil, err
		}
		all = append(all, slices.DeleteFunc(names, in.is)...)
	}
	return all, nil
}

// straysTold is how many are told of at a start.
const straysTold = 20

// tellStrays tells of each object that the start passes over.
func (l *Log) tellStrays() error {
	strays, err := l.remote.folder.strays()
	if err != nil {
		return fmt.Errorf("listing the log's objects: %w", err)
	}
	for i, name := range strays {
		if i == straysTold {
			l.problem(fmt.Errorf("%d more objects are none of this log's: caddy rec verify names them", len(strays)-i))
			break
		}
		l.problem(fmt.Errorf("%s is none of this log's objects, by its name, and is passed over: find out who can write to the store, and remove it", l.prefix+name))
	}
	return nil
}
