package chain_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

type answer struct {
	*http.Response
	text string
}

func (a answer) problem(t *testing.T) (p struct {
	Reason string
	Errors []record.Fault
}) {
	t.Helper()
	if a.Header.Get("Content-Type") != "application/problem+json" {
		t.Fatalf("not a problem: %d %s %s", a.StatusCode, a.Header.Get("Content-Type"), a.text)
	}
	if err := json.Unmarshal([]byte(a.text), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// do sends a request; header is names and values.
func (r *rig) do(method, path, body string, header ...string) answer {
	r.Helper()
	a, err := r.try(method, path, body, header...)
	if err != nil {
		r.Fatal(err)
	}
	return a
}

// try is do where the connection may break.
func (r *rig) try(method, path, body string, header ...string) (answer, error) {
	req, err := http.NewRequest(method, r.url+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Content-Type" {
			req.Header.Del("Content-Type")
		}
		req.Header.Add(header[i], header[i+1])
	}
	req.Host = r.host
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return answer{resp, string(text)}, err
}

// as is the header that makes a request somebody's.
func (r *rig) as(subject string, groups ...string) []string {
	r.Helper()
	token, err := r.issuer.Token(subject, time.Now(), map[string]any{"groups": groups, "sid": "sid-" + subject})
	if err != nil {
		r.Fatal(err)
	}
	return []string{"Authorization", "Bearer " + token}
}
