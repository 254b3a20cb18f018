package e2e

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// upstream is the API behind the gateway. It keeps what reaches it.
type upstream struct {
	*httptest.Server

	// takes, if set before the first request, deals with the requests instead,
	// their bodies too: nothing is kept.
	takes http.HandlerFunc

	mu     sync.Mutex
	seen   []arrival
	answer http.HandlerFunc
}

// arrival is one request as the upstream saw it.
type arrival struct {
	Method, URI, Body string
	Header            http.Header
}

// receipt is what the upstream answers unless it is told otherwise. The spaces
// are there so that a body that was decoded and encoded again shows.
const receipt = `{ "receipt" : "r-17",  "state":"accepted", "total": 12.50 }`

func newUpstream(t *testing.T) *upstream {
	u := &upstream{answer: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, receipt)
	}}
	u.Server = httptest.NewServer(u)
	t.Cleanup(u.Close)
	return u
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if u.takes != nil {
		u.takes(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	u.mu.Lock()
	u.seen = append(u.seen, arrival{r.Method, r.RequestURI, string(body), r.Header.Clone()})
	answer := u.answer
	u.mu.Unlock()
	answer(w, r)
}

// answers says how requests are answered from now on.
func (u *upstream) answers(h http.HandlerFunc) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.answer = h
}

// answersJSON says that requests are answered with this body from now on.
func (u *upstream) answersJSON(status int, body string) {
	u.answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		io.WriteString(w, body)
	})
}

// arrivals is what has reached the upstream so far.
func (u *upstream) arrivals() []arrival {
	u.mu.Lock()
	defer u.mu.Unlock()
	return append([]arrival(nil), u.seen...)
}

// host is the upstream's address, as host:port.
func (u *upstream) host() string { return strings.TrimPrefix(u.URL, "http://") }
