package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

// story plays the steps and checks each.
type story struct {
	*world
	out   io.Writer
	color bool
	step  int

	ana, ben, carl string // access tokens
	refund         string // the approval's id
}

const refundBody = `{"order":1001,"amount":5000,"iban":"DE89370400440532013000"}`

func (s *story) play(ctx context.Context) error {
	if err := s.meet(ctx); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{
		s.anaReads, s.carlIsRefused, s.anaErrs, s.anaOrders, s.refundWaits, s.benApproves, s.refundRunsOnce, s.ledgerHolds, s.tamperingShows,
	} {
		if err := step(ctx); err != nil {
			return fmt.Errorf("step %d is not as it should be: %w", s.step, err)
		}
	}
	s.printf("\n%s\n", s.bold("Nine steps, each as promised."))
	return nil
}

// meet makes the three people's tokens and waits for the gateway to have the
// provider's keys.
func (s *story) meet(ctx context.Context) (err error) {
	now := time.Now()
	if s.ana, err = s.issuer.Token("ana", now, map[string]any{"groups": []string{"engineering"}, "email": "ana@example.com", "sid": "a1"}); err != nil {
		return err
	}
	if s.ben, err = s.issuer.Token("ben", now, map[string]any{"groups": []string{"security"}, "email": "ben@example.com", "sid": "b1"}); err != nil {
		return err
	}
	// A contractor who left in spring; the token lay in a script since.
	if s.carl, err = s.issuer.Token("carl-contractor", now.AddDate(0, -6, 0), map[string]any{"groups": []string{"engineering"}}); err != nil {
		return err
	}
	s.printf("%s\n%s\n", s.bold("caddyrec: what was asked, by whom, approved by whom, and what came back"),
		s.dim("an identity provider, an orders API and a gateway on loopback; records in "+s.dir))
	deadline := time.Now().Add(15 * time.Second)
	for {
		a, err := s.do(ctx, s.ben, "GET", "/orders", "", "")
		if err != nil {
			return fmt.Errorf("the gateway does not answer: %w", err)
		}
		if a.status == http.StatusOK {
			return nil
		}
		if a.status != http.StatusServiceUnavailable || time.Now().After(deadline) {
			return fmt.Errorf("the gateway is not ready: %d %s", a.status, a.body)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (s *story) anaReads(ctx context.Context) error {
	s.title("ana, an engineer, reads the orders")
	a, err := s.do(ctx, s.ana, "GET", "/orders", "", "")
	if err != nil {
		return err
	}
	if a.status != http.StatusOK || !strings.Contains(a.body, cardNumber) {
		return fmt.Errorf("ana got %d %s", a.status, a.body)
	}
	r, err := s.find(func(r *record.Record) bool { return r.Type == record.ExchangeType && who(r) == "ana" })
	if err != nil {
		return err
	}
	if r.Response == nil || r.Response.Body == nil || r.Response.Body.Content == nil || strings.Contains(*r.Response.Body.Content, "4111") {
		return fmt.Errorf("the record does not hold the masked answer")
	}
	s.line("ana gets    ", fmt.Sprintf("%d %s", a.status, cut(a.body, 80)))
	s.line("the record  ", fmt.Sprintf("#%d %s", r.Seq, cut(*r.Response.Body.Content, 80)))
	return nil
}

func (s *story) carlIsRefused(ctx context.Context) error {
	s.title("a contractor's forgotten token turns up, half a year after he left")
	a, err := s.do(ctx, s.carl, "GET", "/orders", "", "")
	if err != nil {
		return err
	}
	r, err := s.find(func(r *record.Record) bool { return r.Type == record.Denied && r.Denial.By == "oidc_auth" })
	if err != nil {
		return err
	}
	if a.status != http.StatusUnauthorized || r.Denial.Unverified == nil || r.Denial.Unverified.Subject != "carl-contractor" {
		return fmt.Errorf("carl got %d, and the record says %+v", a.status, r.Denial)
	}
	s.line("he gets     ", fmt.Sprintf("%d %s", a.status, a.header.Get("WWW-Authenticate")))
	s.line("the record  ", fmt.Sprintf("#%d denied: %s, of a token that says it is %s's, from %s", r.Seq, r.Denial.Reason, r.Denial.Unverified.Subject, r.Client.IP))
	return nil
}

func (s *story) anaErrs(ctx context.Context) error {
	s.title("ana sends an order that is not one")
	a, err := s.do(ctx, s.ana, "POST", "/orders", `{"customer":"Ada","items":[{"sku":"tea","quantity":0}]}`, "")
	if err != nil {
		return err
	}
	taken, _, _ := s.orders.counts()
	if a.status != http.StatusUnprocessableEntity || !strings.Contains(a.body, `"pointer":"/items/0/quantity"`) || taken != 0 {
		return fmt.Errorf("ana got %d %s, and the API took %d orders", a.status, a.body, taken)
	}
	s.line("ana gets    ", fmt.Sprintf("%d %s: %s must meet %q; the API never saw it", a.status, a.problem.Title, a.problem.Errors[0].Pointer, a.problem.Errors[0].Keyword))
	return nil
}

func (s *story) anaOrders(ctx context.Context) error {
	s.title("then one that is, with a secret in it")
	const code = "blue-door-42"
	a, err := s.do(ctx, s.ana, "POST", "/orders", `{"customer":"Ada","items":[{"sku":"tea","quantity":2}],"delivery_code":"`+code+`"}`, "")
	if err != nil {
		return err
	}
	intent, err := s.find(func(r *record.Record) bool { return r.Type == record.Intent && who(r) == "ana" })
	if err != nil {
		return err
	}
	taken, _, strange := s.orders.counts()
	if a.status != http.StatusCreated || taken != 1 || strange != 0 || strings.Contains(*intent.Request.Body.Content, code) ||
		intent.Schema == nil || intent.Schema.Request.Verdict != "valid" {
		return fmt.Errorf("ana got %d %s, the API took %d orders, and the record says %+v", a.status, a.body, taken, intent.Request)
	}
	s.line("the record  ", fmt.Sprintf("#%d %s", intent.Seq, *intent.Request.Body.Content))
	s.line("            ", fmt.Sprintf("durable before the API saw it; valid by schema version %s", intent.Schema.Request.Version))
	return nil
}

func (s *story) refundWaits(ctx context.Context) error {
	s.title("ana wants to refund 5,000 euros")
	a, err := s.do(ctx, s.ana, "POST", "/refunds", refundBody, "")
	if err != nil {
		return err
	}
	_, refunds, _ := s.orders.counts()
	location := a.header.Get("Location")
	if a.status != http.StatusAccepted || location == "" || a.header.Get("Retry-After") == "" || refunds != 0 {
		return fmt.Errorf("ana got %d %s, and the API paid %d refunds", a.status, a.body, refunds)
	}
	s.refund = location[strings.LastIndex(location, "/")+1:]
	s.line("ana gets    ", fmt.Sprintf("%d %s, Location: %s", a.status, a.problem.Title, location))
	self, err := s.vote(ctx, s.ana)
	if err != nil {
		return err
	}
	if self.status != http.StatusForbidden {
		return fmt.Errorf("ana approving her own refund got %d %s", self.status, self.body)
	}
	s.line("ana approves", fmt.Sprintf("%d %s", self.status, self.problem.Title))
	return nil
}

func (s *story) benApproves(ctx context.Context) error {
	s.title("ben, of security, looks at it and approves")
	a, err := s.do(ctx, s.ben, "GET", "/.caddyrec/approvals/"+s.refund, "", "")
	if err != nil {
		return err
	}
	if a.status != http.StatusOK || !strings.Contains(a.body, "5000") || strings.Contains(a.body, "DE8937") {
		return fmt.Errorf("ben sees %d %s", a.status, a.body)
	}
	v, err := s.vote(ctx, s.ben)
	if err != nil {
		return err
	}
	r, err := s.find(func(r *record.Record) bool { return r.Type == record.ApprovalVoted })
	if err != nil {
		return err
	}
	if v.status != http.StatusOK || r.Approval.Voter.Subject != "ben" {
		return fmt.Errorf("ben got %d %s", v.status, v.body)
	}
	var shown struct{ Method, Body string }
	if err := json.Unmarshal([]byte(a.body), &shown); err != nil {
		return err
	}
	s.line("ben sees    ", fmt.Sprintf("%s %s", shown.Method, shown.Body))
	s.line("the record  ", fmt.Sprintf("#%d ben: %s", r.Seq, r.Approval.Decision))
	return nil
}

func (s *story) refundRunsOnce(ctx context.Context) error {
	s.title("it runs: exactly that request, once")
	changed, err := s.do(ctx, s.ana, "POST", "/refunds", strings.Replace(refundBody, "5000", "9000", 1), s.refund)
	if err != nil {
		return err
	}
	first, err := s.do(ctx, s.ana, "POST", "/refunds", refundBody, s.refund)
	if err != nil {
		return err
	}
	second, err := s.do(ctx, s.ana, "POST", "/refunds", refundBody, s.refund)
	if err != nil {
		return err
	}
	_, refunds, _ := s.orders.counts()
	if changed.status != http.StatusConflict || first.status != http.StatusOK || second.status != http.StatusConflict || refunds != 1 {
		return fmt.Errorf("a changed one got %d, the first %d, the second %d, and the API paid %d refunds", changed.status, first.status, second.status, refunds)
	}
	s.line("9,000 euros ", fmt.Sprintf("%d %s", changed.status, changed.problem.Title))
	s.line("first try   ", fmt.Sprintf("%d %s", first.status, cut(first.body, 80)))
	s.line("second try  ", fmt.Sprintf("%d %s", second.status, second.problem.Title))
	s.line("the API     ", fmt.Sprintf("paid %d refund", refunds))
	return nil
}

// invite says what can be tried by hand.
func (s *story) invite() error {
	files := map[string]string{"ana.token": s.ana, "ben.token": s.ben}
	for name, token := range files {
		if err := os.WriteFile(s.dir+"/"+name, []byte(token), 0o600); err != nil {
			return err
		}
	}
	s.printf("\n%s\n", s.bold("Everything stays up. Try:"))
	s.printf("%s", strings.NewReplacer("GATEWAY", s.gateway, "FOLDER", s.dir).Replace(`
  ANA=$(cat FOLDER/ana.token)
  curl -H "Authorization: Bearer $ANA" GATEWAY/orders
  curl -i -H "Authorization: Bearer $ANA" -H 'Content-Type: application/json' -d '{"amount":7000}' GATEWAY/refunds
  caddy rec approvals --gateway GATEWAY --token-file FOLDER/ben.token
  caddy rec approve ID --gateway GATEWAY --token-file FOLDER/ben.token
  # and, ID being the approval's, the refund once more: now it runs
  caddy rec ls --store FOLDER/records --log orders
  caddy rec show 4 --store FOLDER/records --log orders
  caddy rec verify FOLDER/records --log orders --key FOLDER/records/keys/orders.public

caddy is this program (go run ./cmd/caddy, or what xcaddy built); the
configuration is FOLDER/Caddyfile. Ctrl-C ends it.
`))
	return nil
}
