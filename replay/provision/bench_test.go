package provision

import (
	"crypto/ed25519"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/storage/local"
)

func benchAuthority(b *testing.B) (*Authority, string, *Grant) {
	s, err := local.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	a, err := New(Options{Service: "main", Secret: secret, Store: s, Recorder: &book{}, Poll: time.Hour})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(a.Close)
	key, g, err := a.Issue(b.Context(), anAsk())
	if err != nil {
		b.Fatal(err)
	}
	return a, "Bearer " + key, g
}

func BenchmarkCheck(b *testing.B) {
	b.Run("cached", func(b *testing.B) {
		a, header, _ := benchAuthority(b)
		c := at("192.0.2.1")
		b.ReportAllocs()
		for b.Loop() {
			l, err := a.Check(b.Context(), header, c)
			if err != nil {
				b.Fatal(err)
			}
			l.Close()
		}
	})
	b.Run("uncached", func(b *testing.B) {
		a, header, _ := benchAuthority(b)
		key := strings.TrimPrefix(header, "Bearer ")
		b.ReportAllocs()
		for b.Loop() {
			if _, reason := a.read(key, a.clock.now()); reason != "" {
				b.Fatal(reason)
			}
		}
	})
	b.Run("forged", func(b *testing.B) {
		a, header, g := benchAuthority(b)
		says := payloadOf(b, strings.TrimPrefix(header, "Bearer "))
		forger := &signer{kid: g.Kid, private: ed25519.NewKeyFromSeed(make([]byte, 32))}
		keys := make([]string, 1000)
		for i := range keys {
			keys[i] = "Bearer " + sign(forger, strings.Replace(says, "7", fmt.Sprint(i), 1))
		}
		c := at("192.0.2.1")
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			if _, err := a.Check(b.Context(), keys[i%len(keys)], c); err == nil {
				b.Fatal("accepted")
			}
		}
	})
}

func BenchmarkFrame(b *testing.B) {
	a, header, _ := benchAuthority(b)
	l, err := a.Check(b.Context(), header, at("192.0.2.1"))
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	u, err := l.Begin(b.Context(), "s_1")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := u.Frame(); err != nil {
			b.Fatal(err)
		}
	}
}
