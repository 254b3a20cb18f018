package caddyrec

import (
	"net"
	"net/http"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddyrec/caddyrec/exchange"
	"github.com/caddyrec/caddyrec/record"
)

// exchangeVar is where a request's exchange is kept, in Caddy's variables: they
// reach matchers, which cannot change the request's context.
const exchangeVar = "caddyrec.exchange"

// Enter begins, or goes on with, what caddyrec does for r. It returns the
// gateway, which stays open until leave is called, and r's exchange. An error
// means that nothing can be recorded.
func (a *App) Enter(r *http.Request) (g *Gateway, x *exchange.Exchange, leave func(), err error) {
	g, err = a.open()
	if err != nil {
		return nil, nil, nil, err
	}
	leave, ok := g.Enter()
	if !ok {
		return nil, nil, nil, errClosed
	}
	return g, a.exchange(g, r), leave, nil
}

// exchange returns r's exchange, made by the first who asks.
func (a *App) exchange(g *Gateway, r *http.Request) *exchange.Exchange {
	if x := ExchangeOf(r); x != nil {
		return x
	}
	m := a.Masker(g)
	x := &exchange.Exchange{ID: record.NewID(), Start: time.Now(), Body: BodyOf(r)}
	// What the client asked for, before any rewrite. (Caddy keeps no Host there.)
	asked := r
	if original, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request); ok && original.URL != nil {
		asked = &original
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	x.Request = record.Request{Method: m.Text(asked.Method, 32), Proto: r.Proto}
	var inURL, inHeaders []record.Masked
	x.Request.URL, inURL = m.URL(scheme, r.Host, asked.URL)
	x.Request.Headers, inHeaders = m.Headers(r.Header)
	x.Masked = append(inURL, inHeaders...)
	x.Client = record.Client{PeerIP: hostOf(r.RemoteAddr), UserAgent: m.Text(r.UserAgent(), 256)}
	x.Client.IP = x.Client.PeerIP
	if ip, ok := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string); ok && ip != "" {
		x.Client.IP = ip
	}
	caddyhttp.SetVar(r.Context(), exchangeVar, x)
	if repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer); ok {
		repl.Map(jsonPlaceholders(x))
	}
	return x
}

// ExchangeOf returns r's exchange; nil if none of caddyrec's handlers has seen
// it yet.
func ExchangeOf(r *http.Request) *exchange.Exchange {
	x, _ := caddyhttp.GetVar(r.Context(), exchangeVar).(*exchange.Exchange)
	return x
}

// Identify takes over who another authentication plugin says is asking, if
// oidc_auth has not said it.
func Identify(r *http.Request, x *exchange.Exchange) {
	if x.Identity != nil {
		return
	}
	repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	if !ok {
		return
	}
	if id, _ := repl.GetString("http.auth.user.id"); id != "" {
		x.Identity = &record.Identity{Subject: id}
		x.Values = func(claim string) []string {
			if v, _ := repl.GetString("http.auth.user." + claim); v != "" {
				return []string{v}
			}
			return nil
		}
	}
}

func hostOf(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	return host
}
