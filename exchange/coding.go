package exchange

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

var (
	errCoding = errors.New("the content coding is not understood")
	errRatio  = errors.New("the content coding hides too much")
)

// Bounds of what a few coded bytes may become.
const (
	maxCodings = 3       // one on top of the other
	maxRatio   = 250     // a decoded byte for each coded one …
	freeRatio  = 1 << 16 // … past so many
	maxWindow  = 8 << 20 // of zstd (RFC 9659)
)

// decode takes the content codings that h names off b, the last one first
// (RFC 9110 section 8.4): gzip, deflate (zlib, RFC 1950), br (RFC 7932) and
// zstd. The error is [ErrTooLarge] past limit bytes, and another for a coding
// that is not known, is broken, is followed by more, or makes too much of too
// little: what is in it could be read in different ways, or is not worth
// reading.
func decode(h http.Header, b []byte, limit int64) ([]byte, error) {
	codings, err := codingsOf(h)
	if err != nil {
		return nil, err
	}
	for _, coding := range slices.Backward(codings) {
		if b, err = decodeOne(coding, b, limit); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func codingsOf(h http.Header) ([]string, error) {
	var codings []string
	for _, v := range h["Content-Encoding"] {
		for part := range strings.SplitSeq(v, ",") {
			switch part = strings.ToLower(strings.TrimSpace(part)); part {
			case "", "identity":
			case "gzip", "x-gzip", "deflate", "br", "zstd":
				codings = append(codings, part)
			default:
				return nil, errCoding
			}
		}
	}
	if len(codings) > maxCodings {
		return nil, errCoding
	}
	return codings, nil
}

func decodeOne(coding string, b []byte, limit int64) ([]byte, error) {
	src := bytes.NewReader(b) // a ByteReader: nothing is read past the end
	r, err := decoder(coding, src, limit)
	if err != nil {
		return nil, errCoding
	}
	defer r.Close()
	most := min(limit, max(freeRatio, int64(len(b))*maxRatio))
	out, err := io.ReadAll(io.LimitReader(r, most+1))
	switch {
	case int64(len(out)) > limit:
		return nil, ErrTooLarge
	case int64(len(out)) > most:
		return nil, errRatio
	case err != nil, src.Len() > 0:
		return nil, errCoding
	}
	return out, nil
}

func decoder(coding string, src io.Reader, limit int64) (io.ReadCloser, error) {
	switch coding {
	case "deflate":
		return zlib.NewReader(src)
	case "br":
		return io.NopCloser(brotli.NewReader(src)), nil
	case "zstd":
		d, err := zstd.NewReader(src, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderMaxMemory(uint64(max(limit, maxWindow))))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	}
	r, err := gzip.NewReader(src)
	if err != nil {
		return nil, err
	}
	r.Multistream(false) // some readers stop after the first member, others do not
	return r, nil
}
