package e2e

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/e2e/wait"
	"github.com/caddyrec/caddyrec/record"
)

func TestARequestIsRecordedBeforeTheUpstreamSeesItAndItsAnswerBeforeTheClientDoes(t *testing.T) {
	w := newWorld(t, issuer(t)).start()
	token := w.login("ana")
	atUpstream := make(chan []record.Type, 1)
	w.up.answers(func(rw http.ResponseWriter, _ *http.Request) {
		var types []record.Type
		for _, l := range w.recorded(record.Intent, record.ExchangeType) {
			types = append(types, l.Type)
		}
		atUpstream <- types
		rw.Header().Set("Content-Type", "application/json")
		io.WriteString(rw, receipt)
	})
	body := `{ "item":"chair",   "amount": 10.50 }`
	a := w.post("/orders?currency=eur", token, body, "X-Request-Id", "req-1")
	w.want(a, http.StatusOK, "")
	if a.Body != receipt {
		t.Errorf("the client got %q, the upstream sent %q", a.Body, receipt)
	}
	if types := wait.For(t, "arrival", atUpstream); len(types) != 1 || types[0] != record.Intent {
		t.Errorf("when the upstream saw the request, the ledger had %v, want its intent", types)
	}
	if got := w.up.arrivals()[0].Body; got != body {
		t.Errorf("the upstream got %q, the client sent %q", got, body)
	}

	lines := w.recorded(record.Intent, record.ExchangeType)
	if len(lines) != 2 {
		t.Fatalf("there are %d records, want an intent and an exchange", len(lines))
	}
	intent, x := lines[0], lines[1]
	if intent.Exchange == "" || intent.Exchange != x.Exchange {
		t.Errorf("the intent is of %q, the exchange of %q", intent.Exchange, x.Exchange)
	}
	if intent.Request.Body == nil || *intent.Request.Body.Content != body || *x.Request.Body.Content != body {
		t.Errorf("the request's body is recorded as %+v, want its exact bytes", intent.Request.Body)
	}
	if x.Response.Status != http.StatusOK || *x.Response.Body.Content != receipt {
		t.Errorf("the response is recorded as %+v", x.Response)
	}
	if id := x.Identity; id.Issuer != w.provider.Issuer || id.Subject != "ana" || len(id.Groups) != 1 || id.Groups[0] != "engineering" {
		t.Errorf("the identity on record is %+v", id)
	}
	if x.Session == nil || x.Session.ID == "" || x.Session.Expires == 0 {
		t.Errorf("the session on record is %+v", x.Session)
	}
	if x.Request.Method != http.MethodPost || x.Request.URL != "http://"+w.Address+"/orders?currency=eur" || x.Request.Headers["x-request-id"] != "req-1" {
		t.Errorf("the request on record is %+v", x.Request)
	}
	if x.Client.IP != "127.0.0.1" {
		t.Errorf("the client on record is %+v", x.Client)
	}
	for side, v := range map[string]*record.Verdict{"request": x.Schema.Request, "response": x.Schema.Response} {
		if v == nil || v.Verdict != "valid" || v.Mode != "enforce" {
			t.Errorf("the %s's verdict on record is %+v", side, v)
		}
	}
	if v := x.Schema.Request; v.ID != "urn:test:order" || v.Version != "3.1" {
		t.Errorf("the schema on record is %s version %s", v.ID, v.Version)
	}
}

func TestASessionsFirstSightIsRecordedOnce(t *testing.T) {
	w := newWorld(t, issuer(t)).start()
	token := w.login("ana")
	for range 3 {
		w.want(w.post("/orders", token, order("chair", 1)), http.StatusOK, "")
	}
	w.want(w.post("/orders", w.login("ben"), order("chair", 1)), http.StatusOK, "")
	sessions := map[string]string{}
	for _, l := range w.recorded(record.SessionObserved) {
		sessions[l.Session.ID] += l.Identity.Subject
	}
	if len(sessions) != 2 {
		t.Fatalf("sessions on record are %v, want one of ana and one of ben", sessions)
	}
	for id, who := range sessions {
		if who != "ana" && who != "ben" {
			t.Errorf("session %s was seen first %d times", id, len(who)/3)
		}
	}
}

func TestTheUpstreamGetsItsOwnCredentialAndNeverTheClients(t *testing.T) {
	w := newWorld(t, issuer(t)).start()
	token := w.service("service")
	w.want(w.post("/orders", token, order("chair", 1)), http.StatusOK, "")
	seen := w.up.arrivals()[0]
	if got := seen.Header["Authorization"]; len(got) != 1 || got[0] != credential {
		t.Errorf("the upstream got the credential %q", got)
	}
	for name, values := range seen.Header {
		if strings.Contains(strings.Join(values, " "), token) {
			t.Errorf("the client's token reached the upstream in %s", name)
		}
	}
}

func TestABodyThatIsNotValidIsRefusedByPlaceNotByValue(t *testing.T) {
	w := newWorld(t, issuer(t)).start()
	token := w.service("service")
	for _, c := range []struct {
		name, body string
		status     int
		reason     string
	}{
		{"a wrong type", `{"item":"chair","amount":"plenty"}`, http.StatusUnprocessableEntity, "schema-invalid"},
		{"a missing field", `{"amount":1}`, http.StatusUnprocessableEntity, "schema-invalid"},
		{"a key named twice", `{"item":"a","amount":1,"amount":2}`, http.StatusBadRequest, "duplicate-key"},
		{"no JSON", `{"item":"chair",}`, http.StatusBadRequest, "malformed-json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := w.post("/orders", token, c.body)
			// The matcher json, which stands before the guard in no chain but
			// is asked first, may refuse an ambiguous body on its own.
			if a.Status != c.status {
				t.Fatalf("the answer is %d %s", a.Status, a.Body)
			}
			if a.reason() != c.reason {
				t.Errorf("the reason is %q, want %q", a.reason(), c.reason)
			}
			if strings.Contains(a.Body, "plenty") {
				t.Errorf("the answer tells a value: %s", a.Body)
			}
			w.wantDenied("json_schema_guard", c.status, c.reason)
		})
	}
	if n := len(w.up.arrivals()); n != 0 {
		t.Errorf("%d refused requests reached the upstream", n)
	}
}

func TestAnAnswerThatIsNotValidIsWithheld(t *testing.T) {
	w := newWorld(t, issuer(t)).start()
	w.up.answersJSON(http.StatusOK, `{"receipt":17}`)
	a := w.post("/orders", w.service("service"), order("chair", 1))
	w.want(a, http.StatusBadGateway, "response-invalid")
	x := w.last(record.ExchangeType)
	if x.Response.Status != http.StatusOK || x.Response.Replaced != http.StatusBadGateway {
		t.Errorf("the response on record is %+v", x.Response)
	}
	if v := x.Schema.Response; v.Verdict != "invalid" || v.Faults[0].Pointer != "/receipt" || v.Faults[0].Keyword != "type" {
		t.Errorf("the verdict on record is %+v", v)
	}
}

func TestAnUpstreamThatIsAwayIsRecordedAsSuch(t *testing.T) {
	w := newWorld(t, issuer(t)).start()
	w.up.Close()
	a := w.post("/orders", w.service("service"), order("chair", 1))
	if a.Status != http.StatusBadGateway {
		t.Fatalf("the answer is %d %s", a.Status, a.Body)
	}
	x := w.last(record.ExchangeType)
	if x.Response.Status != http.StatusBadGateway || x.Response.Error != "handler" || x.Response.ErrorID == "" {
		t.Errorf("the response on record is %+v", x.Response)
	}
}

func TestAGatewayRecordsItsStartAndItsStop(t *testing.T) {
	w := newWorld(t, issuer(t)).start()
	w.stop()
	lines := w.records()
	if len(lines) < 2 || lines[0].Type != record.GatewayStarted || lines[len(lines)-1].Type != record.GatewayStopped {
		t.Errorf("the log has %d records, from %s to %s", len(lines), lines[0].Type, lines[len(lines)-1].Type)
	}
}
