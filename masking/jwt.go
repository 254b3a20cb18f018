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
	for i := 0; ; i++ {
		n := bytes.IndexByte(text[i:], 'e')
		if n < 0 || len(text)-i-n < 8 {
			return
		}
		i += n
		if text[i+1] != 'y' && text[i+1] != 'w' {
			continue
		}
		dot := i + base64Run(text[i:min(len(text), i+maxJWTHeader)])
		if dot >= len(text) || text[dot] != '.' {
			continue
		}
		second := dot + 1 + base64Run(text[dot+1:])
		if second >= len(text) || text[second] != '.' {
			continue
		}
		if tries++; tries > maxJWTTries {
			w.add(i, len(text), ruleJWT) // in doubt: no text holds so many near misses
			return
		}
		if !w.joseHeader(text[i:dot]) {
			continue
		}
		end := second
		for end < len(text) && text[end] == '.' {
			end += 1 + base64Run(text[end+1:])
		}
		w.add(i, end, ruleJWT)
		i = end - 1
	}
}

// base64Run is how many bytes of base64url text begins with.
func base64Run(text []byte) int {
	for i, c := range text {
		if !isAlnum(c) && c != '-' && c != '_' {
			return i
		}
	}
	return len(text)
}

// joseHeader says whether part is base64url of a JSON object with an alg.
func (w *work) joseHeader(part []byte) bool {
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
