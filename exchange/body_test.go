package exchange

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
)

func request(body string, length int64) *http.Request {
	r, _ := http.NewRequest("POST", "http://x/", io.NopCloser(strings.NewReader(body)))
	r.ContentLength = length
	return r
}

func TestABodyIsReadOnceAndSeenByAll(t *testing.T) {
	for _, length := range []int64{11, -1} {
		r := request(`{"a":"body"}`[:11], length)
		b := NewBody(r)
		for range 2 { // two handlers
			if err := b.Fill(100); err != nil {
				t.Fatal(err)
			}
			if text, whole := b.Whole(100); !whole || string(text) != `{"a":"body"` {
				t.Fatalf("saw %q, whole %v", text, whole)
			}
			b.Attach(r)
		}
		got, err := io.ReadAll(r.Body)
		if err != nil || string(got) != `{"a":"body"` || r.ContentLength != 11 {
			t.Errorf("the upstream got %q (length %d), %v", got, r.ContentLength, err)
		}
	}
}

func TestABodyOverTheLimitGoesOnFromTheConnection(t *testing.T) {
	r := request(strings.Repeat("x", 50), 50)
	b := NewBody(r)
	if err := b.Fill(10); err != nil {
		t.Fatal(err)
	}
	if text, whole := b.Whole(10); whole || len(text) != 11 {
		t.Fatalf("%d bytes in memory, whole %v", len(text), whole)
	}
	if err := b.Fill(20); err != nil { // a handler with a larger limit
		t.Fatal(err)
	}
	b.Attach(r)
	got, err := io.ReadAll(r.Body)
	if err != nil || len(got) != 50 || b.Size() != 50 {
		t.Errorf("the upstream got %d bytes, size %d, %v", len(got), b.Size(), err)
	}
}

func TestABodyOfExactlyTheLimitIsWhole(t *testing.T) {
	b := NewBody(request("12345", -1))
	if err := b.Fill(5); err != nil {
		t.Fatal(err)
	}
	if _, whole := b.Whole(5); !whole {
		t.Error("not whole")
	}
}

func TestAReadErrorComesEveryTime(t *testing.T) {
	r := request("", -1)
	broken := errors.New("reset")
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader("ab"), iotest.ErrReader(broken)))
	b := NewBody(r)
	for range 2 {
		if err := b.Fill(10); !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
	}
	b.Attach(r)
	if _, err := io.ReadAll(r.Body); !errors.Is(err, broken) {
		t.Errorf("the upstream got %v", err)
	}
}

func TestABodyThatAnotherHandlerReplacedIsNotOurs(t *testing.T) {
	r := request("one", 3)
	b := NewBody(r)
	if !b.Of(r) {
		t.Error("a body does not know its own request")
	}
	r.Body = io.NopCloser(strings.NewReader("two"))
	if b.Of(r) {
		t.Error("a replaced body is taken for ours")
	}
	empty := &http.Request{Body: http.NoBody}
	if !NewBody(empty).Of(empty) {
		t.Error("an empty body does not know its own request")
	}
}
