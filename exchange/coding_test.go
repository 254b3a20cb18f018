package exchange

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

func coded(coding string, b []byte) []byte {
	var out bytes.Buffer
	var w io.WriteCloser
	switch coding {
	case "gzip":
		w = gzip.NewWriter(&out)
	case "deflate":
		w = zlib.NewWriter(&out)
	case "raw":
		w, _ = flate.NewWriter(&out, flate.DefaultCompression)
	case "zstd":
		w, _ = zstd.NewWriter(&out)
	case "br":
		w = brotli.NewWriter(&out)
	}
	w.Write(b)
	w.Close()
	return out.Bytes()
}

func codedBy(names ...string) http.Header { return http.Header{"Content-Encoding": names} }

func TestContentCodingsAreTakenOffInTheirOrder(t *testing.T) {
	text := []byte(`{"a":"` + strings.Repeat("plain text ", 20) + `"}`)
	for name, c := range map[string]struct {
		header http.Header
		body   []byte
	}{
		"none":                  {codedBy("identity"), text},
		"gzip":                  {codedBy("gzip"), coded("gzip", text)},
		"gzip's old name":       {codedBy("X-GZIP"), coded("gzip", text)},
		"deflate":               {codedBy("deflate"), coded("deflate", text)},
		"zstd":                  {codedBy("zstd"), coded("zstd", text)},
		"br":                    {codedBy("br"), coded("br", text)},
		"two in one field":      {codedBy("deflate, gzip"), coded("gzip", coded("deflate", text))},
		"two in two fields":     {codedBy("zstd", "identity, gzip"), coded("gzip", coded("zstd", text))},
		"three, as many as may": {codedBy("gzip, deflate, zstd"), coded("zstd", coded("deflate", coded("gzip", text)))},
	} {
		if got, err := decode(c.header, c.body, 1<<20); err != nil || !bytes.Equal(got, text) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestACodingThatCanBeReadInTwoWaysIsNotRead(t *testing.T) {
	text := []byte("some text")
	gz := coded("gzip", text)
	damaged := bytes.Clone(gz)
	damaged[len(damaged)-5] ^= 1 // its checksum
	for name, c := range map[string]struct {
		header http.Header
		body   []byte
	}{
		"compress":              {codedBy("compress"), text},
		"something behind br":   {codedBy("br"), append(coded("br", text), "xxxxxxxx"...)},
		"br cut short":          {codedBy("br"), coded("br", text)[:12]},
		"an unknown one":        {codedBy("snappy"), text},
		"unknown under a known": {codedBy("compress, gzip"), gz},
		"none of what it says":  {codedBy("gzip"), text},
		"cut short":             {codedBy("gzip"), gz[:len(gz)-3]},
		"a wrong checksum":      {codedBy("gzip"), damaged},
		"a second member":       {codedBy("gzip"), append(bytes.Clone(gz), gz...)},
		"something behind":      {codedBy("gzip"), append(bytes.Clone(gz), "x"...)},
		"something behind zlib": {codedBy("deflate"), append(coded("deflate", text), "x"...)},
		"something behind zstd": {codedBy("zstd"), append(coded("zstd", text), "xxxxxxxx"...)},
		"deflate without zlib":  {codedBy("deflate"), coded("raw", text)},
		"zstd cut short":        {codedBy("zstd"), coded("zstd", text)[:12]},
		"four":                  {codedBy("gzip, gzip, gzip, gzip"), coded("gzip", coded("gzip", coded("gzip", gz)))},
	} {
		if got, err := decode(c.header, c.body, 1<<20); !errors.Is(err, errCoding) || got != nil {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestWhatACodingHidesIsBounded(t *testing.T) {
	bomb := bytes.Repeat([]byte("0"), 600<<10)
	for _, coding := range []string{"gzip", "deflate", "br", "zstd"} {
		if _, err := decode(codedBy(coding), coded(coding, bomb[:50<<10]), 40<<10); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s past the limit: %v", coding, err)
		}
		if _, err := decode(codedBy(coding), coded(coding, bomb), 1<<20); !errors.Is(err, errRatio) {
			t.Errorf("%s past the ratio: %v", coding, err)
		}
		small := bytes.Repeat([]byte("0"), freeRatio)
		if got, err := decode(codedBy(coding), coded(coding, small), 1<<20); err != nil || len(got) != freeRatio {
			t.Errorf("%s of a small body: %d bytes, %v", coding, len(got), err)
		}
	}
	twice := coded("gzip", coded("gzip", bytes.Repeat([]byte("0"), 64<<20)))
	if _, err := decode(codedBy("gzip, gzip"), twice, 1<<20); err == nil {
		t.Error("a bomb in a bomb is read")
	}
}

func FuzzDecode(f *testing.F) {
	for _, c := range []string{"gzip", "deflate", "br", "zstd"} {
		f.Add(c, coded(c, []byte(`{"a":1}`)))
		f.Add(c+", gzip", coded("gzip", coded(c, []byte(`{"a":1}`))))
	}
	f.Fuzz(func(t *testing.T, header string, b []byte) {
		out, err := decode(codedBy(header), b, 1<<16)
		if err == nil && len(out) > 1<<16 {
			t.Errorf("%d bytes", len(out))
		}
	})
}
