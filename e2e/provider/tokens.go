package provider

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
)

// The APIs that tokens can be asked for, as resource indicators (RFC 8707).
const (
	Orders  = "urn:caddyrec:orders-api"  // audience orders-api
	Billing = "urn:caddyrec:billing-api" // audience billing-api
)

// Tokens is what the token endpoint gives out.
type Tokens struct {
	Access string `json:"access_token"`
	ID     string `json:"id_token"`
}

// Service gets a token for a client that acts for itself (RFC 6749 section
// 4.4).
func (p *Provider) Service(ctx context.Context, client, resource string) (Tokens, error) {
	return p.token(ctx, http.DefaultClient, client, url.Values{
		"grant_type": {"client_credentials"}, "scope": {"orders"}, "resource": {resource},
	})
}

// web is the client that people log in with. It has the API's own name, so that
// ID tokens have the same audience as access tokens.
const web = "orders-api"

// callback is where the code comes to (RFC 8252 section 7.3). Nobody listens
// there: the redirect is not followed.
const callback = "http://127.0.0.1/callback"

// errCallback ends the redirects at the callback.
var errCallback = errors.New("callback reached")

// Login logs an account in, as a browser would, by authorization code with
// PKCE (RFC 7636), and returns its tokens.
func (p *Provider) Login(ctx context.Context, account, resource string) (Tokens, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return Tokens{}, err
	}
	var answer url.Values
	browser := &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), callback) {
			answer = r.URL.Query()
			return errCallback
		}
		if len(via) > 10 {
			return errors.New("too many redirects")
		}
		return nil
	}}
	verifier, state := random(), random()
	challenge := sha256.Sum256([]byte(verifier))
	ask := url.Values{
		"response_type": {"code"}, "client_id": {web}, "redirect_uri": {callback}, "scope": {"openid email orders"},
		"resource": {resource}, "state": {state}, "login_hint": {account},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.Issuer+"/auth?"+ask.Encode(), nil)
	if err != nil {
		return Tokens{}, err
	}
	res, err := browser.Do(req)
	if err == nil {
		res.Body.Close()
		return Tokens{}, fmt.Errorf("the login of %s ended at %s with %s", account, res.Request.URL.Path, res.Status)
	}
	if !errors.Is(err, errCallback) {
		return Tokens{}, err
	}
	if answer.Get("code") == "" || answer.Get("state") != state {
		return Tokens{}, fmt.Errorf("the login of %s came back with %s: %s", account, answer.Get("error"), answer.Get("error_description"))
	}
	return p.token(ctx, browser, web, url.Values{
		"grant_type": {"authorization_code"}, "code": {answer.Get("code")}, "redirect_uri": {callback},
		"client_id": {web}, "code_verifier": {verifier}, "resource": {resource},
	})
}

func (p *Provider) token(ctx context.Context, c *http.Client, client string, form url.Values) (t Tokens, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.Issuer+"/token", strings.NewReader(form.Encode()))
	if err != nil {
		return t, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if client != web { // that one is public
		req.SetBasicAuth(client, client+"-secret")
	}
	res, err := c.Do(req)
	if err != nil {
		return t, err
	}
	defer res.Body.Close()
	var body struct {
		Tokens
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if err := json.NewDecoder(res.Body).Decode(&body); err != nil {
		return t, err
	}
	if body.Access == "" {
		return t, fmt.Errorf("a token for %s: %s: %s %s", client, res.Status, body.Error, body.Description)
	}
	return body.Tokens, nil
}

func random() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}
