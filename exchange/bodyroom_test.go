package exchange

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/iotest"
)

func TestAnAnnouncedBodyTakesNoMemoryBeforeItComes(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/", io.MultiReader(bytes.NewReader([]byte("x")), iotest.ErrReader(io.ErrUnexpectedEOF)))
	r.ContentLength = 1 << 20
	b := NewBody(r)
	if cap(b.buf) > 0 {
		t.Errorf("%d bytes are taken for a body that nobody has asked for", cap(b.buf))
	}
	if err := b.Fill(1 << 20); err == nil {
		t.Fatal("a body that broke off was taken for whole")
	}
	if cap(b.buf) > 32<<10 {
		t.Errorf("%d bytes are taken for one that came", cap(b.buf))
	}
}

func TestABodyOfAnyLengthIsReadWhole(t *testing.T) {
	for _, size := range []int{1, firstUnknown, firstRoom - 1, firstRoom, firstRoom + 1, 3*firstRoom + 7, 300_000} {
		for _, announced := range []int64{int64(size), -1, 1, int64(size) * 2} {
			text := bytes.Repeat([]byte("x"), size)
			r := httptest.NewRequest(http.MethodPost, "/", iotest.HalfReader(bytes.NewReader(text)))
			r.ContentLength = announced
			b := NewBody(r)
			if err := b.Fill(1 << 20); err != nil {
				t.Fatal(err)
			}
			if got, whole := b.Whole(1 << 20); !whole || !bytes.Equal(got, text) {
				t.Errorf("of %d bytes, announced as %d, there are %d", size, announced, len(got))
			}
			if announced == int64(size) && size <= firstRoom && cap(b.buf) > 2*size+64 {
				t.Errorf("%d bytes are taken for %d", cap(b.buf), size)
			}
		}
	}
}
