package cli

import (
	"fmt"
	"time"
)

// status writes how a log is doing.
func (s *sheet) status(st *status) {
	s.field("log", "%s in %s", st.Log, st.Folder)
	s.field("records", "%d", st.Records)
	s.field("newest", "%s", s.con.full(st.Newest))
	if st.far {
		s.field("segments", "%d sealed; %d open", st.Sealed.Segments, st.Open.Segments)
	} else {
		s.field("segments", "%d sealed, %s; %d open, %s", st.Sealed.Segments, bytesText(st.Sealed.Bytes), st.Open.Segments, bytesText(st.Open.Bytes))
	}
	s.signedStatus(st)
	if k := st.Key; k != nil {
		since := ""
		if !k.Since.IsZero() {
			since = fmt.Sprintf(", since %d records, %s", k.From, s.con.full(k.Since))
		}
		s.field("key", "%s%s", k.ID, since)
	}
	if st.far {
		s.field("files", "the bucket's retention and holds protect them; what they are, its owner sees")
	} else {
		s.protection(st.Sealed)
	}
	s.spool(st.Spool)
	if d := st.Disk; d != nil {
		look := plainText
		if d.Free < d.Total/20 {
			look = warn
		}
		s.painted("disk", look, "%s free of %s", bytesText(int64(d.Free)), bytesText(int64(d.Total)))
	}
	s.blank()
	s.heading(plainText, "To prove that nobody changed it: caddy rec verify %s --key FILE --against FILE", st.Folder)
}

// spool writes what waits on this machine for the bucket.
func (s *sheet) spool(w *spoolStatus) {
	switch {
	case w == nil:
		return
	case w.Objects == 0:
		s.field("spool", "nothing waits for the bucket")
	default:
		look := plainText
		if s.con.now().Sub(w.Oldest) > 10*time.Minute {
			look = warn
		}
		s.painted("spool", look, "%d objects, %s, wait for the bucket, the oldest since %s", w.Objects, bytesText(w.Bytes), s.con.full(w.Oldest))
	}
	if w.Aside > 0 {
		s.painted("", bad, "%d files cannot be uploaded and were set aside: see the folder outbox", w.Aside)
	}
}

func (s *sheet) signedStatus(st *status) {
	if c := st.Checkpoint; c != nil && c.Written.IsZero() {
		s.field("signed", "%d of %d records", c.Records, st.Records)
		return
	}
	switch c := st.Checkpoint; {
	case c == nil && st.Records == 0:
		s.field("signed", "nothing yet")
	case c == nil:
		s.painted("signed", bad, "nothing: a running gateway signs within a second of a record")
	case c.Records < st.Records:
		s.painted("signed", warn, "%d records, %s; %d since are not", c.Records, s.con.full(c.Written), st.Records-c.Records)
	case c.Records > st.Records:
		s.painted("signed", bad, "%d records, which are more than there are: see what caddy rec verify says", c.Records)
	default:
		s.field("signed", "all records, %s", s.con.full(c.Written))
	}
}

// protection writes what keeps sealed files from being changed.
func (s *sheet) protection(f files) {
	if f.Segments == 0 {
		s.field("files", "none is sealed yet; the open segment can be written, its records are protected by signatures")
		return
	}
	if f.ReadOnly < f.Segments {
		s.painted("files", bad, "%d of %d sealed ones can be written: their mode was changed", f.Segments-f.ReadOnly, f.Segments)
	} else {
		s.field("files", "sealed ones are read-only; the open segment can be written")
	}
	switch {
	case !f.Known:
		s.field("", "whether they are immutable cannot be told here")
	case f.Immutable == f.Segments:
		s.field("", "sealed ones are immutable: root can undo it, others cannot")
	case f.Immutable > 0:
		s.painted("", warn, "%d of %d sealed ones are immutable", f.Immutable, f.Segments)
	default:
		s.field("", "none is immutable: their owner can remove them; see store local, immutable")
	}
}
