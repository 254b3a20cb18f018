package exchange

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// partsOf lists what Part is told; "!" marks what is no whole event.
func partsOf(c *Capture) *[]string {
	parts := new([]string)
	c.Part = func(b []byte, event bool) ([]byte, error) {
		mark := ""
		if !event {
			mark = "!"
		}
		*parts = append(*parts, mark+string(b))
		return b, nil
	}
	return parts
}

func TestAnEventInPiecesIsAssembledBeforeItGoesOut(t *testing.T) {
	var parts *[]string
	resp, body := serve(t, 100, func(c *Capture) error {
		parts = partsOf(c)
		c.Header().Set("Content-Type", "text/event-stream")
		c.Header().Set("Content-Length", "50")
		for _, piece := range []string{"data: on", "e\n", "\ndata: two\n\ndata", ": three\n", "", "\n", "data: last"} {
			io.WriteString(c, piece)
			if err := c.FlushError(); err != nil {
				return err
			}
		}
		return c.Finish()
	})
	if want := []string{"data: one\n\n", "data: two\n\n", "data: three\n\n", "data: last"}; !slices.Equal(*parts, want) || body != strings.Join(want, "") {
		t.Errorf("parts %q, the client got %q", *parts, body)
	}
	if resp.ContentLength != -1 {
		t.Error("the client knows the end before it is recorded")
	}
}

func TestAnEventLargerThanTheLimitGoesInPieces(t *testing.T) {
	var parts *[]string
	_, body := serve(t, 10, func(c *Capture) error {
		parts = partsOf(c)
		c.Header().Set("Content-Type", "application/x-ndjson")
		for _, piece := range []string{"[1]\n", "[22222222", "22222222", "222]\n[3]\n", "[4]"} {
			io.WriteString(c, piece)
			if err := c.FlushError(); err != nil {
				return err
			}
		}
		return c.Finish()
	})
	if want := []string{"[1]\n", "![2222222222222222", "!222]\n", "[3]\n", "[4]"}; !slices.Equal(*parts, want) || body != "[1]\n[2222222222222222222]\n[3]\n[4]" {
		t.Errorf("parts %q, the client got %q", *parts, body)
	}
}

func TestWhatPartReturnsIsReleasedInItsPlace(t *testing.T) {
	resp, body := serve(t, 100, func(c *Capture) error {
		c.Part = func(b []byte, _ bool) ([]byte, error) { return []byte(strings.ToUpper(string(b))), nil }
		c.Head = func(h http.Header) { h.Del("X-Gone") }
		c.Header().Set("Content-Type", "text/event-stream")
		c.Header().Set("X-Gone", "1")
		io.WriteString(c, "data: a\n\n")
		if err := c.FlushError(); err != nil {
			return err
		}
		return c.Finish()
	})
	if body != "DATA: A\n\n" || resp.Header.Get("X-Gone") != "" {
		t.Errorf("the client got %q %v", body, resp.Header)
	}
}

func TestNothingGoesOutWhereTheFirstEventIsRefused(t *testing.T) {
	refused := errors.New("no")
	resp, _ := serve(t, 100, func(c *Capture) error {
		c.Part = func([]byte, bool) ([]byte, error) { return nil, refused }
		c.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(c, "data: a\n\n")
		if err := c.FlushError(); !errors.Is(err, refused) || c.Sent() {
			return fmt.Errorf("the flush gave %v, sent %v", err, c.Sent())
		}
		return Problem{Status: http.StatusBadGateway, Reason: "x"}.Write(c.Withhold(), nil)
	})
	if resp.StatusCode != http.StatusBadGateway {
		t.Errorf("got %d", resp.StatusCode)
	}
}

func TestWhatPassesCanBeKeptAsWell(t *testing.T) {
	for limit, want := range map[int64]bool{4: true, 3: false} {
		_, body := serve(t, limit, func(c *Capture) error {
			c.Tee = true
			c.Pass = func(int, http.Header) bool { return true }
			io.WriteString(c, "ab")
			io.WriteString(c, "cd")
			if b, whole := c.Kept(); whole != want || want && string(b) != "abcd" {
				t.Errorf("kept %q of at most %d, whole %v", b, limit, whole)
			}
			return nil
		})
		if body != "abcd" {
			t.Errorf("the client got %q", body)
		}
	}
}
