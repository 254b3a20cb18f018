package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

var sightedFrom = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// seen is a record of a session that somebody had so long after noon.
func seen(after time.Duration, issuer, subject, session string) []byte {
	b := fmt.Appendf(nil, `{"id":"id","time":%q,"type":"exchange","identity":{`, sightedFrom.Add(after).Format("2006-01-02T15:04:05.000000Z"))
	if issuer != "" {
		b = fmt.Appendf(b, `"iss":%q,`, issuer)
	}
	return fmt.Appendf(b, `"sub":%q,"groups":["a"]},"session":{"id":%q,"key":"sid"},"exchange":"x"}`, subject, session)
}

// sighted is a log with a sealed segment for each of three hours and an open one
// for the fourth.
func sighted(t *testing.T) (*place, *Log) {
	p := newPlace(t)
	var l *Log
	for hour, records := range [][][]byte{
		{seen(5*time.Minute, "a", "ana", "s2"), seen(10*time.Minute, "a", "ana", "s1"), seen(50*time.Minute, "a", "ana", "s2"), seen(51*time.Minute, "b", "ana", "s5")},
		{seen(65*time.Minute, "a", "bo", "s3"), seen(70*time.Minute, "a", "ana", "s1"), of("exchange", "s9", "x")},
		{seen(125*time.Minute, "", "ana", "s6"), seen(126*time.Minute, "a", `an"a \`, "s8"), of("exchange", "", "x")},
		{seen(185*time.Minute, "a", "ana", "s4"), seen(190*time.Minute, "a", "ana", "s2"), seen(200*time.Minute, "a", "ana", "s4")},
	} {
		l = p.open()
		commitOf(t, l, records...)
		closeLog(t, l)
		if hour < 3 {
			restart(t, p) // and seal
		}
	}
	if len(p.sealedSegments()) != 3 || len(p.openSegments()) != 1 {
		t.Fatalf("sealed %q, open %q", p.sealedSegments(), p.openSegments())
	}
	return p, l
}

func at(minutes int) time.Time { return sightedFrom.Add(time.Duration(minutes) * time.Minute) }

var sightings = []struct {
	name string
	SessionFilter
	want string
}{
	{"all", SessionFilter{Subject: "ana", Issuer: "a"}, "s2 s1 s4"},
	{"by whoever", SessionFilter{Subject: "ana"}, "s2 s1 s5 s6 s4"},
	{"by nobody known", SessionFilter{Subject: "ana", Issuer: "c"}, ""},
	{"a part of a name", SessionFilter{Subject: "an"}, ""},
	{"a name with marks in it", SessionFilter{Subject: `an"a \`}, "s8"},
	{"some", SessionFilter{Subject: "ana", Most: 2}, "s2 s1"},
	{"from in a segment", SessionFilter{Subject: "ana", Issuer: "a", From: at(11)}, "s2 s1 s4"},
	{"from after the last in it", SessionFilter{Subject: "ana", Issuer: "a", From: at(51)}, "s1 s4 s2"},
	{"until is not in it", SessionFilter{Subject: "ana", Until: at(10)}, "s2"},
	{"from is", SessionFilter{Subject: "ana", From: at(50), Until: at(51)}, "s2"},
	{"between two of a session", SessionFilter{Subject: "ana", From: at(20), Until: at(40)}, ""},
	{"of which another is there", SessionFilter{Subject: "ana", From: at(8), Until: at(40)}, "s1"},
	{"in the open segment", SessionFilter{Subject: "ana", From: at(180)}, "s4 s2"},
	{"between two there", SessionFilter{Subject: "ana", From: at(186), Until: at(195)}, "s2"},
	{"after all", SessionFilter{Subject: "ana", From: at(1000)}, ""},
	{"before all", SessionFilter{Subject: "ana", Until: at(0)}, ""},
}

// wantSighted looks for sessions in all the ways.
func wantSighted(t *testing.T, r *Reader) {
	t.Helper()
	for _, c := range sightings {
		if c.Most == 0 {
			c.Most = 10
		}
		ids, err := r.SessionsOf(t.Context(), c.SessionFilter)
		if got := strings.Join(ids, " "); got != c.want || err != nil {
			t.Errorf("%s: %q, %v; want %q", c.name, got, err, c.want)
		}
	}
}

func TestTheSessionsOfASubjectAreFoundByTheIndexesAlone(t *testing.T) {
	p, _ := sighted(t)
	wantSighted(t, newReader(t, os.DirFS(p.dir), p.keys.Verifier()))
	wantSighted(t, newReader(t, NewStoreFolder(t.Context(), p.store, "test", os.DirFS(p.dir)), p.keys.Verifier()))
	files := &opened{FS: os.DirFS(p.dir)}
	if _, err := newReader(t, files, "").SessionsOf(t.Context(), SessionFilter{Subject: "ana", From: at(11), Most: 10}); err != nil {
		t.Error(err)
	}
	if files.count("index/") != 3 || files.count("sealed/") != 0 {
		t.Errorf("opened %v", files.names)
	}
	p.verified()
}

// older makes an index one of before indexes told of subjects.
func older(x *signedIndex) {
	lines := slices.DeleteFunc(strings.SplitAfter(string(x.table), "\n"), func(s string) bool { return strings.HasPrefix(s, "subject") })
	x.table = []byte(strings.Join(lines, ""))
}

func TestWhoStopsLookingForSessionsIsToldSo(t *testing.T) {
	p, _ := sighted(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := newReader(t, os.DirFS(p.dir), "").SessionsOf(ctx, SessionFilter{Subject: "ana", Most: 10})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestASegmentWhoseIndexTellsNoSubjectsIsRead(t *testing.T) {
	p, _ := sighted(t)
	for _, first := range []uint64{0, 4, 7} {
		p.forgeIndex(first, p.keys, older)
	}
	p.verified()
	wantSighted(t, newReader(t, os.DirFS(p.dir), ""))
	r := newReader(t, os.DirFS(p.dir), "")
	for range 2 {
		ids, err := r.SessionsOf(t.Context(), SessionFilter{Subject: "ana", From: at(66), Until: at(119), Most: 10})
		if err != nil || !slices.Equal(ids, []string{"s1"}) {
			t.Errorf("%q, %v", ids, err)
		}
	}
	for _, s := range r.listed.sealed {
		if x := r.known(s); x != nil && listsSubjects(x.table) != (s.first == 4) {
			t.Errorf("%s was read, or should have been", s.name)
		}
	}
}

func TestNoSegmentOutsideOfTheTimeIsReadForWantOfAnIndex(t *testing.T) {
	p, _ := sighted(t)
	p.drop(indexName(0), indexName(4), indexName(7))
	for name, c := range map[string]struct {
		SessionFilter
		read []uint64
	}{
		"first":     {SessionFilter{Until: at(30)}, []uint64{0}},
		"second":    {SessionFilter{From: at(66), Until: at(120)}, []uint64{4}},
		"its hour":  {SessionFilter{From: at(60), Until: at(120)}, []uint64{0, 4}}, // the first may go on until 13:05
		"both":      {SessionFilter{From: at(59), Until: at(66)}, []uint64{0, 4}},
		"not after": {SessionFilter{From: at(59), Until: at(64)}, []uint64{0}},
		"last":      {SessionFilter{From: at(126)}, []uint64{7}},
		"none":      {SessionFilter{Until: at(0)}, nil},
	} {
		r := newReader(t, os.DirFS(p.dir), "")
		c.Subject, c.Most = "ana", 10
		if _, err := r.SessionsOf(t.Context(), c.SessionFilter); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, s := range r.listed.sealed {
			if read := r.known(s) != nil; read != slices.Contains(c.read, s.first) {
				t.Errorf("%s: %s was read: %v", name, s.name, read)
			}
		}
	}
}

func TestAForgedIndexHidesNoSessionOfASubject(t *testing.T) {
	hide := func(x *signedIndex) { x.table = bytes.ReplaceAll(x.table, []byte(`"ana"`), []byte(`"bob"`)) }
	p, _ := sighted(t)
	p.forgeIndex(0, otherKey(t), hide)
	p.forgeIndex(4, nil, hide)
	wantSighted(t, newReader(t, os.DirFS(p.dir), p.keys.Verifier()))
	p.forgeIndex(7, p.keys, hide)
	var found []string
	for _, problem := range p.verify().Problems {
		found = append(found, problem.Segment)
	}
	if !slices.Equal(found, []string{indexName(0), indexName(4), indexName(7)}) {
		t.Errorf("verification finds %v", found)
	}
}
