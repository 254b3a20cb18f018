package sessionreplay

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/caddyrec/caddyrec/caddyrec"
	"github.com/caddyrec/caddyrec/exchange"
	"github.com/caddyrec/caddyrec/replay/provision"
)

const (
	keysPath     = caddyrec.ReplayPrefix + "keys"
	keyPath      = caddyrec.ReplayPrefix + "key"
	sessionsPath = caddyrec.ReplayPrefix + "sessions/"
)

// visit is a request under [caddyrec.ReplayPrefix].
type visit struct {
	*Handler
	*caddyrec.Visit
	authority     *provision.Authority
	client        provision.Client
	authorization string
}

// Passes says whether r asks for a recording, or about a key, with a
// provisioning key, which is all that it needs; or for the page, which needs
// none; or has a key where none may be, which is to be refused whoever asks.
func (h *Handler) Passes(r *http.Request) bool {
	if misplaced(r) {
		return true
	}
	values := r.Header["Authorization"]
	if len(values) == 0 && page(r) != nil {
		return true // it has nothing in it that anybody may not see
	}
	if len(values) != 1 || !strings.HasPrefix(r.URL.Path, sessionsPath) && r.URL.Path != keyPath {
		return false
	}
	scheme, key, _ := strings.Cut(values[0], " ")
	return (strings.EqualFold(scheme, "Bearer") || strings.EqualFold(scheme, "DPoP")) && strings.HasPrefix(key, provision.KeyPrefix)
}

// ServeReplay answers:
//
//	POST   /.caddyrec/replay/keys                   a new key
//	GET    /.caddyrec/replay/keys/{id}              what it stands for
//	DELETE /.caddyrec/replay/keys/{id}              revokes it
//	GET    /.caddyrec/replay/key                    what the key stands for that comes with it
//	GET    /.caddyrec/replay/sessions/{id}/frames   what happened in a session, for a key
//	GET    /.caddyrec/replay/watch                  a page that plays it
func (h *Handler) ServeReplay(w http.ResponseWriter, r *http.Request, c *caddyrec.Visit) error {
	v := &visit{Handler: h, Visit: c}
	if values := r.Header["Authorization"]; len(values) == 1 {
		v.authorization = values[0]
	}
	// From here on nobody sees the credential, whatever comes of it.
	r.Header.Del("Authorization")
	var err error
	if v.authority, err = h.keys.Authority(c); err != nil {
		return c.Unrecorded(w, err)
	}
	v.client = provision.Client{IP: c.Client.IP, Record: &c.Client, Exchange: c.ID, Proofs: r.Header["Dpop"], Method: r.Method, URL: target(r)}
	if misplaced(r) {
		// Caddy's access log would keep it; that it came is on record.
		caddyhttp.SetVar(r.Context(), caddyhttp.LogSkipVar, true)
		return v.refuse(w, v.authority.RefuseMisplaced(r.Context(), v.client))
	}
	if f := page(r); f != nil {
		return f.write(w, r)
	}
	id, one := strings.CutPrefix(r.URL.Path, keysPath+"/")
	rest, recorded := strings.CutPrefix(r.URL.Path, sessionsPath)
	session, what, _ := strings.Cut(rest, "/")
	switch {
	case r.URL.Path == keysPath && r.Method == http.MethodPost:
		return v.issue(w, r)
	case one && r.Method == http.MethodGet:
		return v.get(w, r, id)
	case one && r.Method == http.MethodDelete:
		return v.revoke(w, r, id)
	case r.URL.Path == keyPath && r.Method == http.MethodGet:
		return v.about(w, r)
	case recorded && session != "" && what == "frames" && (r.Method == http.MethodGet || r.Method == http.MethodHead):
		return v.show(w, r, session)
	}
	return exchange.Problem{Title: "No such resource", Status: http.StatusNotFound, Reason: "not-found",
		Detail: "paths under " + caddyrec.ReplayPrefix + " belong to session_replay"}.Write(w, v.Exchange)
}

// show shows what happened in a session to who has a key for it.
func (v *visit) show(w http.ResponseWriter, r *http.Request, session string) error {
	lease, err := v.authority.Check(r.Context(), v.authorization, v.client)
	if err != nil {
		return v.refuse(w, err)
	}
	defer lease.Close()
	// The key says who this is.
	v.Identity = lease.Grant().Identity()
	return v.frames(w, r, lease, session)
}

// about tells who has a key what it stands for.
func (v *visit) about(w http.ResponseWriter, r *http.Request) error {
	lease, err := v.authority.Check(r.Context(), v.authorization, v.client)
	if err != nil {
		return v.refuse(w, err)
	}
	defer lease.Close()
	if err := lease.Look(r.Context()); err != nil {
		return v.refuse(w, err)
	}
	v.Identity = lease.Grant().Identity()
	return v.Answer(w, http.StatusOK, answer(lease.Grant(), provision.Active))
}

// target is the address that a DPoP proof is for (RFC 9449 section 4.2): the one
// that the client asked for, before any rewrite.
func target(r *http.Request) string {
	asked := r.URL
	if first, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request); ok && first.URL != nil {
		asked = first.URL
	}
	u := url.URL{Scheme: "http", Host: r.Host, Path: asked.Path, RawPath: asked.RawPath}
	if r.TLS != nil {
		u.Scheme = "https"
	}
	return u.String()
}

// misplaced says whether something like a key stands in the address, or in a
// header field other than Authorization.
func misplaced(r *http.Request) bool {
	if holdsKey(r.URL.Path+"?"+r.URL.RawQuery) || holdsKey(r.URL.User.String()) || holdsKey(r.Host) {
		return true
	}
	for name, values := range r.Header {
		if name != "Authorization" && slices.ContainsFunc(values, holdsKey) {
			return true
		}
	}
	return false
}

// holdsKey says whether something like a key is in text, however often that is
// encoded.
func holdsKey(text string) bool {
	for range 4 {
		if strings.Contains(strings.ToLower(text), provision.KeyPrefix) {
			return true
		}
		again := escape.ReplaceAllStringFunc(text, func(code string) string {
			c, _ := strconv.ParseUint(code[1:], 16, 8)
			return string([]byte{byte(c)})
		})
		if again == text {
			return false
		}
		text = again
	}
	return false
}

// escape is a byte as addresses write it. A % that begins none hides nothing of
// what stands beside it.
var escape = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)
