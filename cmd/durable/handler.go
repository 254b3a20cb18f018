package main

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

func init() {
	caddy.RegisterModule(Handler{})
	httpcaddyfile.RegisterHandlerDirective("durable", parse)
	httpcaddyfile.RegisterDirectiveOrder("durable", httpcaddyfile.Before, "reverse_proxy")
}

// Handler holds a request and its answer, and makes something durable before
// either goes on.
//
//	durable records|syncs <folder>
type Handler struct {
	// What: records, an intent and an exchange that are committed to a ledger, or
	// syncs, two pages that are written and synced and no more.
	What string `json:"what"`
	// Folder is where, an absolute path. For records, intent.json and
	// exchange.json are there: their fields, without seq, prev and log.
	Folder string `json:"folder"`

	to writer
}

// writer makes something durable before a request goes on, and before its answer
// does.
type writer interface {
	before() error
	after() error
	close() error
}

// CaddyModule returns the Caddy module information.
func (Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.durable", New: func() caddy.Module { return new(Handler) }}
}

func parse(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	d := new(Handler)
	h.Next()
	if !h.Args(&d.What, &d.Folder) {
		return nil, h.ArgErr()
	}
	return d, nil
}

// Provision implements [caddy.Provisioner].
func (d *Handler) Provision(caddy.Context) (err error) {
	switch {
	case !filepath.IsAbs(d.Folder):
		return errors.New("durable: name an absolute folder")
	case d.What == "records":
		d.to, err = openRecords(d.Folder)
	case d.What == "syncs":
		d.to, err = openSyncs(d.Folder)
	default:
		return errors.New("durable: say records or syncs")
	}
	return err
}

// Cleanup implements [caddy.CleanerUpper].
func (d *Handler) Cleanup() error {
	if d.to == nil {
		return nil
	}
	return d.to.close()
}

// patience is how long a record may take, as in the chain.
const patience = time.Second

// ServeHTTP implements [caddyhttp.MiddlewareHandler].
func (d *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	request, err := io.ReadAll(r.Body)
	if err != nil {
		return caddyhttp.Error(http.StatusBadRequest, err)
	}
	r.Body = io.NopCloser(bytes.NewReader(request))
	if err := d.to.before(); err != nil {
		return caddyhttp.Error(http.StatusServiceUnavailable, err)
	}
	held := caddyhttp.NewResponseRecorder(w, new(bytes.Buffer), func(int, http.Header) bool { return true })
	if err := next.ServeHTTP(held, r); err != nil {
		return err
	}
	if err := d.to.after(); err != nil {
		return caddyhttp.Error(http.StatusServiceUnavailable, err)
	}
	return held.WriteResponse()
}
