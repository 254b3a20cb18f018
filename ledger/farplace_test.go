package ledger

import (
	"bytes"
	"context"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/caddyrec/caddyrec/storage/gcs"
	"github.com/caddyrec/caddyrec/storage/gcs/gcstest"
)

// farPlace is a bucket with one log in it, named "test", and its keys.
type farPlace struct {
	place
	bucket  *gcstest.Server
	objects *gcs.Store
}

func newFarPlace(t testing.TB, retention gcs.Retention) *farPlace {
	t.Helper()
	keys, err := LoadKeys(filepath.Join(t.TempDir(), "keys"), "test")
	if err != nil {
		t.Fatal(err)
	}
	p := &farPlace{bucket: gcstest.Start(t)}
	p.t, p.keys = t, keys
	p.objects = p.store(retention)
	return p
}

func (p *farPlace) store(retention gcs.Retention) *gcs.Store {
	p.t.Helper()
	s, err := gcs.Open(context.Background(), gcs.Options{
		Bucket: gcstest.Bucket, Prefix: "prod", Endpoint: p.bucket.URL, Timeout: 900 * time.Millisecond, Retention: retention,
	})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { s.Close() })
	return s
}

func (p *farPlace) options() Options {
	o := p.place.options()
	o.Dir, o.Store, o.Batches, o.sealAgain = "", p.objects, p.objects, time.Millisecond
	return o
}

func (p *farPlace) tryOpen(change ...func(*Options)) (*Log, error) {
	o := p.options()
	for _, f := range change {
		f(&o)
	}
	return Open(o)
}

func (p *farPlace) open(change ...func(*Options)) *Log {
	p.t.Helper()
	l, err := p.tryOpen(change...)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { l.Close() })
	return l
}

func (p *farPlace) folder() *StoreFolder {
	return NewStoreFolder(context.Background(), p.objects, "test", nil)
}

// read gives all records, as the reading commands see them.
func (p *farPlace) read() []string {
	p.t.Helper()
	var lines []string
	if err := Walk(p.folder(), 0, func(l Line) error {
		lines = append(lines, string(l.Raw))
		return nil
	}); err != nil {
		p.t.Errorf("walking: %v", err)
	}
	return lines
}

// lying gives all records by what lies in the bucket, without this package's
// readers: those in sealed segments, then those in batches behind them.
func (p *farPlace) lying() (lines []string) {
	p.t.Helper()
	take := func(data []byte) {
		for line := range strings.Lines(string(data)) {
			seq, _, _ := strings.Cut(strings.TrimPrefix(line, `{"seq":`), ",")
			n, err := strconv.Atoi(seq)
			if err != nil || n > len(lines) {
				p.t.Fatalf("%q where record %d should be", line, len(lines))
			}
			if n < len(lines) { // a batch that is sealed
				if lines[n] != strings.TrimSuffix(line, "\n") {
					p.t.Fatalf("record %d is there twice, and different", n)
				}
				continue
			}
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	for _, name := range p.bucket.Names() {
		if strings.HasPrefix(name, "prod/ledger/test/sealed/") {
			o, _ := p.bucket.Object(name)
			z, err := gzip.NewReader(bytes.NewReader(o.Data))
			if err != nil {
				p.t.Fatal(err)
			}
			data, err := io.ReadAll(z)
			if err != nil {
				p.t.Fatal(err)
			}
			take(data)
		}
	}
	for _, name := range p.batches() {
		o, _ := p.bucket.Object(name)
		take(o.Data)
	}
	return lines
}

func (p *farPlace) names(folder string) (names []string) {
	for _, name := range p.bucket.Names() {
		if strings.HasPrefix(name, "prod/ledger/test/"+folder+"/") {
			names = append(names, name)
		}
	}
	return names
}

func (p *farPlace) batches() []string { return p.names("open") }

func (p *farPlace) verified() {
	p.t.Helper()
	r, err := Verify(context.Background(), p.folder(), VerifyOptions{Key: p.keys.Verifier()})
	if err != nil {
		p.t.Fatal(err)
	}
	for _, problem := range r.Problems {
		p.t.Errorf("verify: %+v", problem)
	}
}
