package gcstest

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Object is what is stored under a name.
type Object struct {
	Data           []byte
	Metadata       map[string]string
	Generation     int64
	Metageneration int64
	Created        time.Time
	// Mode is Locked, Unlocked or empty.
	Mode        string
	RetainUntil time.Time
	Hold        bool
	// Checked says that its client sent a CRC32C, which the server held against
	// what came.
	Checked bool
}

// resource is an object in the API's form.
type resource struct {
	Kind           string            `json:"kind,omitempty"`
	Bucket         string            `json:"bucket,omitempty"`
	Name           string            `json:"name,omitempty"`
	Size           string            `json:"size,omitempty"`
	CRC32C         string            `json:"crc32c,omitempty"`
	Generation     string            `json:"generation,omitempty"`
	Metageneration string            `json:"metageneration,omitempty"`
	TimeCreated    string            `json:"timeCreated,omitempty"`
	Metadata       map[string]string `json:"metadata,omitempty"`
	TemporaryHold  *bool             `json:"temporaryHold,omitempty"`
	Retention      *retention        `json:"retention,omitempty"`
}

type retention struct {
	Mode            string `json:"mode,omitempty"`
	RetainUntilTime string `json:"retainUntilTime,omitempty"`
}

func (o *Object) resource(name string) resource {
	r := resource{
		Kind: "storage#object", Bucket: Bucket, Name: name,
		Size: strconv.Itoa(len(o.Data)), CRC32C: checksum(o.Data),
		Generation: strconv.FormatInt(o.Generation, 10), Metageneration: strconv.FormatInt(o.Metageneration, 10),
		TimeCreated: o.Created.Format(time.RFC3339Nano), Metadata: o.Metadata, TemporaryHold: &o.Hold,
	}
	if o.Mode != "" {
		r.Retention = &retention{o.Mode, o.RetainUntil.Format(time.RFC3339Nano)}
	}
	return r
}

func checksum(data []byte) string {
	sum := crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli))
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, sum))
}

// matches holds a request's preconditions against what is there; o is nil where
// nothing is.
func matches(q url.Values, o *Object) {
	var generation, metageneration int64
	if o != nil {
		generation, metageneration = o.Generation, o.Metageneration
	}
	for name, is := range map[string]int64{"ifGenerationMatch": generation, "ifMetagenerationMatch": metageneration} {
		if !q.Has(name) {
			continue
		}
		if want, err := strconv.ParseInt(q.Get(name), 10, 64); err != nil || want != is {
			panic(problem{http.StatusPreconditionFailed, "conditionNotMet", "At least one of the pre-conditions you specified did not hold."})
		}
	}
}

// mayGo refuses what would take an object away that is held or retained: to
// delete it, or to put another in its place.
func (s *Server) mayGo(o *Object) {
	if o == nil {
		return
	}
	if o.Hold {
		panic(problem{http.StatusForbidden, "retentionPolicyNotMet", "Object is under active Temporary hold and cannot be deleted, overwritten or archived until hold is removed."})
	}
	if o.Mode != "" && s.now().Before(o.RetainUntil) {
		panic(problem{http.StatusForbidden, "retentionPolicyNotMet", "Object is subject to object retention and cannot be deleted or overwritten until " + o.RetainUntil.Format(time.RFC3339)})
	}
}

// store puts an object in place. The caller holds the lock.
func (s *Server) store(name string, data []byte, r resource) *Object {
	s.generation++
	o := &Object{Data: data, Metadata: r.Metadata, Generation: s.generation, Metageneration: 1, Created: s.now(), Checked: r.CRC32C != ""}
	if r.TemporaryHold != nil {
		o.Hold = *r.TemporaryHold
	}
	if r.Retention != nil {
		o.Mode, o.RetainUntil = s.parse(r.Retention)
	}
	s.objects[name] = o
	close(s.stored)
	s.stored = make(chan struct{})
	return o
}

func (s *Server) parse(r *retention) (mode string, until time.Time) {
	if s.noRetain {
		panic(problem{http.StatusBadRequest, "invalid", "The bucket does not have object retention enabled."})
	}
	until, err := time.Parse(time.RFC3339Nano, r.RetainUntilTime)
	if err != nil || r.Mode != "Locked" && r.Mode != "Unlocked" {
		panic(problem{http.StatusBadRequest, "invalid", "bad retention"})
	}
	if !until.After(s.now()) {
		panic(problem{http.StatusBadRequest, "invalid", "Retain until time must be in the future."})
	}
	return r.Mode, until
}

// retain changes an object's retention as its mode allows.
func (s *Server) retain(o *Object, r *retention, override bool) {
	var mode string
	var until time.Time
	if r.Mode != "" {
		mode, until = s.parse(r)
	}
	weaker := o.Mode != "" && s.now().Before(o.RetainUntil) && (mode == "" || until.Before(o.RetainUntil) || o.Mode == "Locked" && mode != "Locked")
	if weaker && (o.Mode == "Locked" || !override) {
		panic(problem{http.StatusForbidden, "forbidden", "The retention of a locked object cannot be shortened or removed, that of an unlocked one only with overrideUnlockedRetention."})
	}
	o.Mode, o.RetainUntil = mode, until
}
