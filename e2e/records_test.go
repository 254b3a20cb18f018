package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/caddyrec/caddyrec/e2e/gateway"
	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
)

// records reads the log main from its files, also while the gateway runs.
func (w *world) records() []gateway.Line {
	w.t.Helper()
	lines, err := w.Records("main")
	if err != nil {
		w.t.Fatalf("reading the ledger: %v", err)
	}
	return lines
}

// recorded are the records of these types.
func (w *world) recorded(types ...record.Type) []gateway.Line {
	w.t.Helper()
	return slices.DeleteFunc(w.records(), func(l gateway.Line) bool { return !slices.Contains(types, l.Type) })
}

// last is the last record of a type.
func (w *world) last(kind record.Type) gateway.Line {
	w.t.Helper()
	lines := w.recorded(kind)
	if len(lines) == 0 {
		w.t.Fatalf("there is no %s record", kind)
	}
	return lines[len(lines)-1]
}

// wantDenied fails the test unless the last refusal on record is this one.
func (w *world) wantDenied(by string, status int, reason string) gateway.Line {
	w.t.Helper()
	l := w.last(record.Denied)
	if d := l.Denial; d == nil || d.By != by || d.Status != status || d.Reason != reason {
		w.t.Fatalf("the refusal on record is %+v, want one by %s of %d %s", d, by, status, reason)
	}
	return l
}

// recordSchema is the published schema of records.
var recordSchema = sync.OnceValue(func() *jsonschema.Schema {
	c := jsonschema.NewCompiler()
	c.AssertFormat = true
	if err := c.AddResource("urn:caddyrec:record:1", bytes.NewReader(record.Schema)); err != nil {
		panic(err)
	}
	return c.MustCompile("urn:caddyrec:record:1")
})

// checkStore holds a stopped gateway's logs against what is promised of any
// log: each record is as published, and the whole verifies with the public key
// alone.
func checkStore(w *world) {
	w.t.Helper()
	logs, err := os.ReadDir(w.LedgerFolder(""))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, log := range logs {
		lines, err := w.Records(log.Name())
		if err != nil {
			w.t.Errorf("reading log %s: %v", log.Name(), err)
			continue
		}
		for i, l := range lines {
			var v any
			d := json.NewDecoder(bytes.NewReader([]byte(l.Raw)))
			d.UseNumber()
			if err := d.Decode(&v); err != nil {
				w.t.Errorf("record %d: %v", i, err)
				continue
			}
			if err := recordSchema().Validate(v); err != nil {
				w.t.Errorf("record %d is not as published: %v\n%s", i, err, l.Raw)
			}
			if l.Seq != uint64(i) || l.Log != log.Name() {
				w.t.Errorf("record %d of log %s says it is %d of %s", i, log.Name(), l.Seq, l.Log)
			}
		}
		verify(w, log.Name(), len(lines))
	}
}

// verify proves a log with its public key.
func verify(w *world, log string, records int) {
	w.t.Helper()
	keys, err := ledger.LoadKeys(filepath.Join(w.Store(), "keys"), log)
	if err != nil {
		w.t.Fatal(err)
	}
	report, err := ledger.Verify(context.Background(), os.DirFS(w.LedgerFolder(log)), ledger.VerifyOptions{Key: keys.Verifier()})
	if err != nil {
		w.t.Errorf("verifying log %s: %v", log, err)
		return
	}
	for _, p := range report.Problems {
		w.t.Errorf("log %s does not verify: %+v", log, p)
	}
	if report.Records != records || report.Checkpoints == 0 {
		w.t.Errorf("%d records of %d in log %s verify, against %d checkpoints", report.Records, records, log, report.Checkpoints)
	}
}
