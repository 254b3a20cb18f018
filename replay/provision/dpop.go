package provision

import (
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/caddyrec/caddyrec/jsonscan"
)

const (
	// proofAge is how far from now the moment may be that a proof tells.
	proofAge = time.Minute
	maxProof = 8 << 10 // bytes
	// maxProofs is how many proofs are kept in mind, so that none counts twice;
	// with more in their time, further ones are refused.
	maxProofs = 32 << 10
)

// ProofAlgorithms are the algorithms of a proof, as a challenge lists them
// (RFC 9449 section 7.1).
const ProofAlgorithms = "ES256 ES384 EdDSA PS256 RS256"

var proofAlgorithms = func() (all []jose.SignatureAlgorithm) {
	for name := range strings.FieldsSeq(ProofAlgorithms) {
		all = append(all, jose.SignatureAlgorithm(name))
	}
	return all
}()

// proofs are the proofs of possession (RFC 9449) that were seen of late.
type proofs struct {
	mu       sync.Mutex
	now, old map[[sha256.Size]byte]struct{}
	turned   time.Time
}

// check says what is wrong with a request's proof that it has the key of that
// thumbprint; empty: nothing. sum is the SHA-256 of the provisioning key.
func (p *proofs) check(c *Client, thumbprint string, sum [sha256.Size]byte, now time.Time) Reason {
	if len(c.Proofs) != 1 || len(c.Proofs[0]) > maxProof {
		return WrongProof
	}
	jws, err := jose.ParseSignedCompact(c.Proofs[0], proofAlgorithms)
	if err != nil {
		return WrongProof
	}
	head := jws.Signatures[0].Protected
	if head.JSONWebKey == nil || !head.JSONWebKey.Valid() || !head.JSONWebKey.IsPublic() || head.ExtraHeaders[jose.HeaderType] != "dpop+jwt" {
		return WrongProof
	}
	print, err := head.JSONWebKey.Thumbprint(crypto.SHA256)
	if err != nil {
		return WrongProof
	}
	if base64.RawURLEncoding.EncodeToString(print) != thumbprint {
		return WrongClient
	}
	text, err := jws.Verify(head.JSONWebKey)
	if err != nil {
		return WrongProof
	}
	if report, err := jsonscan.Check(text, jsonscan.Limits{}); err != nil || report.Duplicate {
		return WrongProof
	}
	var claims struct {
		ID     string  `json:"jti"`
		Method string  `json:"htm"`
		URL    string  `json:"htu"`
		Issued float64 `json:"iat"`
		Hash   string  `json:"ath"`
	}
	if json.Unmarshal(text, &claims) != nil || claims.ID == "" || claims.Method != c.Method || !sameTarget(claims.URL, c.URL) ||
		claims.Hash != base64.RawURLEncoding.EncodeToString(sum[:]) {
		return WrongProof
	}
	if off := float64(now.UnixMilli())/1000 - claims.Issued; off > proofAge.Seconds() || off < -proofAge.Seconds() {
		return WrongProof
	}
	return p.once(sha256.Sum256([]byte(thumbprint+" "+claims.ID)), now)
}

// once says whether a proof is new. It is kept in mind for as long as its moment
// is near enough.
func (p *proofs) once(id [sha256.Size]byte, now time.Time) Reason {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now == nil || now.Sub(p.turned) > 2*proofAge {
		p.old, p.now, p.turned = p.now, map[[sha256.Size]byte]struct{}{}, now
	}
	_, again := p.now[id]
	_, before := p.old[id]
	switch {
	case again || before:
		return WrongProof
	case len(p.now) >= maxProofs:
		return Busy
	}
	p.now[id] = struct{}{}
	return ""
}

// sameTarget compares addresses but for their query and fragment (RFC 9449
// section 4.3).
func sameTarget(a, b string) bool {
	x, err := url.Parse(a)
	if err != nil {
		return false
	}
	y, err := url.Parse(b)
	return err == nil && strings.EqualFold(x.Scheme, y.Scheme) && authority(x) == authority(y) && x.EscapedPath() == y.EscapedPath()
}

// authority is an address's host and port, the scheme's own left out.
func authority(u *url.URL) string {
	port := u.Port()
	if port == "" || strings.EqualFold(u.Scheme, "https") && port == "443" || strings.EqualFold(u.Scheme, "http") && port == "80" {
		return strings.ToLower(u.Hostname())
	}
	return net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}
