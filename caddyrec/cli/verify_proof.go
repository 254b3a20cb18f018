package cli

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
)

// maxProof is more than a record's proof can be.
const maxProof = 65 << 20

// isFile says whether the argument of verify is one record's proof.
func isFile(args []string) bool {
	if len(args) == 0 {
		return false
	}
	info, err := os.Stat(args[0])
	return err == nil && info.Mode().IsRegular()
}

// verifyProof checks one record's proof and prints what came of it.
func (c *console) verifyProof(name, key string, against [][]byte, asJSON bool) error {
	if key == "" {
		return errors.New("a proof is checked with the log's public key alone: give it with --key")
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxProof+1))
	if err != nil {
		return err
	}
	if len(text) > maxProof {
		return fmt.Errorf("%s is longer than any proof", name)
	}
	report, err := ledger.VerifyProof(text, key, against...)
	if err != nil {
		return err
	}
	if asJSON {
		err = c.json(report)
	} else {
		s := sheet{con: c}
		s.proofReport(name, report)
		err = s.print()
	}
	if err == nil && len(report.Problems) > 0 {
		err = negative("")
	}
	return err
}

// proofReport writes what came of checking a proof.
func (s *sheet) proofReport(name string, r *ledger.ProofReport) {
	s.field("proof", "%s", name)
	if len(r.Problems) > 0 {
		s.blank()
		s.heading(bad, "NOT PROVEN: %d %s", len(r.Problems), plural(len(r.Problems), "problem", "problems"))
		for _, p := range r.Problems {
			s.painted(p.Kind, bad, "%s", p.Detail)
		}
		return
	}
	s.field("log", "%s", r.Log)
	s.field("signed", "for %d records, with the key %s, as given", r.Size, r.KeyHash)
	if r.Anchors > 0 {
		s.field("against", "%d %s kept elsewhere, of the same records", r.Anchors, plural(r.Anchors, "checkpoint", "checkpoints"))
	}
	s.blank()
	s.heading(good, "Proven: this is record %d of log %s, unchanged.", r.Seq, r.Log)
	s.blank()
	it := item{line: r.Record}
	var err error
	if it.record, err = record.Parse(r.Record); err != nil {
		it.record = &record.Record{Seq: r.Seq, Type: unreadable}
	}
	s.record(it)
}
