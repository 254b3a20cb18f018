//go:build linux

package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/caddyrec/caddyrec/e2e/gateway"
	"github.com/caddyrec/caddyrec/record"
)

// Beside the chain, what durability takes by itself: the command durable, which
// commits the chain's own two records for each request, or makes only two pages
// durable, and does nothing else.
const (
	recordsName = "the chain's two records and no more"
	syncsName   = "two writes with fdatasync and no more"
)

const durableConfig = `{
	admin off
	persist_config off
}
http://{$ADDRESS} {
	durable %s {$FOLDER}
	reverse_proxy {$UPSTREAM}
}
`

// recordsOf are the intent and the exchange that a chain has recorded of one
// request, without what the ledger gives a record, as files of a gateway's
// folder.
func recordsOf(chain *gateway.Gateway) (map[string]string, error) {
	const log = "main"
	lines, err := chain.Records(log)
	if err != nil {
		return nil, err
	}
	files := map[string]string{}
	for _, l := range lines {
		if l.Type != record.Intent && l.Type != record.ExchangeType {
			continue
		}
		_, fields, ok := strings.Cut(l.Raw, fmt.Sprintf(`"log":%q,`, log))
		if !ok {
			return nil, fmt.Errorf("record %d does not begin as records do", l.Seq)
		}
		files[string(l.Type)+".json"] = "{" + fields
	}
	if len(files) != 2 {
		return nil, errors.New("the chain has not recorded its first request")
	}
	return files, nil
}
