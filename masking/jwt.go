package masking

import (
	"bytes"
	"encoding/base64"

	"github.com/caddyrec/caddyrec/jsonscan"
)

const ruleJWT = "detect:jwt"

const (
	maxJWTHeader = 8 << 10
	maxJWTTries  = 64
)

// jwts adds the JSON Web Tokens in text, signed or encrypted (RFC 7515 and
// RFC 7516, compact serialization).
func (w *work) jwts(text []byte) {
	tries := 0
	first, second := 0, 0 // where the parts at hand end, for every start in the first
	for i := 0; ; i++ {
		n := bytes.IndexByte(text[i:], 'e')
		if n < 0 || len(text)-i-n < 8 {
			return
		}
		i += n
		if text[i+1] != 'y' && text[i+1] != 'w' {
			continue
		}
		if i >= first {
			first = w.base64Run(text, i)
			if second = first; first < len(text) && text[first] == '.' {
				second = w.base64Run(text, first+1)
			}
		}
		if second == first || second == len(text) || text[second] != '.' {
			i = first - 1
			continue
		}
		if first-i > maxJWTHeader {
			continue
		}
		if tries++; tries > maxJWTTries {
			w.add(i, len(text), ruleJWT) // in doubt: no text holds so many near misses
			return
		}
		if !w.joseHeader(text[i:first]) {
			continue
		}
		end := second
		for end < len(text) && text[end] == '.' {
			end = w.base64Run(text, end+1)
		}
		w.add(i, end, ruleJWT)
		i = end - 1
	}
}

// base64Run is where the base64url text that begins at from ends.
func (w *work) base64Run(text []byte, from int) int {
	i := from
	for i < len(text) && (isAlnum(text[i]) || text[i] == '-' || text[i] == '_') {
		i++
	}
	w.root.looked += i - from
	return i
}

// joseHeader says whether part is base64url of a JSON object with an alg.
func (w *work) joseHeader(part []byte) bool {
	w.root.looked += len(part)
	decoded := make([]byte, base64.RawURLEncoding.DecodedLen(len(part)))
	n, err := base64.RawURLEncoding.Decode(decoded, part)
	if err != nil {
		return false
	}
	s := &w.child().scan
	s.Reset(decoded[:n], limits)
	alg := false
	for {
		tok, err := s.Next()
		if err != nil {
			return false
		}
		switch tok.Kind {
		case jsonscan.Key:
			key := jsonscan.AppendString(nil, decoded[tok.Start:tok.End])
			alg = alg || s.Depth() == 1 && string(key) == "alg"
		case jsonscan.End:
			return alg
		}
	}
}
