package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
	"github.com/caddyrec/caddyrec/storage/gcs"
	"github.com/caddyrec/caddyrec/storage/gcs/gcstest"
	"github.com/caddyrec/caddyrec/storage/spool"
)

// bucketWorld is a world whose log is in a bucket, and a configuration that says
// so.
type bucketWorld struct {
	*world
	bucket *gcstest.Server
	config string
}

// newBucketWorld opens a log as store gcs does: with its batches in the bucket,
// or with a spool in front of it.
func newBucketWorld(t *testing.T, ack string) *bucketWorld {
	t.Helper()
	w := &bucketWorld{world: &world{t: t, store: t.TempDir()}, bucket: gcstest.Start(t)}
	bucket, err := gcs.Open(context.Background(), gcs.Options{Bucket: gcstest.Bucket, Prefix: "prod", Endpoint: w.bucket.URL})
	mustNot(t, err)
	t.Cleanup(func() { bucket.Close() })
	w.keys, err = ledger.LoadKeys(filepath.Join(w.store, "keys"), "main")
	mustNot(t, err)
	opts := ledger.Options{Log: "main", Keys: w.keys, Store: bucket}
	where := `"ack":"remote","folder":` + quoted(w.store)
	if ack == "remote" {
		opts.Batches = bucket
	} else {
		waiting, err := spool.Open(bucket, spool.Options{Dir: filepath.Join(w.store, "outbox"), Limit: 1 << 20, OnFull: spool.Deny})
		mustNot(t, err)
		t.Cleanup(func() { waiting.Close() })
		opts.Store, opts.Dir = waiting, w.dir()
		mustNot(t, bucket.Create(t.Context(), "ledger/main/public.key", strings.NewReader(w.keys.Verifier()+"\n")))
		where = `"spool":{"folder":` + quoted(w.store) + `,"limit":1048576}`
	}
	w.log, err = ledger.Open(opts)
	mustNot(t, err)
	t.Cleanup(func() { w.log.Close() })
	w.config = filepath.Join(t.TempDir(), "caddy.json")
	text := `{"apps":{"caddyrec":{"store":{"module":"gcs","bucket":"records","prefix":"prod","endpoint":` + quoted(w.bucket.URL) + `,` + where + `}}}}`
	mustNot(t, os.WriteFile(w.config, []byte(text), 0o600))
	return w
}

func quoted(text string) string {
	b, _ := json.Marshal(text)
	return string(b)
}

func TestALogInABucketIsReadAsOneInAFolder(t *testing.T) {
	for _, ack := range []string{"local", "remote"} {
		t.Run(ack, func(t *testing.T) {
			w := newBucketWorld(t, ack)
			w.sample()
			_, err := w.log.Hold(t.Context(), ledger.Hold{Why: "case 7", By: "legal"})
			mustNot(t, err)
			w.close()
			src, err := (&place{config: w.config}).find(nil)
			mustNot(t, err)

			s := newScreen()
			l := list{con: s.console, src: src, last: 100, json: true}
			mustNot(t, l.records())
			if n := bytes.Count(s.stdout.Bytes(), []byte("\n")); n != 10 {
				t.Errorf("ls shows %d of 10 records:\n%s", n, s.stdout)
			}
			found, err := src.lookUp(recordName{id: exchangeA}, false)
			if err != nil || len(found) != 2 {
				t.Errorf("show finds %d records, %v", len(found), err)
			}
			s = newScreen()
			now := began
			s.errTTY, s.now = true, func() time.Time { now = now.Add(time.Second); return now }
			if err := s.verify(t.Context(), src, ledger.VerifyOptions{Key: w.keys.Verifier()}, false); err != nil {
				t.Errorf("verify: %v\n%s", err, s.stdout)
			}
			if bar := s.stderr.String(); !strings.Contains(bar, "100 % of ") || !strings.Contains(bar, " records") {
				t.Errorf("the progress is %q", bar)
			}
			wantIn(t, s.stdout.String(), "gs://records/prod/ledger/main", "10")
			s = newScreen()
			mustNot(t, s.holds(src, false))
			wantIn(t, s.stdout.String(), "case 7")
			s = newScreen()
			mustNot(t, s.keys(src, false))
			wantIn(t, s.stdout.String(), "in force")

			st, err := src.status()
			mustNot(t, err)
			if st.Records != 10 || st.Open.Segments != 1 || st.Checkpoint == nil || (st.Spool == nil) != (ack == "remote") {
				t.Errorf("status: %+v", st)
			}
			text := newScreen()
			sh := sheet{con: text.console}
			sh.status(st)
			mustNot(t, sh.print())
			wantIn(t, text.stdout.String(), "0 sealed; 1 open", "the bucket's retention")

			proof := filepath.Join(t.TempDir(), "p")
			mustNot(t, newScreen().proof(t.Context(), src, recordName{seq: 3}, proof))
			mustNot(t, newScreen().verifyProof(proof, w.keys.Verifier(), nil, false))
		})
	}
}

func TestABucketIsReadByItsAddress(t *testing.T) {
	w := newBucketWorld(t, "remote")
	w.sample()
	w.close()
	t.Setenv("STORAGE_EMULATOR_HOST", w.bucket.URL)
	for _, p := range []struct {
		place
		path []string
	}{
		{place{store: "gs://records/prod"}, nil},
		{place{store: "gs://records/prod/", log: "main"}, nil},
		{place{}, []string{"gs://records/prod/ledger/main"}},
	} {
		src, err := p.find(p.path)
		mustNot(t, err)
		mustNot(t, newScreen().verify(t.Context(), src, ledger.VerifyOptions{Key: w.keys.Verifier()}, false))
		if src.dir != "gs://records/prod/ledger/main" || src.log != "main" {
			t.Errorf("%+v: log %s in %s", p, src.log, src.dir)
		}
		if err := newScreen().rotate(src, new(retentionFlags)); err == nil || !strings.Contains(err.Error(), "--config") {
			t.Errorf("rotating without the machine's folder: %v", err)
		}
	}
	for address, want := range map[string]string{
		"gs://records/test":             "has no log main",
		"gs://records/prod/ledger/else": "has no log else",
		"gs://":                         "no bucket's name",
	} {
		if _, err := (&place{store: address}).find(nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", address, err, want)
		}
	}
	if _, err := (&place{store: "gs://records/prod/ledger/main", log: "other"}).find(nil); err == nil {
		t.Error("two names for a log are taken")
	}
}

func TestTailFollowsALogInABucket(t *testing.T) {
	for _, ack := range []string{"local", "remote"} {
		t.Run(ack, func(t *testing.T) {
			w := newBucketWorld(t, ack)
			w.sample()
			src, err := (&place{config: w.config}).find(nil)
			mustNot(t, err)
			out := &lines{to: make(chan string, 100)}
			s := newScreen()
			s.out = out
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			l := list{con: s.console, src: src, last: 1, json: true}
			go func() { ended <- l.follow(ctx) }()
			next := func(want string) {
				t.Helper()
				select {
				case line := <-out.to:
					wantIn(t, line, want)
				case err := <-ended:
					t.Fatalf("it ended: %v", err)
				case <-time.After(time.Minute):
					t.Fatal("nothing came")
				}
			}
			next(`"seq":8,`)
			for seq := 9; seq < 12; seq++ {
				w.commit(record.GatewayStarted, func(r *record.Record) { r.Gateway = &record.Gateway{Version: "v"} })
				next(`"seq":` + strconv.Itoa(seq) + `,`)
			}
			cancel()
			mustNot(t, <-ended)
		})
	}
}
