package demo

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/caddyrec/caddyrec/exchange"
	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
)

type answer struct {
	status  int
	header  http.Header
	body    string
	problem exchange.Problem // where the gateway itself answered
}

// do sends one request through the gateway, as curl would.
func (s *story) do(ctx context.Context, token, method, path, body, approval string) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, method, s.gateway+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if approval != "" {
		req.Header.Set("Caddyrec-Approval", approval)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{status: resp.StatusCode, header: resp.Header, body: string(text)}
	if resp.Header.Get("Content-Type") == "application/problem+json" {
		err = json.Unmarshal(text, &a.problem)
	}
	return a, err
}

func (s *story) vote(ctx context.Context, token string) (answer, error) {
	return s.do(ctx, token, "POST", "/.caddyrec/approvals/"+s.refund+"/votes", `{"decision":"approve","reason":"checked with the customer"}`, "")
}

// find returns the newest record that is wanted. Records are durable before
// their answers, so there is nothing to wait for.
func (s *story) find(wanted func(*record.Record) bool) (*record.Record, error) {
	var found *record.Record
	err := ledger.Walk(os.DirFS(s.ledger), 0, func(line ledger.Line) error {
		r, err := record.Parse(line.Raw)
		if err == nil && wanted(r) {
			found = r
		}
		return err
	})
	if err == nil && found == nil {
		err = errors.New("there is no such record")
	}
	return found, err
}
