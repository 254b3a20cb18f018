package e2e

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/caddyrec/caddyrec/e2e/wait"
	"github.com/caddyrec/caddyrec/record"
)

func TestReloadsUnderLoadLoseNothingAndAHeldRequestOutlivesThem(t *testing.T) {
	w := newWorld(t, issuer(t)).start()
	ana, ben := w.login("ana"), w.login("ben")
	l := w.load("load", w.service("service"), 8)
	held := w.async(w.request(http.MethodPost, "/orders", ana, order("castle", 5000)))
	id := w.pending(ben)
	for n := range 5 {
		before := l.answers.Load()
		w.vars["SITE"] = fmt.Sprintf("header X-Config %d", n)
		if err := w.Reload(t.Context(), w.caddyfile()); err != nil {
			t.Fatal(err)
		}
		wait.Until(t, "orders are answered after the reload", func() bool { return l.answers.Load() >= before+50 })
	}
	if a := w.vote(id, ben, "approve", ""); a.Status != http.StatusOK {
		t.Fatalf("the vote is answered with %d %s", a.Status, a.Body)
	}
	w.want(wait.For(t, "answer", held), http.StatusOK, "")
	l.end()
	exchanges, intents := w.items(record.ExchangeType), w.items(record.Intent)
	// A reload closes connections that are idle. A request that was sent on one
	// of them just then is never read (RFC 9112 section 9.5): its client may
	// send it again, because nobody has seen it.
	for item, err := range l.failed {
		if intents[item] != 0 {
			t.Errorf("order %s was taken and got no answer: %v", item, err)
		}
	}
	for item, status := range l.answered {
		if status != http.StatusOK || exchanges[item] != 1 {
			t.Errorf("order %s was answered with %d and is in the ledger %d times", item, status, exchanges[item])
		}
	}
	if exchanges["castle"] != 1 {
		t.Errorf("the held request is in the ledger %d times", exchanges["castle"])
	}
	if n := len(w.recorded(record.GatewayStarted)); n != 1 {
		t.Errorf("the log was opened %d times; a reload must not close it", n)
	}
	t.Logf("%d orders over 5 reloads, %d more came upon a closed connection", len(l.answered), len(l.failed))
}

func TestARequestHeldOverAReloadToAnotherLogIsRecordedWhereItBegan(t *testing.T) {
	w := newWorld(t, issuer(t)).start()
	ana, ben := w.login("ana"), w.login("ben")
	held := w.async(w.request(http.MethodPost, "/orders", ana, order("castle", 5000)))
	id := w.pending(ben)
	w.vars["APP"] = "log other"
	if err := w.Reload(t.Context(), w.caddyfile()); err != nil {
		t.Fatal(err)
	}
	if a := w.vote(id, ben, "approve", ""); a.Status != http.StatusOK {
		t.Fatalf("the vote is answered with %d %s", a.Status, a.Body)
	}
	w.want(wait.For(t, "answer", held), http.StatusOK, "")
	wait.Until(t, "the first log is closed in good order", func() bool {
		lines := w.records()
		return lines[len(lines)-1].Type == record.GatewayStopped
	})
	if n := w.items(record.ExchangeType)["castle"]; n != 1 {
		t.Errorf("the held request is in its log %d times", n)
	}
	// And back again: the log can be taken up where it was left.
	delete(w.vars, "APP")
	if err := w.Reload(t.Context(), w.caddyfile()); err != nil {
		t.Fatal(err)
	}
	w.want(w.post("/orders", ana, order("chair", 1)), http.StatusOK, "")
}

func TestAReloadThatFailsLeavesTheGatewayAsItWas(t *testing.T) {
	w := newWorld(t, issuer(t)).start()
	token := w.service("service")
	w.want(w.post("/orders", token, order("chair", 1)), http.StatusOK, "")
	w.vars["ORDER"] = "/nonexistent/order.json"
	if err := w.Reload(t.Context(), w.caddyfile()); err == nil {
		t.Fatal("a configuration without its schema was taken")
	}
	w.want(w.post("/orders", token, order("chair", 2)), http.StatusOK, "")
	if n := len(w.recorded(record.GatewayStarted)); n != 1 {
		t.Errorf("the log was opened %d times", n)
	}
}
