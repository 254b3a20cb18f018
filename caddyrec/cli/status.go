package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/storage/local"
)

func statusCommand() *cobra.Command {
	var (
		where  place
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "status [<folder>]",
		Short: "Tells how a log is doing: records, signatures, protection of files, disk",
		Long: `
Tells what a log holds and how it is kept: its records and segments, how far they
are signed and since when, its key, how its files are protected, and what room
is left on the disk. It reads the newest segment only, and proves nothing: that
is what caddy rec verify is for.
` + exitCodes("not used"),
		Example: `  caddy rec status
  caddy rec status --json | jq .checkpoint.records`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: run(func(_ *cobra.Command, con *console, args []string) error {
			src, err := where.find(args)
			if err != nil {
				return err
			}
			st, fault := src.status()
			if asJSON {
				err = con.json(st)
			} else {
				s := sheet{con: con}
				s.status(st)
				err = s.print()
			}
			return cmp.Or(err, broken(src, fault))
		}),
	}
	where.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print it as JSON")
	cmd.Flags().Bool("utc", false, "show times in UTC")
	return cmd
}

// status is how a log is doing.
type status struct {
	Log     string    `json:"log"`
	Folder  string    `json:"folder"`
	Records uint64    `json:"records"`
	Newest  time.Time `json:"newest,omitzero"` // of the last record
	Sealed  files     `json:"sealed"`
	Open    files     `json:"open"`
	// Checkpoint is the newest one; nil when there is none.
	Checkpoint *checkpointStatus `json:"checkpoint"`
	Key        *ledger.Key       `json:"key,omitempty"`
	Disk       *disk             `json:"disk,omitempty"`
	// Spool is what waits on this machine for the bucket.
	Spool *spoolStatus `json:"spool,omitempty"`

	far bool // how large segments are, and what protects them, is the bucket's
}

// files are segments of one kind. ReadOnly and Immutable count those that have
// that protection; Known says whether the system tells the latter.
type files struct {
	Segments  int   `json:"segments"`
	Bytes     int64 `json:"bytes"`
	ReadOnly  int   `json:"read_only"`
	Immutable int   `json:"immutable"`
	Known     bool  `json:"immutable_known"`
}

// spoolStatus is what waits for a bucket, in objects and bytes, since when, and
// what cannot go there.
type spoolStatus struct {
	Objects int       `json:"objects"`
	Bytes   int64     `json:"bytes"`
	Oldest  time.Time `json:"oldest,omitzero"`
	Aside   int       `json:"set_aside"`
}

// checkpointStatus is what a checkpoint says, unverified, and when it was
// written.
type checkpointStatus struct {
	Records uint64    `json:"records"`
	Written time.Time `json:"written,omitzero"` // not known of one in a bucket
}

// disk is the room on the file system that a log is on, in bytes.
type disk struct {
	Free  uint64 `json:"free"` // for the user who asks
	Total uint64 `json:"total"`
}

// status is what can be told, and why that is not all.
func (s *source) status() (st *status, fault error) {
	st = &status{Log: s.log, Folder: s.dir, far: s.far}
	fault = cmp.Or(s.segmentFiles("sealed", ".ndjson.gz", &st.Sealed), s.segmentFiles("open", ".ndjson", &st.Open))
	if all := s.segments(); len(all) > 0 {
		st.Records = all[len(all)-1].first
		var last []byte
		err := ledger.Walk(s, st.Records, func(l ledger.Line) error {
			st.Records = l.Seq + 1
			last = append(last[:0], l.Raw...)
			return nil
		})
		fault = cmp.Or(fault, err)
		if r, err := record.Parse(last); err == nil {
			st.Newest = r.Time.Time
		}
		if st.Newest.IsZero() && st.Records > 0 { // the newest segment is empty yet
			st.Newest = s.timeOf(st.Records - 1)
		}
	}
	if info, err := fs.Stat(s, "checkpoint"); err == nil {
		if size, ok := s.signedSize(); ok {
			st.Checkpoint = &checkpointStatus{size, info.ModTime()}
		}
	}
	if keys, err := ledger.LogKeys(s); err == nil {
		st.Key = &keys[len(keys)-1]
	}
	here := s.dir
	if s.far && s.waiting != nil {
		here = s.keep
	}
	if free, total, ok := diskSpace(here); ok {
		st.Disk = &disk{free, total}
	}
	if s.waiting != nil {
		w, err := s.waiting.Backlog()
		fault = cmp.Or(fault, err)
		if err == nil {
			st.Spool = &spoolStatus{w.Objects, w.Bytes, w.Oldest, w.Aside}
		}
	}
	return st, fault
}

// segmentFiles counts the segments in a folder and how they are protected. What
// is no file is the fault, and passed over.
func (s *source) segmentFiles(folder, suffix string, out *files) (fault error) {
	out.Known = true
	if info, err := s.Lstat(folder); err == nil && !info.IsDir() {
		return fmt.Errorf("%s is no folder", folder)
	}
	err := fs.WalkDir(s, folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path.Base(name), suffix) {
			return err
		}
		if s.far {
			out.Segments++
			out.Known = false
			return nil
		}
		if !d.Type().IsRegular() {
			fault = cmp.Or(fault, fmt.Errorf("%s is no regular file", name))
			return nil
		}
		f, err := s.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return err
		}
		out.Segments++
		out.Bytes += info.Size()
		if info.Mode().Perm()&0o222 == 0 {
			out.ReadOnly++
		}
		is, known := local.Immutable(f)
		if is {
			out.Immutable++
		}
		out.Known = out.Known && known
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return fault // none yet, or one was sealed meanwhile
	}
	return cmp.Or(err, fault)
}

// timeOf is when a record was made; zero if it cannot be read.
func (s *source) timeOf(seq uint64) (t time.Time) {
	_ = ledger.Walk(s, seq, func(l ledger.Line) error {
		if r, err := record.Parse(l.Raw); err == nil {
			t = r.Time.Time
		}
		return errEnough
	})
	return t
}

// signedSize is how many records the newest checkpoint says it is signed for.
func (s *source) signedSize() (uint64, bool) {
	text, err := s.small("checkpoint")
	lines := strings.SplitN(string(text), "\n", 3)
	if err != nil || len(lines) < 3 {
		return 0, false
	}
	size, err := strconv.ParseUint(lines[1], 10, 63)
	return size, err == nil
}
