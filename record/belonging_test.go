package record

import "testing"

func TestTheSessionAndTheExchangeOfALineAreFoundWithoutDecodingIt(t *testing.T) {
	tricky := `"session":{"id":"s_false"} "exchange":"x_false"`
	for _, r := range []*Record{
		full(),
		New(GatewayStarted),
		{Type: ExchangeType, Session: &Session{ID: `s "1"\`}, Exchange: "x1"},
		{Type: Denied, Identity: &Identity{Subject: `an"a`, Groups: []string{`"identity":{"sub":"x"`}}},
		{Type: Denied, Identity: &Identity{Issuer: "https://id.example.com"}},
		{Type: ApprovalVoted, Exchange: "x2", Approval: &Approval{Reason: tricky}},
		{Type: Intent, Session: &Session{ID: "s_2"}, Request: &Request{URL: tricky, Headers: map[string]string{tricky: tricky}, Body: &Body{Content: &tricky}}},
	} {
		line := r.AppendFields(nil)
		session, exchange := Belonging(line)
		var want [2]string
		if r.Session != nil {
			want[0] = string(Quoted(r.Session.ID))
		}
		if r.Exchange != "" {
			want[1] = string(Quoted(r.Exchange))
		}
		if got := [2]string{string(session), string(exchange)}; got != want {
			t.Errorf("%s: got %q, want %q", line, got, want)
		}
		issuer, subject := Whose(line)
		want = [2]string{}
		if r.Identity != nil {
			want[1] = string(Quoted(r.Identity.Subject))
			if r.Identity.Issuer != "" {
				want[0] = string(Quoted(r.Identity.Issuer))
			}
		}
		if got := [2]string{string(issuer), string(subject)}; got != want {
			t.Errorf("%s: of %q, want %q", line, got, want)
		}
	}
	for _, torn := range []string{"", `"session":{"id":`, `"session":{"id":"`, `{"session":{"id":"a\`, `"exchange":"`, `"identity":{`, `"identity":{"iss":"a`, `"identity":{"iss":"a"`, `"identity":{"iss":"a","sub":"`, `"identity":{"groups":["a"],"sub":"a"}`} {
		if session, exchange := Belonging([]byte(torn)); session != nil || exchange != nil {
			t.Errorf("%q: %q %q", torn, session, exchange)
		}
		if issuer, subject := Whose([]byte(torn)); issuer != nil || subject != nil {
			t.Errorf("%q: of %q %q", torn, issuer, subject)
		}
	}
}

func TestFindingTheSessionOfALineAllocatesNothing(t *testing.T) {
	line := full().AppendFields(nil)
	if n := testing.AllocsPerRun(100, func() { Belonging(line); Whose(line) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkBelonging(b *testing.B) {
	line := full().AppendFields(nil)
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		Belonging(line)
	}
}
