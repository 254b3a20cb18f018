package rerun

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// ChallengePath is what a target is asked before anything is sent to it. An
// instance made for tests answers GET with status 200 and
//
//	caddyrec-replay-target <nonce>
//
// where the nonce is that of the query, as in
//
//	respond /.caddyrec/replay-target "caddyrec-replay-target {query.nonce}"
//
// No server does so by accident: the path belongs to caddyrec, whose own
// handlers answer it with 404 where nobody wrote this, and the nonce is new
// each time. With the word production in place of the nonce, a server forbids
// every replay.
const ChallengePath = "/.caddyrec/replay-target"

const (
	challengeWord  = "caddyrec-replay-target"
	productionWord = "production"
)

// Mark is what a target says it is.
type Mark string

// What a target may say.
const (
	MarkNone       Mark = "none"       // nothing
	MarkTest       Mark = "test"       // it is for tests
	MarkProduction Mark = "production" // nothing may be replayed on it
)

// Target is where requests are sent.
type Target struct {
	// URL is its address: scheme, host, and a path that is put before the
	// recorded ones.
	URL *url.URL
	// Host is the Host that it is asked for; empty: that of URL.
	Host string
	// Recorded are the origins on record. It must be none of them.
	Recorded []string
	// Listed says that somebody has put it on a list of instances for tests:
	// then it may share an address, though not a name, with what was recorded.
	Listed bool
	// TLS may name authorities of one's own; nil: the system's.
	TLS *tls.Config

	addresses []netip.Addr
}

// Origin is the target's scheme and host, as in https://host:port.
func (t *Target) Origin() string { return originOf(t.URL) }

// ParseTarget reads an address such as https://test.example.com/v2.
func ParseTarget(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("the target must be like https://orders.test.example.com")
	case u.User != nil:
		return nil, errors.New("the target's address has a user in it: leave that out, and give a credential in a file")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("the target's address has a query or a fragment: leave out what follows the path")
	}
	u.Path, u.RawPath = strings.TrimSuffix(u.Path, "/"), strings.TrimSuffix(u.RawPath, "/")
	return u, nil
}

// originOf is an address's scheme and host.
func originOf(u *url.URL) string { return u.Scheme + "://" + u.Host }

// RefusedError says why nothing is sent to a target.
type RefusedError string

func (e RefusedError) Error() string { return string(e) }

// Resolve finds the target's addresses, which are the ones that are dialled
// from then on, and refuses what was recorded. A recorded name that cannot be
// resolved here is compared as a name.
func (t *Target) Resolve(ctx context.Context) error {
	host, port := hostOf(t.Origin())
	found, err := lookUp(ctx, host)
	if err != nil {
		return fmt.Errorf("the target %s cannot be resolved: %w", t.URL.Host, err)
	}
	t.addresses = found
	mine := ownAddresses()
	recorded, err := lookUpAll(ctx, t.Recorded)
	if err != nil {
		return err
	}
	for _, was := range recorded {
		if err := t.refuse(server{host, port, found}, was, mine); err != nil {
			return err
		}
	}
	return nil
}

// server is a name with its addresses.
type server struct {
	host, port string
	addresses  []netip.Addr
}

// refuse says why the target must not be what was recorded.
func (t *Target) refuse(target, was server, mine func(netip.Addr) bool) error {
	here := slices.ContainsFunc(was.addresses, mine)
	shared := func(a netip.Addr) bool { // of this machine's addresses the port decides
		return !mine(a) && slices.ContainsFunc(was.addresses, func(b netip.Addr) bool { return plain(a) == plain(b) })
	}
	switch {
	case target.host == was.host && (target.port == was.port || !here):
		return RefusedError(fmt.Sprintf("%s is what was recorded: a recording runs again on an instance made for tests only", t.URL.Host))
	case here && target.port == was.port && slices.ContainsFunc(target.addresses, mine):
		return RefusedError(fmt.Sprintf("%s is this machine's port %s, as what was recorded: a recording runs again on an instance made for tests only", t.URL.Host, target.port))
	case !t.Listed && slices.ContainsFunc(target.addresses, shared):
		return RefusedError(fmt.Sprintf("%s has the address of %s, which was recorded: if it is an instance made for tests, put it on a list", t.URL.Host, was.host))
	}
	return nil
}

// AsksForRecorded says whether Host is a recorded name: behind an address that
// several sites share, that is what was recorded.
func (t *Target) AsksForRecorded() bool {
	if t.Host == "" {
		return false
	}
	host, _ := hostOf("http://" + t.Host)
	return slices.ContainsFunc(t.Recorded, func(origin string) bool {
		was, _ := hostOf(origin)
		return was == host
	})
}

// Clients choose what hosts are on record: so many are looked up at once, and
// all of them within that time.
const (
	lookUps     = 32
	lookUpsTime = 2 * time.Minute
)

// lookUpAll finds the addresses of what was recorded. A name that has none here
// is compared as a name.
func lookUpAll(ctx context.Context, origins []string) ([]server, error) {
	ctx, cancel := context.WithTimeout(ctx, lookUpsTime)
	defer cancel()
	all := make([]server, len(origins))
	room := make(chan struct{}, lookUps)
	var under sync.WaitGroup
	for i, origin := range origins {
		room <- struct{}{}
		under.Go(func() {
			defer func() { <-room }()
			p := &all[i]
			p.host, p.port = hostOf(origin)
			if found, err := lookUp(ctx, p.host); err == nil {
				p.addresses = found
			}
		})
	}
	under.Wait()
	if ctx.Err() != nil {
		return nil, fmt.Errorf("the %d hosts on record could not all be looked up: choose fewer requests", len(origins))
	}
	return all, nil
}

func lookUp(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a.Unmap()}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	for i := range found {
		found[i] = found[i].Unmap()
	}
	return found, err
}

// nat64 is where networks without IPv4 have all of its addresses (RFC 6052).
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// plain is an address as it is compared: one way of writing it.
func plain(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if b := a.As16(); nat64.Contains(a) {
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return a
}

// ownAddresses says which addresses are this machine's.
func ownAddresses() func(netip.Addr) bool {
	var own []netip.Addr
	all, _ := net.InterfaceAddrs() // without them, loopback it is
	for _, a := range all {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil {
			own = append(own, prefix.Addr().Unmap())
		}
	}
	return func(a netip.Addr) bool {
		a = plain(a)
		return a.IsLoopback() || a.IsUnspecified() || slices.Contains(own, a)
	}
}

// Transport sends requests to the target's addresses, through no proxy.
func (t *Target) Transport(connections int) *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	return &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			_, port, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			var errs []error
			for _, a := range t.addresses {
				conn, err := dialer.DialContext(ctx, network, net.JoinHostPort(a.String(), port))
				if err == nil {
					return conn, nil
				}
				errs = append(errs, err)
			}
			return nil, errors.Join(errs...)
		},
		TLSClientConfig: t.TLS.Clone(), ForceAttemptHTTP2: true, DisableCompression: true,
		MaxResponseHeaderBytes: 256 << 10, MaxIdleConnsPerHost: connections, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: 10 * time.Second,
	}
}

// Challenge asks the target what it is. An error means that it does not answer.
func (t *Target) Challenge(ctx context.Context, transport http.RoundTripper) (Mark, error) {
	random := make([]byte, 16)
	rand.Read(random) // never fails
	nonce := hex.EncodeToString(random)
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, t.Origin()+ChallengePath+"?nonce="+nonce, nil)
	if err != nil {
		return MarkNone, err
	}
	req.Host = t.Host
	req.Header.Set("User-Agent", "caddyrec-replay")
	res, err := transport.RoundTrip(req)
	if err != nil {
		return MarkNone, fmt.Errorf("the target %s does not answer: %w", t.URL.Host, withoutURL(err))
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 256))
	if err != nil || res.StatusCode != http.StatusOK {
		return MarkNone, nil
	}
	switch strings.TrimSpace(string(text)) {
	case challengeWord + " " + nonce:
		return MarkTest, nil
	case challengeWord + " " + productionWord:
		return MarkProduction, nil
	}
	return MarkNone, nil
}

// withoutURL is a client's error without the address, in which there may be a
// value that was filled in.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
