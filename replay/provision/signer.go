package provision

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"sync"
	"time"
)

// period is how long one signing key signs.
const period = 24 * time.Hour

// remembered is how many periods back a retired key is told from one that never
// was.
const remembered = 7

// signer is the signing key of one period.
type signer struct {
	period  int64
	kid     string
	private ed25519.PrivateKey
	public  ed25519.PublicKey
}

// signers makes the signing keys out of a secret, one for each period, so that
// all gateways with the secret sign and verify alike, and rotation needs no
// other state.
type signers struct {
	secret  []byte
	service string

	mu   sync.Mutex
	made map[int64]*signer
}

func periodOf(t time.Time) int64 { return t.Unix() / int64(period/time.Second) }

// at is the signing key of a period.
func (s *signers) at(p int64) *signer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.made[p]; k != nil {
		return k
	}
	h := hmac.New(sha256.New, s.secret)
	h.Write([]byte("caddyrec provisioning v1\x00" + s.service + "\x00"))
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(p)))
	private := ed25519.NewKeyFromSeed(h.Sum(nil))
	public := private.Public().(ed25519.PublicKey)
	id := sha256.Sum256(append([]byte("caddyrec provisioning kid v1\x00"), public...))
	k := &signer{period: p, kid: hex.EncodeToString(id[:8]), private: private, public: public}
	for old := range s.made {
		if old < p-2*remembered {
			delete(s.made, old)
		}
	}
	s.made[p] = k
	return k
}

// verifying is the signing key of that name, if it is in force for verifying:
// until the last key that it signed is over, and clocks may be apart by skew.
func (s *signers) verifying(kid string, now time.Time, longest, skew time.Duration) (*signer, Reason) {
	newest, oldest := periodOf(now.Add(skew)), periodOf(now.Add(-longest-skew))
	for p := newest; p >= oldest-remembered; p-- {
		k := s.at(p)
		if k.kid != kid {
			continue
		}
		if p < oldest {
			return nil, RetiredKey
		}
		return k, ""
	}
	return nil, UnknownKey
}
