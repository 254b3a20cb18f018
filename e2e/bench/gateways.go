//go:build linux

package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"

	"github.com/caddyrec/caddyrec/e2e/gateway"
)

// target is a gateway that runs and the request that it gets.
type target struct {
	name    string
	address string
	request []byte
	pid     int

	upstreamPid int
}

// The gateways that are always measured.
const (
	plainName = "plain Caddy"
	chainName = "caddyrec, whole chain"
)

const plainConfig = `{
	admin off
	persist_config off
}
http://{$ADDRESS} {
	reverse_proxy {$UPSTREAM}
}
`

const chainConfig = `{
	admin off
	persist_config off
	caddyrec {
		store local {$FOLDER}/store
	}
}
http://{$ADDRESS} {
	oidc_auth {
		issuer {$ISSUER}
		audience orders-api
		require groups engineering
		upstream_credential Authorization "Bearer of-the-upstream"
	}
	json_schema_guard {
		request {$FOLDER}/order.json
		response {$FOLDER}/receipt.json
	}
	session_record
	@risky {
		method POST
		json amount > 1000
	}
	jit_approval @risky {
		approvers groups security
	}
	reverse_proxy {$UPSTREAM}
}
`

const orderSchema = `{
	"$schema": "https://json-schema.org/draft/2020-12/schema",
	"type": "object",
	"properties": {
		"item": {"type": "string", "maxLength": 200},
		"amount": {"type": "number", "minimum": 0},
		"currency": {"enum": ["eur", "usd"]},
		"customer": {"type": "string", "pattern": "^c-[0-9]+$"},
		"note": {"type": "string", "maxLength": 1000}
	},
	"required": ["item", "amount"],
	"additionalProperties": false
}`

const receiptSchema = `{
	"$schema": "https://json-schema.org/draft/2020-12/schema",
	"type": "object",
	"properties": {
		"receipt": {"type": "string"},
		"state": {"enum": ["accepted", "refused"]},
		"customer": {"type": "object", "properties": {"id": {"type": "string"}, "city": {"type": "string", "x-sensitive": true}}, "required": ["id"]},
		"lines": {"type": "array", "items": {
			"type": "object",
			"properties": {"position": {"type": "integer"}, "item": {"type": "string"}, "quantity": {"type": "integer", "minimum": 1}, "price": {"type": "number"}},
			"required": ["position", "item", "quantity", "price"]
		}},
		"total": {"type": "number"}
	},
	"required": ["receipt", "state"]
}`

// start builds and starts all that is measured. Stop, never nil, ends it.
func start(ctx context.Context, dir string, o options) (targets []*target, m machine, stop func(), err error) {
	var stops []func()
	stop = func() {
		for n := len(stops) - 1; n >= 0; n-- {
			stops[n]()
		}
	}
	binary, err := gateway.Build(ctx, dir)
	if err != nil {
		return nil, m, stop, err
	}
	if m, err = machineOf(binary, dir); err != nil {
		return nil, m, stop, err
	}
	upstream, upstreamPid, stopUpstream, err := startUpstream()
	if err != nil {
		return nil, m, stop, err
	}
	stops = append(stops, stopUpstream)
	iss, err := startIssuer()
	if err != nil {
		return nil, m, stop, err
	}
	stops = append(stops, iss.Close)
	token, err := iss.token()
	if err != nil {
		return nil, m, stop, err
	}

	begin := func(name, binary, config, address string, files map[string]string) (*gateway.Gateway, error) {
		if address == "" {
			var err error
			if address, err = gateway.FreeAddress(); err != nil {
				return nil, err
			}
		}
		g := &gateway.Gateway{Binary: binary, Folder: filepath.Join(dir, fmt.Sprint("g", len(targets))), Address: address,
			Env: []string{"UPSTREAM=" + upstream, "ISSUER=" + iss.URL}}
		if err := os.Mkdir(g.Folder, 0o700); err != nil {
			return nil, err
		}
		for file, text := range files {
			if err := os.WriteFile(filepath.Join(g.Folder, file), []byte(text), 0o600); err != nil {
				return nil, err
			}
		}
		if err := g.Start(ctx, config); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		stops = append(stops, func() {
			if err := g.Stop(); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		})
		t := &target{name: name, address: address, pid: g.Pid(), upstreamPid: upstreamPid, request: fmt.Appendf(nil,
			"POST /orders HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
			address, token, len(requestBody), requestBody)}
		targets = append(targets, t)
		return g, answers(t)
	}
	schemas := map[string]string{"order.json": orderSchema, "receipt.json": receiptSchema}
	if _, err := begin(plainName, binary, plainConfig, "", nil); err != nil {
		return nil, m, stop, err
	}
	chain, err := begin(chainName, binary, chainConfig, "", schemas)
	if err != nil {
		return nil, m, stop, err
	}
	durable, err := gateway.BuildCommand(ctx, dir, "durable")
	if err != nil {
		return nil, m, stop, err
	}
	records, err := recordsOf(chain)
	if err != nil {
		return nil, m, stop, err
	}
	if _, err := begin(recordsName, durable, fmt.Sprintf(durableConfig, "records"), "", records); err != nil {
		return nil, m, stop, err
	}
	if _, err := begin(syncsName, durable, fmt.Sprintf(durableConfig, "syncs"), "", nil); err != nil {
		return nil, m, stop, err
	}
	for _, p := range o.peers {
		config, err := os.ReadFile(p.config)
		if err != nil {
			return nil, m, stop, err
		}
		u, err := url.Parse(p.url)
		if err != nil {
			return nil, m, stop, err
		}
		if _, err := begin(p.name, p.binary, string(config), u.Host, schemas); err != nil {
			return nil, m, stop, err
		}
	}
	return targets, m, stop, nil
}

// answers makes sure that a gateway serves the request before anything is
// measured.
func answers(t *target) error {
	conn, err := net.Dial("tcp", t.address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := exchange(conn, bufio.NewReader(conn), t); err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	return nil
}
