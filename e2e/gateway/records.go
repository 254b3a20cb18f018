package gateway

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
)

// Line is one record as it stands in the ledger.
type Line struct {
	record.Record
	Raw string
}

// LedgerFolder is the folder of a log in the gateway's store.
func (g *Gateway) LedgerFolder(log string) string { return filepath.Join(g.Store(), "ledger", log) }

// Records reads a log from its files, also while the gateway runs.
func (g *Gateway) Records(log string) ([]Line, error) {
	var lines []Line
	err := ledger.Walk(os.DirFS(g.LedgerFolder(log)), 0, func(l ledger.Line) error {
		line := Line{Raw: string(l.Raw)}
		if err := json.Unmarshal(l.Raw, &line.Record); err != nil {
			return fmt.Errorf("record %d: %w", l.Seq, err)
		}
		lines = append(lines, line)
		return nil
	})
	return lines, err
}
