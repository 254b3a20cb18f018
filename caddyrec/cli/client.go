package cli

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// Bounds of one question to a gateway.
const (
	dialTimeout   = 10 * time.Second
	answerTimeout = 30 * time.Second
	// maxAnswer is more than a full list is: a thousand requests with 16 KiB of
	// body and 8 KiB of URL each.
	maxAnswer = 64 << 20
)

// client asks one gateway about approvals.
type client struct {
	base  *url.URL
	token string
	http  *http.Client
}

func newClient(base *url.URL, token string) *client {
	dialer := &net.Dialer{Timeout: dialTimeout}
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialer.DialContext,
		TLSHandshakeTimeout:   dialTimeout,
		ResponseHeaderTimeout: answerTimeout,
		ForceAttemptHTTP2:     true,
	}
	if base.Scheme == "http" {
		// The name said this machine; the address must too.
		transport.Proxy = nil
		dialer.Control = onlyLoopback
	}
	return &client{base: base, token: token, http: &http.Client{
		Transport: transport,
		Timeout:   2 * answerTimeout,
		// The token is for the gateway that was named, and nobody else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

func onlyLoopback(_, address string, _ syscall.RawConn) error {
	host, _, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("%s is not this machine: use https", address)
	}
	return nil
}

// refusal is a gateway's no, as problem details (RFC 9457).
type refusal struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Reason string `json:"reason"`
}

func (r *refusal) Error() string {
	text := r.Title
	if text == "" {
		text = fmt.Sprintf("status %d", r.Status)
	}
	if r.Detail != "" {
		text += ": " + r.Detail
	}
	if r.Reason != "" {
		text += " (" + r.Reason + ")"
	}
	return "the gateway says: " + text
}

// list returns the approvals that concern whoever asks.
func (c *client) list(ctx context.Context) ([]json.RawMessage, error) {
	answer, err := c.do(ctx, http.MethodGet, nil)
	if err != nil {
		return nil, err
	}
	var all struct {
		Approvals []json.RawMessage `json:"approvals"`
	}
	if err := json.Unmarshal(answer, &all); err != nil {
		return nil, fmt.Errorf("the gateway's answer is no list of approvals: %w", err)
	}
	return all.Approvals, nil
}

// get returns one approval.
func (c *client) get(ctx context.Context, id string) (json.RawMessage, error) {
	return c.do(ctx, http.MethodGet, nil, id)
}

// vote gives a decision and returns what has become of the approval.
func (c *client) vote(ctx context.Context, id string, d decision, reason string) (json.RawMessage, error) {
	ballot, err := json.Marshal(struct {
		Decision decision `json:"decision"`
		Reason   string   `json:"reason,omitempty"`
	}{d, reason})
	if err != nil {
		return nil, err
	}
	answer, err := c.do(ctx, http.MethodPost, ballot, id, "votes")
	var refused *refusal
	if err != nil && !errors.As(err, &refused) {
		err = fmt.Errorf("%w: the vote may count nevertheless, see caddy rec approvals %s", err, id)
	}
	return answer, err
}

func (c *client) do(ctx context.Context, method string, body []byte, path ...string) ([]byte, error) {
	address := c.base.JoinPath(append([]string{".caddyrec", "approvals"}, path...)...)
	req, err := http.NewRequestWithContext(ctx, method, address.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	req.Header.Set("Accept", "application/json, application/problem+json")
	req.Header.Set("User-Agent", "caddy-rec")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.unreachable(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("reading the answer of gateway %s: %w", c.base, err)
	}
	return c.judge(resp, answer)
}

// judge tells answers from refusals, and both from what is no gateway.
func (c *client) judge(resp *http.Response, answer []byte) ([]byte, error) {
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	switch {
	case len(answer) > maxAnswer:
		return nil, fmt.Errorf("the answer of gateway %s is longer than %s", c.base, bytesText(maxAnswer))
	case resp.StatusCode/100 == 3:
		return nil, fmt.Errorf("gateway %s points to %s: if that is right, name it with --gateway", c.base, resp.Header.Get("Location"))
	case media == "application/problem+json":
		r := new(refusal)
		if err := json.Unmarshal(answer, r); err != nil {
			return nil, fmt.Errorf("gateway %s answered %d with problem details that cannot be read", c.base, resp.StatusCode)
		}
		r.Status = resp.StatusCode
		return nil, r
	case resp.StatusCode/100 != 2 || media != "application/json":
		return nil, fmt.Errorf("%s answered %d %s, which is not how caddyrec answers: is jit_approval or session_record on that site?", c.base, resp.StatusCode, media)
	}
	return answer, nil
}

func (c *client) unreachable(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // it repeats the address
	}
	hint := ""
	var authority x509.UnknownAuthorityError
	if errors.As(err, &authority) {
		hint = ": make its CA trusted here, see --help"
	}
	return fmt.Errorf("asking gateway %s: %s%s", c.base, strings.TrimSpace(err.Error()), hint)
}
