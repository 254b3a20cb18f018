package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/e2e/provider"
	"github.com/caddyrec/caddyrec/e2e/wait"
)

// planting is a gateway that requests with secrets are sent to.
type planting struct {
	*world
	canaries
	token   string
	answers []answer // the gateway's own
}

const maskOptions = `mask {
			keys locker
			paths /deep/*/pin
		}`

func plantInto(t *testing.T, site string) *planting {
	t.Helper()
	p := &planting{world: newWorld(t, issuer(t)), canaries: canaries{}}
	secret := p.word("the upstream's credential")
	p.vars["CREDENTIAL"] = write(t, "credential", "Bearer "+secret)
	p.vars["APP"] = maskOptions
	p.vars["LOG"] = "format masked"
	p.start(site)
	p.token = p.service("service")
	p.plant("the client's token", strings.Split(p.token, ".")[2])
	return p
}

// send sends a request and keeps what the gateway itself answered. What the
// upstream answers may hold secrets: they are the client's.
func (p *planting) send(req *http.Request) answer {
	p.t.Helper()
	a := p.do(req)
	if a.Header.Get("Content-Type") != "application/json" && a.Header.Get("Content-Type") != "text/event-stream" {
		p.answers = append(p.answers, a)
	}
	return a
}

func (p *planting) body(body string) answer {
	p.t.Helper()
	return p.send(p.request(http.MethodPost, "/orders", p.token, body))
}

// caddysOwn are the loggers with which Caddy itself writes requests down: the
// address, and all headers that it does not know as credentials. What a site
// logs of those is for its own log filters to say; bodies and tokens must not
// be in there either.
var caddysOwn = []string{"http.log.error", "http.handlers.reverse_proxy"}

// inspect stops the gateway and searches all that it wrote, but for log lines
// of the named loggers.
func (p *planting) inspect(except ...string) {
	p.t.Helper()
	for _, path := range []string{"/metrics", "/config/", "/reverse_proxy/upstreams"} {
		text, err := p.Admin(p.t.Context(), http.MethodGet, path, "")
		if err != nil {
			p.t.Fatal(err)
		}
		p.search(p.t, "the admin endpoint's "+path, []byte(text))
	}
	// The second start seals what the first one wrote.
	p.stop()
	if err := p.Start(p.t.Context(), p.caddyfile(chain)); err != nil {
		p.t.Fatal(err)
	}
	p.stop()
	for _, a := range p.answers {
		p.search(p.t, fmt.Sprintf("an answer with %d", a.Status), fmt.Append(nil, a.Header, a.Body))
	}
	if n := p.searchFolder(p.t, p.Folder); n < 5 {
		p.t.Errorf("only %d files were searched", n)
	}
	for n, line := range strings.Split(p.Log(), "\n") {
		var entry struct{ Logger string }
		if json.Unmarshal([]byte(line), &entry) == nil && slices.ContainsFunc(except, func(name string) bool {
			return entry.Logger == name || strings.HasPrefix(entry.Logger, name+".")
		}) {
			continue
		}
		p.search(p.t, fmt.Sprintf("line %d of the log", n+1), []byte(line))
	}
	p.t.Logf("%d secrets, %d records, %d bytes of log", len(p.canaries), len(p.records()), len(p.Log()))
}

func TestNoSecretInABodyReachesAnythingTheGatewayWrites(t *testing.T) {
	p := plantInto(t, chain)
	value := func(place, format string) {
		t.Helper()
		if a := p.body(fmt.Sprintf(`{"item":"chair","amount":1,`+format+`}`, p.word(place))); a.Status != http.StatusOK {
			t.Fatalf("%s: the answer is %d %s", place, a.Status, a.Body)
		}
	}
	value("a key of a built-in name", `"password":"%s"`)
	value("a key in another case", `"PassWORD":"%s"`)
	value("a key with a separator", `"pass_word":"%s"`)
	value("a key with an escape", `"pass\u0077ord":"%s"`)
	value("a key that folds", `"pa\u017fsword":"%s"`)
	value("a configured key", `"locker":"%s"`)
	value("a configured path", `"deep":[{"pin":"%s"}]`)
	value("an object below a secret key", `"secret":{"a":["%s"]}`)
	value("a place that the schema marks", `"shoe":"%s"`)
	value("an address in text", `"note":"write to %s@example.com today"`)
	value("an address in an escaped text", `"note":"write to %s\u0040example.com today"`)
	value("an address as a key", `"%s@example.com":true`)
	value("a private key", `"note":"-----BEGIN PRIVATE KEY-----\n%s\n-----END PRIVATE KEY-----"`)
	value("JSON in a string under a secret key", `"token":"{\"a\":\"%s\"}"`)
	card := p.card("a card in text")
	p.body(`{"item":"chair","amount":1,"note":"paid with ` + card[:4] + " " + card[4:8] + " " + card[8:12] + " " + card[12:] + `"}`)
	p.body(`{"item":"chair","amount":1,"note":"` + p.card("a card") + `"}`)
	p.body(`{"item":"chair","amount":1,"` + p.card("a card as a key") + `":1}`)
	p.body(`{"item":"chair","amount":1,"reference":` + p.card("a card as a number") + `}`)
	other, err := p.provider.Service(t.Context(), "service", provider.Billing)
	if err != nil {
		t.Fatal(err)
	}
	p.plant("a token in text", strings.Split(other.Access, ".")[1])
	p.body(`{"item":"chair","amount":1,"note":"use ` + other.Access + `"}`)

	refused := func(place, format string, status int) {
		t.Helper()
		if a := p.body(fmt.Sprintf(format, p.word(place))); a.Status != status {
			t.Errorf("%s: the answer is %d %s", place, a.Status, a.Body)
		}
	}
	refused("a body that breaks off", `{"item":"a","amount":1,"password":"%s`, http.StatusBadRequest)
	refused("a body of two values", `{"item":"a","amount":1,"password":"%s"}{}`, http.StatusBadRequest)
	refused("a key named twice", `{"item":"a","amount":1,"password":"","password":"%s"}`, http.StatusBadRequest)
	refused("a body without JSON", `password=%s`, http.StatusBadRequest)
	refused("a body that its schema refuses", `{"item":"a","amount":"x","password":"%s"}`, http.StatusUnprocessableEntity)
	refused("the place of a fault", `{"item":"a","amount":-1,"%s@example.com":{"x":1}}`, http.StatusUnprocessableEntity)
	form := p.request(http.MethodPost, "/orders", p.token, "password="+p.word("a form"))
	form.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	p.send(form)
	text := p.request(http.MethodPost, "/orders", p.token, p.word("a text body"))
	text.Header.Set("Content-Type", "text/plain")
	p.send(text)
	p.body(`{"item":"a","amount":1,"password":"` + p.word("a body over the limit") + strings.Repeat("x", 2<<20) + `"}`)

	p.inspect()
}

func TestNoSecretInAHeaderOrAnAddressReachesAnythingTheGatewayWrites(t *testing.T) {
	p := plantInto(t, chain)
	for _, upstreamIs := range []string{"up", "away"} {
		for _, name := range []string{"X-Api-Key", "X-Auth-Token", "Proxy-Authorization", "X-Unheard-Of"} {
			p.send(p.request(http.MethodGet, "/orders", p.token, "", name, p.word("header "+name+", upstream "+upstreamIs)))
		}
		p.send(p.request(http.MethodGet, "/orders", p.token, "", "Cookie", "sid="+p.word("a cookie, upstream "+upstreamIs)))
		p.send(p.request(http.MethodGet, "/orders", p.token, "", "User-Agent", "me "+p.email("the user agent, upstream "+upstreamIs)))
		p.send(p.request(http.MethodGet, "/orders", p.token, "", "Referer", "http://a.example/?token="+p.word("the referer's query, upstream "+upstreamIs)))
		p.send(p.request(http.MethodGet, "/orders?password="+p.word("a query, upstream "+upstreamIs), p.token, ""))
		p.send(p.request(http.MethodGet, "/orders?%70ass%77ord="+p.word("a query's escaped name, upstream "+upstreamIs), p.token, ""))
		p.send(p.request(http.MethodGet, "/orders?q=1&q="+p.card("a card in a query, upstream "+upstreamIs), p.token, ""))
		p.send(p.request(http.MethodGet, "/people/"+p.email("an address in a path, upstream "+upstreamIs)+"/orders", p.token, ""))
		p.send(p.request(http.MethodGet, "/people/"+p.word("an escaped address in a path, upstream "+upstreamIs)+"%40example.com/orders", p.token, ""))
		p.send(p.request(http.MethodGet, "/cards/"+p.card("a card in a path, upstream "+upstreamIs), p.token, ""))
		p.send(p.request(http.MethodGet, "/socket?access_token="+p.word("the query of a refused handshake, upstream "+upstreamIs), p.token, "", "Connection", "Upgrade", "Upgrade", "websocket"))
		p.send(p.request(http.MethodGet, "/.caddyrec/approvals/"+p.email("an approval's id, upstream "+upstreamIs), p.token, ""))
		p.up.CloseClientConnections()
		if upstreamIs == "up" {
			p.up.Close()
		}
	}
	p.inspect(caddysOwn...)
}

func TestNoTokenReachesAnythingTheGatewayWrites(t *testing.T) {
	p := plantInto(t, chain)
	billing, err := p.provider.Service(t.Context(), "service", provider.Billing)
	if err != nil {
		t.Fatal(err)
	}
	tokens := map[string]string{
		"a token of another audience": billing.Access,
		"a token without a group":     p.service("service-nogroup"),
		"a changed token":             changed(p.service("service")),
	}
	for place, token := range tokens {
		p.plant(place, strings.Split(token, ".")[2])
		p.send(p.request(http.MethodGet, "/orders", token, ""))
	}
	p.send(p.request(http.MethodGet, "/orders", p.word("no token at all"), ""))
	p.send(p.request(http.MethodGet, "/orders", "", "", "Authorization", "Basic "+p.word("basic credentials")))
	twice := p.request(http.MethodGet, "/orders", p.token, "")
	twice.Header.Add("Authorization", "Bearer "+p.word("a second token"))
	p.send(twice)
	p.inspect()
}

func TestNoSecretInAnAnswerReachesAnythingTheGatewayWrites(t *testing.T) {
	p := plantInto(t, chain)
	answers := func(place string, status int, format string) {
		t.Helper()
		p.up.answersJSON(status, fmt.Sprintf(format, p.word(place)))
		p.body(order("chair", 1))
	}
	answers("an answer's key", http.StatusOK, `{"receipt":"r","password":"%s"}`)
	answers("an answer's place that its schema marks", http.StatusOK, `{"receipt":"r","shoe":"%s"}`)
	answers("an answer that its schema refuses", http.StatusOK, `{"receipt":{"password":"%s"}}`)
	answers("an answer that is not JSON", http.StatusOK, `{"receipt":"%s`)
	answers("an error's body", http.StatusInternalServerError, `{"trace":{"token":"%s"}}`)
	p.up.answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusNotFound)
		io.WriteString(w, p.canaries["an error page"])
	})
	p.word("an error page")
	p.body(order("chair", 1))
	p.answers = nil // the page is the upstream's own
	p.inspect()
}

func TestNoSecretInAnAnswersHeaderReachesAnythingTheGatewayWrites(t *testing.T) {
	p := plantInto(t, chain)
	p.up.answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Set-Cookie", "sid="+p.canaries["a cookie"])
		w.Header().Set("X-Session", p.canaries["an answer's header"])
		w.Header().Set("Location", "/next?token="+p.canaries["an answer's location"])
		io.WriteString(w, receipt)
	})
	p.word("a cookie")
	p.word("an answer's header")
	p.word("an answer's location")
	p.body(order("chair", 1))
	p.inspect(caddysOwn...)
}

func TestNoSecretInAStreamReachesAnythingTheGatewayWrites(t *testing.T) {
	p := plantInto(t, plain)
	event := p.word("an event")
	p.up.answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for range 3 {
			fmt.Fprintf(w, "data: {\"password\":\"%s\"}\n\n", event)
			http.NewResponseController(w).Flush()
		}
	})
	p.send(p.request(http.MethodGet, "/events", p.token, ""))
	large := p.word("a large answer")
	p.up.answersJSON(http.StatusOK, `{"password":"`+strings.Repeat(large, 60<<10)+`"}`)
	p.send(p.request(http.MethodGet, "/export", p.token, ""))
	p.up.answersJSON(http.StatusOK, receipt)
	p.send(p.request(http.MethodPost, "/import", p.token, `{"password":"`+strings.Repeat(p.word("a large request"), 60<<10)+`"}`))
	p.inspect()
}

func TestNoSecretInAnApprovalReachesAnythingTheGatewayWrites(t *testing.T) {
	p := plantInto(t, chain)
	ana, ben := p.login("ana"), p.login("ben")
	body := `{"item":"castle","amount":5000,"password":"` + p.word("a key of a held body") + `","note":"` + p.email("text of a held body") + `","shoe":"` + p.word("a mark in a held body") + `"}`
	held := p.async(p.request(http.MethodPost, "/orders?token="+p.word("the query of a held request"), ana, body))
	id := p.pending(ben)
	// What the approver is shown is masked too.
	p.answers = append(p.answers, p.get("/.caddyrec/approvals/"+id, ben))
	p.answers = append(p.answers, p.vote(id, ben, "approve", "call "+p.email("a reason")+" or charge "+p.card("a reason's card")))
	if a := wait.For(t, "answer", held); a.Status != http.StatusOK {
		t.Fatalf("the answer is %d %s", a.Status, a.Body)
	}
	if _, err := os.Stat(p.Store() + "/approvals"); err != nil {
		t.Errorf("the approvals are not where they are searched: %v", err)
	}
	p.inspect(caddysOwn...)
}
