package demo

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/caddyrec/caddyrec/ledger"
)

// verify checks a log's folder as an auditor would: offline, with the public
// key that was kept elsewhere.
func (s *story) verify(ctx context.Context, folder string) (*ledger.Report, error) {
	key, err := os.ReadFile(filepath.Join(s.dir, "records", "keys", "orders.public"))
	if err != nil {
		return nil, err
	}
	return ledger.Verify(ctx, os.DirFS(folder), ledger.VerifyOptions{Key: string(bytes.TrimSpace(key))})
}

func (s *story) ledgerHolds(ctx context.Context) error {
	s.title("an auditor verifies the ledger, offline, with one public key")
	report, err := s.verify(ctx, s.ledger)
	for deadline := time.Now().Add(5 * time.Second); err == nil && report.Signed < uint64(report.Records) && time.Now().Before(deadline); {
		// A checkpoint is signed within a second of a record.
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
		report, err = s.verify(ctx, s.ledger)
	}
	if err != nil {
		return err
	}
	if len(report.Problems) > 0 || report.Records < 10 || report.Signed != uint64(report.Records) {
		return fmt.Errorf("%d records, %d of them signed, and the problems %v", report.Records, report.Signed, report.Problems)
	}
	s.line("verify      ", fmt.Sprintf("%d records intact; the chain, the tree and the signed checkpoint agree", report.Records))
	return nil
}

func (s *story) tamperingShows(ctx context.Context) error {
	s.title("somebody makes the refund smaller, in a copy of the ledger")
	copied := filepath.Join(s.dir, "copy")
	if err := os.CopyFS(copied, os.DirFS(s.ledger)); err != nil {
		return err
	}
	seq, err := forge(copied, []byte(`\"amount\":5000`), []byte(`\"amount\":1000`))
	if err != nil {
		return err
	}
	report, err := s.verify(ctx, copied)
	if err != nil {
		return err
	}
	for _, p := range report.Problems {
		if p.Seq == int64(seq) {
			s.line("verify      ", fmt.Sprintf("record #%d %s: %s", p.Seq, p.Kind, cut(p.Detail, 80)))
			return nil
		}
	}
	return fmt.Errorf("record %d was changed, and verify says %v", seq, report.Problems)
}

// forge changes the first record in folder that has the text, and returns its
// seq.
func forge(folder string, text, with []byte) (seq uint64, err error) {
	found := false
	err = ledger.Walk(os.DirFS(folder), 0, func(line ledger.Line) error {
		if found || !bytes.Contains(line.Raw, text) {
			return nil
		}
		found, seq = true, line.Seq
		name := filepath.Join(folder, filepath.FromSlash(line.Segment))
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if err := os.Chmod(name, 0o600); err != nil {
			return err
		}
		changed := bytes.Replace(line.Raw, text, with, 1)
		return os.WriteFile(name, bytes.Replace(content, line.Raw, changed, 1), 0o600)
	})
	if err == nil && !found {
		err = fmt.Errorf("no record holds %s", text)
	}
	return seq, err
}
