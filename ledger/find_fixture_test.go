package ledger

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
)

// of is a record of a session, an exchange, both or none.
func of(typ, session, exchange string) []byte {
	b := fmt.Appendf(nil, `{"id":"id","time":"2026-11-21T18:00:00.000000Z","type":%q`, typ)
	if session != "" {
		b = fmt.Appendf(b, `,"session":{"id":%q,"key":"sid"}`, session)
	}
	b = fmt.Appendf(b, `,"pad":%q`, strings.Repeat("x", 400-len(b)-len(exchange)))
	if exchange != "" {
		b = fmt.Appendf(b, `,"exchange":%q`, exchange)
	}
	return append(b, '}')
}

func commitOf(t testing.TB, l *Log, all ...[]byte) {
	t.Helper()
	for _, fields := range all {
		if _, err := l.Commit(context.Background(), fields); err != nil {
			t.Fatal(err)
		}
	}
}

// sessions is a log of three sealed segments of four records and an open one of
// two, in which session s1 has records 0, 2, 5 (a vote in another segment than
// its exchange), 9 and 12, and signed for.
func sessions(t *testing.T) (*place, *Log) {
	p := newPlace(t)
	l := p.open(func(o *Options) { o.SealBytes = 1700 })
	for i, round := range [][][]byte{
		{of("intent", "s1", "x1"), of("intent", "s2", "x2"), of("exchange", "s1", "x0"), of("exchange", "s2", "x2")},
		{of("gateway.started", "", ""), of("approval.voted", "", "x1"), of("denied", "", "x9"), of("approval.voted", "", "x8")},
		{of("exchange", "s2", "x3"), of("exchange", "s1", "x1"), of("exchange", "s2", "x4"), of("exchange", "s3", "x5")},
	} {
		commitOf(t, l, round...)
		p.after(func() bool { return len(p.sealedSegments()) == i+1 })
	}
	commitOf(t, l, of("exchange", "s1", "x6"), of("exchange", "s2", "x7"))
	p.after(func() bool { return p.newestSize() == 14 })
	return p, l
}

func (p *place) newestSize() uint64 {
	signed, err := os.ReadFile(p.path(latestCheckpoint))
	if err != nil {
		return 0
	}
	keys, _ := parseKeyring(p.keys.Verifier())
	c, _ := openCheckpoint(signed, keys)
	return c.size
}

// opened counts which files of a kind are opened.
type opened struct {
	fs.FS
	names []string
}

func (o *opened) Open(name string) (fs.File, error) {
	o.names = append(o.names, name)
	return o.FS.Open(name)
}

func (o *opened) count(prefix string) (n int) {
	for _, name := range o.names {
		if strings.HasPrefix(name, prefix) && strings.HasSuffix(name, ".gz") {
			n++
		}
	}
	return n
}

func newReader(t *testing.T, fsys fs.FS, keys string) *Reader {
	t.Helper()
	r, err := NewReader(fsys, keys)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func wantSeqs(t *testing.T, r *Reader, session string, want ...uint64) *Found {
	t.Helper()
	found, err := r.Session(context.Background(), session)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(found.Seqs, want) {
		t.Errorf("session %s is at %v, want %v", session, found.Seqs, want)
	}
	return found
}

func proofs(t *testing.T, r *Reader, seqs ...uint64) (all []string) {
	t.Helper()
	err := r.Entries(context.Background(), seqs, func(e Entry) error {
		if (e.Raw == nil) != (e.Proof == Damaged) || (e.Fault == "") != (e.Proof != Damaged) {
			t.Errorf("entry %+v", e)
		}
		if e.Raw != nil && !strings.HasPrefix(string(e.Raw), fmt.Sprintf(`{"seq":%d,`, e.Seq)) {
			t.Errorf("record %d is %.40s", e.Seq, e.Raw)
		}
		all = append(all, fmt.Sprintf("%d %s", e.Seq, e.Proof))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
