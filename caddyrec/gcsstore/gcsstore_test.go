package gcsstore

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/caddyrec/caddyrec/storage"
	"github.com/caddyrec/caddyrec/storage/gcs"
	"github.com/caddyrec/caddyrec/storage/gcs/gcstest"
	"github.com/caddyrec/caddyrec/storage/spool"
)

func provisioned(t *testing.T, g *GCS) error {
	t.Helper()
	ctx, cancel := caddy.NewContext(caddy.Context{Context: context.Background()})
	t.Cleanup(cancel)
	if err := g.Provision(ctx); err != nil {
		return err
	}
	return g.Validate()
}

func TestDefaultsKeepBucketsApart(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	t.Setenv("TEST_BUCKET", "from-env")
	keys, folders := map[string]bool{}, map[string]bool{}
	for _, g := range []*GCS{{Bucket: "a"}, {Bucket: "a", Prefix: "x/y"}, {Bucket: "{env.TEST_BUCKET}"}} {
		if err := provisioned(t, g); err != nil {
			t.Fatal(err)
		}
		keys[g.Key()], folders[g.folder] = true, true
		if g.limits.Limit != 4<<30 || g.limits.OnFull != spool.Deny || g.options.Retention.Mode != gcs.Off {
			t.Errorf("%+v %+v", g.limits, g.options)
		}
		if !strings.HasPrefix(g.limits.Dir, g.folder) || g.folder == "" {
			t.Errorf("objects wait in %s, the folder is %s", g.limits.Dir, g.folder)
		}
	}
	if len(keys) != 3 || len(folders) != 3 {
		t.Errorf("keys %v, folders %v", keys, folders)
	}
}

func TestAnotherLimitIsTheSamePlace(t *testing.T) {
	a := &GCS{Bucket: "a", Spool: &Spool{Folder: t.TempDir(), Limit: 1}}
	b := &GCS{Bucket: "a", Spool: &Spool{Folder: a.Spool.Folder, Limit: 2}, OnFull: "alarm", Retention: &Retention{"locked", caddy.Duration(time.Hour)}}
	for _, g := range []*GCS{a, b} {
		if err := provisioned(t, g); err != nil {
			t.Fatal(err)
		}
	}
	if a.Key() != b.Key() {
		t.Error("a reload that changes the limit would open the log twice")
	}
	if b.options.Retention != (gcs.Retention{Mode: gcs.Locked, For: time.Hour}) || b.limits.OnFull != spool.Alarm || b.limits.Limit != 2 {
		t.Errorf("%+v %+v", b.options, b.limits)
	}
}

func TestWhatCannotBeMeantIsRefused(t *testing.T) {
	for says, g := range map[string]*GCS{
		"bucket":     {},
		"prefix":     {Bucket: "a", Prefix: "/x"},
		"retention":  {Bucket: "a", Retention: &Retention{"forever", 1}},
		"duration":   {Bucket: "a", Retention: &Retention{Mode: "locked"}},
		"full":       {Bucket: "a", OnFull: "ask"},
		"limit":      {Bucket: "a", Spool: &Spool{Limit: -1}},
		"endpoint":   {Bucket: "a", Endpoint: "localhost"},
		"the root":   {Bucket: "a", Spool: &Spool{Folder: "/"}},
		"env.NOBODY": {Bucket: "{env.NOBODY}"},
	} {
		if err := provisioned(t, g); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("want an error that says %q, got %v", says, err)
		}
	}
}

// Two gateways share a bucket: what one of many may do is the bucket's to say,
// at once; what one of them alone creates waits in its own spool.
func TestTheTwoViewsOfTwoGateways(t *testing.T) {
	server := gcstest.Start(t)
	var stores []storage.Store
	for range 2 {
		g := &GCS{Bucket: gcstest.Bucket, Endpoint: server.URL, Spool: &Spool{Folder: filepath.Join(t.TempDir(), "spool"), Limit: 1 << 20}}
		if err := provisioned(t, g); err != nil {
			t.Fatal(err)
		}
		s, dir, err := g.Open(slog.New(slog.DiscardHandler))
		if err != nil || dir != g.folder {
			t.Fatal(dir, err)
		}
		t.Cleanup(func() {
			if err := s.(io.Closer).Close(); err != nil {
				t.Error(err)
			}
		})
		stores = append(stores, s)
	}
	if err := stores[0].Create(t.Context(), "approvals/x/use.json", strings.NewReader("0")); err != nil {
		t.Fatal(err)
	}
	if o, there := server.Object("approvals/x/use.json"); !there || string(o.Data) != "0" {
		t.Error("the winner's object is not in the bucket")
	}
	if err := stores[1].Create(t.Context(), "approvals/x/use.json", strings.NewReader("1")); !errors.Is(err, storage.ErrExist) {
		t.Errorf("the loser got %v, want ErrExist", err)
	}
	server.Fail(func(gcstest.Call) gcstest.Fault { return 503 })
	if err := storage.Spooled(stores[0]).Create(t.Context(), "ledger/a/1", strings.NewReader("x")); err != nil {
		t.Errorf("the ledger's object: %v", err)
	}
	server.Fail(nil)
	server.Await(t, "ledger/a/1")
}

func TestWithAckRemoteNothingIsKeptOnThisMachine(t *testing.T) {
	server := gcstest.Start(t)
	g := &GCS{Bucket: gcstest.Bucket, Endpoint: server.URL, Ack: "remote", Folder: t.TempDir(), Retention: &Retention{"locked", caddy.Duration(400 * 24 * time.Hour)}}
	if err := provisioned(t, g); err != nil {
		t.Fatal(err)
	}
	s, dir, err := g.Open(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer s.(io.Closer).Close()
	if _, spooled := s.(storage.Spooler); spooled || dir != g.Folder {
		t.Errorf("%T in %s", s, dir)
	}
	for name, store := range map[string]storage.Store{"sealed": s, "batch": storage.Batches(s)} {
		if err := store.Create(t.Context(), name, strings.NewReader("x")); err != nil {
			t.Fatal(err)
		}
	}
	long, _ := server.Object("sealed")
	short, _ := server.Object("batch")
	if left := time.Until(short.RetainUntil); left > batchTerm+time.Minute || left < batchTerm-time.Minute {
		t.Errorf("a batch is retained for %v", left)
	}
	if left := time.Until(long.RetainUntil); left < 399*24*time.Hour {
		t.Errorf("what is sealed is retained for %v", left)
	}
}

func TestWhatHasNoMeaningBesideAckIsRefused(t *testing.T) {
	for want, g := range map[string]*GCS{
		"use local or remote":   {Bucket: "a", Ack: "none"},
		"leave out spool":       {Bucket: "a", Ack: "remote", OnFull: "deny"},
		"nothing waits":         {Bucket: "a", Ack: "remote", Spool: &Spool{Folder: t.TempDir(), Limit: 1}},
		"folder is for ack rem": {Bucket: "a", Folder: t.TempDir()},
	} {
		if err := provisioned(t, g); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", g, err, want)
		}
	}
}
