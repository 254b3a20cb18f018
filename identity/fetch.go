package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/caddyrec/caddyrec/jsonscan"
)

const maxReply = 1 << 20

// boundedClient returns c, or a client of our own, with a timeout and without
// redirects to other hosts.
func boundedClient(c *http.Client) *http.Client {
	bounded := http.Client{}
	if c != nil {
		bounded = *c
	} else {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.DisableKeepAlives = true // two requests a quarter of an hour
		t.MaxResponseHeaderBytes = 64 << 10
		bounded.Transport = t
	}
	if bounded.Timeout == 0 {
		bounded.Timeout = defaultTimeout
	}
	if bounded.CheckRedirect == nil {
		bounded.CheckRedirect = sameOrigin
	}
	return &bounded
}

func sameOrigin(req *http.Request, via []*http.Request) error {
	if from := via[0].URL; req.URL.Host != from.Host || req.URL.Scheme != from.Scheme {
		return errors.New("redirect to another origin refused")
	}
	if len(via) > 3 {
		return errors.New("more than 3 redirects")
	}
	return nil
}

// get fetches a JSON document of at most 1 MiB.
func get(ctx context.Context, client *http.Client, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("get %s: status %d instead of 200", address, resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxReply+1))
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", address, err)
	}
	if len(body) > maxReply {
		return nil, fmt.Errorf("get %s: reply is larger than 1 MiB", address)
	}
	return body, nil
}

// discover asks the issuer where its keys are (OpenID Connect Discovery 1.0,
// sections 4.1 and 4.3).
func (v *Verifier) discover(ctx context.Context) (string, error) {
	address := strings.TrimSuffix(v.cfg.Issuer, "/") + "/.well-known/openid-configuration"
	body, err := get(ctx, v.cfg.Client, address)
	if err != nil {
		return "", err
	}
	if report, err := jsonscan.Check(body, jsonLimits); err != nil || report.Duplicate {
		return "", fmt.Errorf("get %s: not an unambiguous JSON document", address)
	}
	var doc struct {
		Issuer  string `json:"issuer"`
		JWKSURI string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		return "", fmt.Errorf("get %s: not a discovery document", address)
	}
	if doc.Issuer != v.cfg.Issuer {
		return "", fmt.Errorf("get %s: the document is of issuer %.255q: configure the issuer exactly as it names itself", address, doc.Issuer)
	}
	if err := v.checkJWKSURI(doc.JWKSURI); err != nil {
		return "", fmt.Errorf("get %s: %w", address, err)
	}
	return doc.JWKSURI, nil
}

// checkJWKSURI lets only an issuer that is itself http on a loopback host, as in
// a test, name such a place: no other may send us to the gateway's own machine.
func (v *Verifier) checkJWKSURI(uri string) error {
	issuer, err := url.Parse(v.cfg.Issuer)
	if err != nil {
		return err
	}
	return checkURL("jwks_uri", uri, issuer.Scheme == "http")
}

// fetchKeys fetches and reads the key set at address.
func (v *Verifier) fetchKeys(ctx context.Context, address string) (*keyring, error) {
	body, err := get(ctx, v.cfg.Client, address)
	if err != nil {
		return nil, err
	}
	ring, err := parseKeys(body, v.cfg.Algorithms)
	if err != nil {
		return nil, fmt.Errorf("get %s: %w", address, err)
	}
	ring.url, ring.fetched = address, v.cfg.Now()
	return ring, nil
}
