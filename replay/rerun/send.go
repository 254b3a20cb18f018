package rerun

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/caddyrec/caddyrec/replay/compare"
)

// ReplayHeader is on every request that is sent again. Its value is the
// replay's id and the exchange's, separated by a slash.
const ReplayHeader = "X-Caddyrec-Replay"

// send sends a request. Why is a fixed word for an error.
func (r *runner) send(s *Step, req *request) (answer *compare.Answer, why string, err error) {
	ctx, cancel := context.WithTimeout(r.life, r.opts.Timeout)
	defer cancel()
	credential := ""
	if r.opts.Credential != nil {
		if credential, err = r.credential(ctx, ""); err != nil {
			return nil, WhyCredential, err
		}
	}
	answer, why, err = r.try(ctx, s, req, credential)
	if err != nil || answer.Status != http.StatusUnauthorized || s.Response.Status == http.StatusUnauthorized || credential == "" {
		return answer, why, err
	}
	// A credential has its time; a request that got 401 was not carried out.
	again, err := r.credential(ctx, credential)
	if err != nil {
		return nil, WhyCredential, err
	}
	if again == credential {
		return answer, "", nil
	}
	return r.try(ctx, s, req, again)
}

func (r *runner) credential(ctx context.Context, refused string) (string, error) {
	value, err := r.opts.Credential(ctx, refused)
	if err == nil {
		r.hidden.add(value)
		r.hidden.add(strings.Fields(value)...)
	}
	return value, err
}

func (r *runner) try(ctx context.Context, s *Step, req *request, credential string) (*compare.Answer, string, error) {
	out, err := r.build(ctx, s, req)
	if err != nil {
		return nil, WhyURL, errors.New("the address cannot be asked") // its own error quotes what was filled in
	}
	if credential != "" {
		out.Header.Set("Authorization", credential)
	}
	res, err := r.opts.Transport.RoundTrip(out)
	if err != nil {
		return nil, whyOf(err), withoutURL(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, r.opts.MaxBody+1))
	if err != nil {
		return nil, whyOf(err), withoutURL(err)
	}
	a := &compare.Answer{Status: res.StatusCode, Header: res.Header, Body: body, Origin: originOf(r.opts.Target)}
	if int64(len(body)) > r.opts.MaxBody {
		a.Body, a.Cut = body[:r.opts.MaxBody], true
	}
	if cookies := res.Cookies(); len(cookies) > 0 {
		r.jar(s.Session).SetCookies(r.opts.Target, cookies)
		for _, c := range cookies {
			r.hidden.add(c.Value)
		}
	}
	return a, "", nil
}

func (r *runner) build(ctx context.Context, s *Step, req *request) (*http.Request, error) {
	var body io.Reader
	if len(req.body) > 0 {
		body = bytes.NewReader(req.body)
	}
	out, err := http.NewRequestWithContext(ctx, s.Request.Method, originOf(r.opts.Target)+r.opts.Target.EscapedPath()+req.rest, body)
	if err != nil {
		return nil, err
	}
	out.Header = req.header.Clone()
	out.Host = r.opts.Host
	out.Header.Set(ReplayHeader, r.opts.ID+"/"+s.Exchange)
	// A client that tried twice with one key does so again with one key.
	of := s.Exchange
	if recorded := s.Request.Headers["idempotency-key"]; recorded != "" {
		sum := sha256.Sum256([]byte(recorded))
		of = hex.EncodeToString(sum[:8])
	}
	out.Header.Set("Idempotency-Key", idempotencyKey(r.opts.ID, of))
	return out, nil
}

func whyOf(err error) string {
	var n net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &n) && n.Timeout() {
		return WhyTimeout
	}
	return WhyConnection
}
