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
	slashed "path"
	"strings"

	"github.com/caddyrec/caddyrec/replay/compare"
)

// ReplayHeader is on every request that is sent again. Its value is the
// replay's id and the exchange's, separated by a slash.
const ReplayHeader = "X-Caddyrec-Replay"

// send sends a request.
func (r *runner) send(s *Step, req *request) (answer *compare.Answer, why Why, err error) {
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

func (r *runner) try(ctx context.Context, s *Step, req *request, credential string) (*compare.Answer, Why, error) {
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
	if b := s.Response.Body; b != nil && b.Omitted == "streamed" {
		// It may go on for ever, and there is nothing to compare it with.
		return r.answer(s, res, nil, true), "", nil
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, r.opts.MaxBody+1))
	if err != nil {
		return nil, whyOf(err), withoutURL(err)
	}
	cut := int64(len(body)) > r.opts.MaxBody
	return r.answer(s, res, body[:min(int64(len(body)), r.opts.MaxBody)], cut), "", nil
}

// answer is what came back, with its cookies kept.
func (r *runner) answer(s *Step, res *http.Response, body []byte, cut bool) *compare.Answer {
	if cookies := res.Cookies(); len(cookies) > 0 {
		r.jar(s.Session).SetCookies(r.opts.Target, cookies)
		for _, c := range cookies {
			r.hidden.add(c.Value)
		}
	}
	return &compare.Answer{
		Status: res.StatusCode, Header: res.Header, Body: body, Cut: cut, Origin: originOf(r.opts.Target), Prefix: r.opts.Target.EscapedPath(),
	}
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
	if !isBelow(out.URL.Path, r.opts.Target.Path) {
		return nil, errors.New("it leads out of the target's path")
	}
	out.Header = req.header.Clone()
	if req.coding != "" {
		out.Header.Set("Content-Encoding", req.coding)
	}
	out.Host = r.opts.Host
	out.Header.Set(ReplayHeader, r.opts.ID+"/"+s.Exchange)
	// A client that tried twice with one key does so again with one key.
	of := s.Exchange
	if recorded := s.Request.Headers["idempotency-key"]; recorded != "" {
		sum := sha256.Sum256([]byte(recorded))
		of = hex.EncodeToString(sum[:8])
	}
	// Spelled as net/http would, it lets that send a request a second time, when
	// a connection ends that was used before: one that is unsafe goes once.
	out.Header["idempotency-key"] = []string{idempotencyKey(r.opts.ID, of)}
	return out, nil
}

// isBelow says whether a path stays below a prefix once a server has worked out
// its dots, as most do.
func isBelow(path, prefix string) bool {
	if prefix == "" {
		return true
	}
	path = slashed.Clean(strings.ReplaceAll(path, `\`, "/"))
	rest, ok := strings.CutPrefix(path, prefix)
	return ok && (rest == "" || rest[0] == '/')
}

func whyOf(err error) Why {
	var n net.Error
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &n) && n.Timeout() {
		return WhyTimeout
	}
	return WhyConnection
}
