package rerun

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

func targetAt(t *testing.T, address string, recorded ...string) *Target {
	t.Helper()
	u, err := ParseTarget(address)
	if err != nil {
		t.Fatal(err)
	}
	return &Target{URL: u, Recorded: recorded}
}

func TestWhatWasRecordedIsNoTarget(t *testing.T) {
	for _, c := range []struct {
		target, recorded string
		listed, refused  bool
	}{
		{"http://127.0.0.1:8080", "http://127.0.0.1:8080", false, true},
		{"http://127.0.0.1:8080", "http://127.0.0.1:8081", false, false},
		{"http://localhost:8080", "http://127.0.0.1:8080", true, true},
		{"http://[::1]:8080", "http://localhost:8080", false, true},
		{"http://0.0.0.0:8080", "http://localhost:8080", false, true},
		{"http://LOCALHOST.:8080", "https://localhost:8080", false, true},
		{"http://127.0.0.1", "http://localhost:80", false, true},
		{"https://127.0.0.1", "http://localhost", false, false},
		{"http://192.0.2.7:8080", "https://192.0.2.7", true, true},
		{"http://192.0.2.7:8080", "https://[::ffff:192.0.2.7]", false, true},
		{"http://192.0.2.7:8080", "https://[::ffff:192.0.2.7]", true, false},
		{"http://192.0.2.8", "https://192.0.2.7", false, false},
		{"http://127.0.0.1:8080", "https://orders.invalid", false, false},
		{"http://[64:ff9b::c000:207]:8080", "https://192.0.2.7", false, true},
		{"http://127.0.0.1:08080", "http://localhost:8080", true, true},
		{"http://127.0.0.1:00080", "http://localhost", true, true},
		{"http://127.0.0.1:8080", "http://localhost:08080", true, true},
	} {
		target := targetAt(t, c.target, "https://192.0.2.99", c.recorded)
		target.Listed = c.listed
		err := target.Resolve(t.Context())
		var refused RefusedError
		if errors.As(err, &refused) != c.refused || err != nil && !c.refused {
			t.Errorf("%s for %s, listed %v: %v", c.target, c.recorded, c.listed, err)
		}
	}
}

func TestTheOtherMachineOfARecordedNameIsNoTarget(t *testing.T) {
	loop, other := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("198.51.100.7")
	was := server{"orders.example", "443", []netip.Addr{loop, other}}
	for _, c := range []struct {
		target  server
		listed  bool
		refused bool
	}{
		{server{"198.51.100.7", "8443", []netip.Addr{other}}, false, true},
		{server{"198.51.100.7", "8443", []netip.Addr{other}}, true, false},
		{server{"127.0.0.1", "443", []netip.Addr{loop}}, true, true},
		{server{"127.0.0.1", "8443", []netip.Addr{loop}}, false, false},
	} {
		target := &Target{URL: &url.URL{Scheme: "https", Host: c.target.host}, Listed: c.listed}
		if err := target.refuse(c.target, was, ownAddresses()); (err != nil) != c.refused {
			t.Errorf("%v, listed %v: %v", c.target, c.listed, err)
		}
	}
}

func TestARecordedNameIsKnownInHost(t *testing.T) {
	for host, want := range map[string]bool{"": false, "orders.example": true, "ORDERS.example.:8443": true, "orders.example:x": true, "orders.example.:-1": true, "bücher.example": true, "test.example": false} {
		target := targetAt(t, "http://192.0.2.7", "https://other.example", "https://orders.example:443", "https://xn--bcher-kva.example")
		target.Host = host
		if target.AsksForRecorded() != want {
			t.Errorf("%q: %v", host, !want)
		}
	}
}

func TestTheOriginsOfAPlanAreThoseOfItsUpstreamsToo(t *testing.T) {
	for upstream, want := range map[string]string{
		"": "", "orders:8080": "http://orders:8080", "tcp4/orders:8080": "http://orders:8080", "tcp6/[::1]:8080": "http://[::1]:8080",
		"udp/orders:443": "http://orders:443", "unix//run/orders.sock": "", "unix+h2c//run/orders.sock": "",
	} {
		p := NewPlan([]*Step{{Request: &record.Request{URL: "/a"}, Response: &record.Response{Upstream: upstream}}})
		if got := strings.Join(p.Origins(), " "); got != want {
			t.Errorf("%s: %q, want %q", upstream, got, want)
		}
	}
	if host, port := hostOf("http://[fe80::1%eth0]:8080"); host != "fe80::1%eth0" || port != "8080" {
		t.Errorf("got %s and %s", host, port)
	}
}

// Clients choose the hosts that are on record, and whose servers of names are
// asked for them.
func TestManyRecordedHostsAreLookedUpInTime(t *testing.T) {
	was := net.DefaultResolver
	t.Cleanup(func() { net.DefaultResolver = was })
	slow := 50 * time.Millisecond
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		select {
		case <-time.After(slow):
		case <-ctx.Done():
		}
		return nil, errors.New("no answer")
	}}
	var recorded []string
	for n := range 200 {
		recorded = append(recorded, fmt.Sprintf("https://h%d.invalid.", n))
	}
	began := time.Now()
	if err := targetAt(t, "http://192.0.2.8", recorded...).Resolve(t.Context()); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 200*slow {
		t.Errorf("it took %s", took)
	}
}

func TestAnUnsafeRequestIsSentOnce(t *testing.T) {
	var unsafe atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			io.WriteString(w, "{}")
			return
		}
		unsafe.Add(1)
		panic(http.ErrAbortHandler) // the connection ends, and nobody knows what was done
	}))
	t.Cleanup(s.Close)
	target := targetAt(t, s.URL)
	if err := target.Resolve(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := &recording{t: t}
	r.add(0, "GET", "/a", "", 200, "{}")
	r.add(0, "POST", "/a", `{"a":1}`, 200, "{}")
	r.add(0, "GET", "/a", "", 200, "{}")
	r.add(0, "DELETE", "/a", "", 204, "")
	transport := target.Transport(1)
	t.Cleanup(transport.CloseIdleConnections)
	f := run(t, r, Options{ID: "019aa7a0-0000-7000-8000-0000000000ff", Target: target.URL, Transport: transport, Unsafe: true})
	if unsafe.Load() != 2 || f.Counts.Failed != 2 {
		t.Errorf("the target got %d unsafe requests of 2: %+v", unsafe.Load(), f.Counts)
	}
}

func TestATargetThatCannotBeOneIsRefused(t *testing.T) {
	for _, text := range []string{"", "orders", "ftp://x", "https://", "https://ana:pw@x", "https://x?a=b", "https://x#a"} {
		if u, err := ParseTarget(text); err == nil {
			t.Errorf("%q is %v", text, u)
		} else if strings.Contains(err.Error(), "pw") {
			t.Errorf("the error tells a password: %v", err)
		}
	}
}

// challenge asks a server what it is.
func challenge(t *testing.T, h http.HandlerFunc) (Mark, error) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	target := targetAt(t, s.URL)
	if err := target.Resolve(t.Context()); err != nil {
		t.Fatal(err)
	}
	transport := target.Transport(1)
	t.Cleanup(transport.CloseIdleConnections)
	return target.Challenge(t.Context(), transport)
}

func TestOnlyAServerThatWasToldSoIsForTests(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer func(w http.ResponseWriter, nonce string, r *http.Request)
		want   Mark
	}{
		{"one for tests", func(w http.ResponseWriter, nonce string, _ *http.Request) {
			fmt.Fprintf(w, "caddyrec-replay-target %s\n", nonce)
		}, MarkTest},
		{"another nonce", func(w http.ResponseWriter, nonce string, _ *http.Request) {
			io.WriteString(w, "caddyrec-replay-target 0")
		}, MarkNone},
		{"one that echoes what it is asked", func(w http.ResponseWriter, nonce string, r *http.Request) { io.WriteString(w, r.URL.String()) }, MarkNone},
		{"one that answers all with a page", func(w http.ResponseWriter, nonce string, _ *http.Request) {
			fmt.Fprintf(w, "<p>caddyrec-replay-target %s</p>", nonce)
		}, MarkNone},
		{"an error page", func(w http.ResponseWriter, nonce string, _ *http.Request) {
			w.WriteHeader(404)
			fmt.Fprintf(w, "caddyrec-replay-target %s", nonce)
		}, MarkNone},
		{"a redirect to one for tests", func(w http.ResponseWriter, nonce string, r *http.Request) {
			http.Redirect(w, r, "/test", http.StatusFound)
		}, MarkNone},
		{"production", func(w http.ResponseWriter, _ string, _ *http.Request) {
			io.WriteString(w, "caddyrec-replay-target production")
		}, MarkProduction},
	} {
		got, err := challenge(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != ChallengePath || r.Header.Get("Authorization") != "" {
				fmt.Fprintf(w, "caddyrec-replay-target %s", r.URL.Query().Get("nonce"))
				return
			}
			c.answer(w, r.URL.Query().Get("nonce"), r)
		})
		if got != c.want || err != nil {
			t.Errorf("%s is %s, %v", c.name, got, err)
		}
	}
}

func TestADeadTargetIsToldFromOneThatSaysNothing(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	target := targetAt(t, s.URL)
	s.Close()
	if err := target.Resolve(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := target.Challenge(t.Context(), target.Transport(1))
	if err == nil || !strings.Contains(err.Error(), "does not answer") || strings.Contains(err.Error(), "nonce") {
		t.Errorf("%v", err)
	}
}

func TestNoRedirectIsFollowedAndNoOtherAddressDialled(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") }))
	t.Cleanup(elsewhere.Close)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusFound)
	}))
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	target := targetAt(t, "http://localhost:"+u.Port())
	if err := target.Resolve(t.Context()); err != nil {
		t.Fatal(err)
	}
	target.URL.Host = "nowhere.invalid:" + u.Port() // whatever the name comes to mean
	r := &recording{t: t}
	r.add(0, "GET", "/a", "", 302, "")
	transport := target.Transport(1)
	t.Cleanup(transport.CloseIdleConnections)
	f := run(t, r, Options{ID: "019aa7a0-0000-7000-8000-0000000000ff", Target: target.URL, Transport: transport})
	if f.Outcomes[0].Replayed != 302 {
		t.Errorf("%+v", f.Outcomes[0])
	}
}
