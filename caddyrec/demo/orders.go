package demo

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"sync"
	"time"
)

// upstreamKey is the credential that only the gateway and the orders API know.
const upstreamKey = "demo-upstream-key-7f3a"

// cardNumber is what an orders API should not hand out, and this one does.
const cardNumber = "4111 1111 1111 1111"

// orders is the API behind the gateway. It keeps its state in memory.
type orders struct {
	address string
	server  *http.Server

	mu      sync.Mutex
	taken   []json.RawMessage
	refunds int
	strange int // requests that did not come with the gateway's credential
}

func startOrders() (*orders, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	o := &orders{address: l.Addr().String()}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{"orders": []any{
			map[string]any{"id": 1001, "customer": "Ada Byron", "card": cardNumber, "total": 129.90},
			map[string]any{"id": 1002, "customer": "Grace Murray", "card": "5500 0000 0000 0004", "total": 45},
		}})
	})
	mux.HandleFunc("POST /orders", func(w http.ResponseWriter, r *http.Request) {
		var order json.RawMessage
		if err := json.NewDecoder(r.Body).Decode(&order); err != nil {
			writeJSON(w, http.StatusBadRequest, map[string]any{"error": "not JSON"})
			return
		}
		o.mu.Lock()
		o.taken = append(o.taken, order)
		id := 1002 + len(o.taken)
		o.mu.Unlock()
		writeJSON(w, http.StatusCreated, map[string]any{"id": id, "state": "open"})
	})
	mux.HandleFunc("POST /refunds", func(w http.ResponseWriter, _ *http.Request) {
		o.mu.Lock()
		o.refunds++
		n := o.refunds
		o.mu.Unlock()
		writeJSON(w, http.StatusOK, map[string]any{"refund": n, "state": "paid"})
	})
	o.server = &http.Server{ReadHeaderTimeout: 5 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+upstreamKey {
			o.mu.Lock()
			o.strange++
			o.mu.Unlock()
			writeJSON(w, http.StatusUnauthorized, map[string]any{"error": "not the gateway"})
			return
		}
		mux.ServeHTTP(w, r)
	})}
	go o.server.Serve(l)
	return o, nil
}

// counts are what reached the API.
func (o *orders) counts() (taken, refunds, strange int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.taken), o.refunds, o.strange
}

func (o *orders) close() error { return o.server.Shutdown(context.Background()) }
