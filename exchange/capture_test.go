package exchange

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// serve runs a handler behind a Capture on a real socket and returns what the
// client got.
func serve(t *testing.T, limit int64, handle func(c *Capture) error) (*http.Response, string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", "outer")
		c := NewCapture(w, limit)
		defer c.Close()
		if err := handle(c); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(s.Close)
	resp, err := http.Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func TestAnAnswerIsHeldUntilItIsReleased(t *testing.T) {
	resp, body := serve(t, 100, func(c *Capture) error {
		c.Header().Set("Content-Type", "application/json")
		c.WriteHeader(http.StatusCreated)
		io.WriteString(c, `{"a":`)
		if err := c.FlushError(); err != nil {
			return err
		}
		io.WriteString(c, `1}`)
		if c.Streamed() || string(c.Bytes()) != `{"a":1}` || c.Status() != 201 {
			t.Errorf("held %q with status %d, streamed %v", c.Bytes(), c.Status(), c.Streamed())
		}
		return c.Release()
	})
	if resp.StatusCode != 201 || body != `{"a":1}` {
		t.Errorf("the client got %d %q", resp.StatusCode, body)
	}
}

func TestAWithheldAnswerLeavesNothingBehind(t *testing.T) {
	resp, body := serve(t, 100, func(c *Capture) error {
		c.Header().Set("Set-Cookie", "session=secret")
		c.Header().Set("Content-Length", "6")
		c.Header().Set("Content-Type", "application/json")
		io.WriteString(c, "secret")
		return Problem{Title: "no", Status: http.StatusBadGateway, Reason: "test"}.Write(c.Withhold(), nil)
	})
	if resp.StatusCode != http.StatusBadGateway || resp.Header.Get("Set-Cookie") != "" || strings.Contains(body, "secret") || resp.Header.Get("Server") != "outer" {
		t.Errorf("the client got %d %v %q", resp.StatusCode, resp.Header, body)
	}
}

func TestEachPartOfAStreamIsSeenBeforeItIsReleased(t *testing.T) {
	var parts []string
	_, body := serve(t, 8, func(c *Capture) error {
		c.Part = func(b []byte, _ bool) ([]byte, error) { parts = append(parts, string(b)); return b, nil }
		c.Header().Set("Content-Type", "application/octet-stream")
		io.WriteString(c, "one")
		c.FlushError()
		io.WriteString(c, "two")
		io.WriteString(c, "three-and-more")
		return c.Finish()
	})
	if strings.Join(parts, "|") != "one|twothree-and-more" || body != "onetwothree-and-more" {
		t.Errorf("parts %q, the client got %q", parts, body)
	}
}

func TestAPartThatCannotBeRecordedIsNotReleased(t *testing.T) {
	lost := errors.New("ledger away")
	_, body := serve(t, 4, func(c *Capture) error {
		n := 0
		c.Part = func(b []byte, _ bool) ([]byte, error) {
			if n++; n > 1 {
				return nil, lost
			}
			return b, nil
		}
		io.WriteString(c, "first")
		if _, err := io.WriteString(c, "second"); !errors.Is(err, lost) {
			t.Errorf("the write gave %v", err)
		}
		if err := c.Finish(); !errors.Is(err, lost) {
			t.Errorf("the end gave %v", err)
		}
		return nil
	})
	if body != "first" {
		t.Errorf("the client got %q", body)
	}
}

func TestAnAnswerThatMustBeWholeIsNotStreamed(t *testing.T) {
	serve(t, 4, func(c *Capture) error {
		c.Part = func(b []byte, _ bool) ([]byte, error) { t.Error("streamed"); return b, nil }
		c.Whole = func(int, http.Header) bool { return true }
		if _, err := io.WriteString(c, "too long"); !errors.Is(err, ErrTooLarge) {
			t.Errorf("the write gave %v", err)
		}
		c.FlushError()
		return Problem{Status: http.StatusBadGateway, Reason: "x"}.Write(c.Withhold(), nil)
	})
}

func TestTrailersStayTrailers(t *testing.T) {
	resp, body := serve(t, 100, func(c *Capture) error {
		c.Header().Set("Trailer", "X-Sum")
		io.WriteString(c, "body")
		c.Header().Set("X-Sum", "42")
		return c.Release()
	})
	if resp.Header.Get("X-Sum") != "" || resp.Trailer.Get("X-Sum") != "42" || body != "body" {
		t.Errorf("header %v, trailer %v, body %q", resp.Header, resp.Trailer, body)
	}
}

func TestACaptureIsNoWayToHijackTheConnection(t *testing.T) {
	serve(t, 100, func(c *Capture) error {
		if _, _, err := http.NewResponseController(c).Hijack(); err == nil {
			t.Error("hijacked")
		}
		return c.Release()
	})
}
