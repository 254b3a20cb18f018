package approval

import (
	"testing"

	"github.com/caddyrec/caddyrec/record"
)

func TestNobodyApprovesOrDeniesTheirOwn(t *testing.T) {
	ana := person("ana")
	host := Person{Subject: "ana", Scope: "a.example"}
	for _, c := range []struct {
		name      string
		requester Person
		voter     Person
		groups    []string
		want      error
	}{
		{"another session of the same person", ana, ana, []string{"security"}, ErrSelf},
		{"the same person as administrator", ana, ana, []string{"admins", "security"}, ErrSelf},
		{"the same subject with another e-mail", ana, Person{Issuer: issuer, Subject: "ana", Email: "x@example.com"}, []string{"security"}, ErrSelf},
		{"the same subject without e-mail", ana, Person{Issuer: issuer, Subject: "ana"}, []string{"security"}, ErrSelf},
		{"another subject with the same e-mail", ana, Person{Issuer: issuer, Subject: "ana2", Email: "ana@example.com"}, []string{"security"}, ErrSelf},
		{"the e-mail in another case", ana, Person{Issuer: issuer, Subject: "ana2", Email: "ANA@Example.COM"}, []string{"security"}, ErrSelf},
		{"the e-mail with spaces", ana, Person{Issuer: issuer, Subject: "ana2", Email: "\t ana@example.com "}, []string{"security"}, ErrSelf},
		{"the e-mail with a Kelvin sign", person("kim"), Person{Issuer: issuer, Subject: "x", Email: "\u212Aim@example.com"}, []string{"security"}, ErrSelf},
		{"the same issuer under another scope", Person{Issuer: issuer, Subject: "ana", Scope: "a"}, Person{Issuer: issuer, Subject: "ana", Scope: "b"}, []string{"security"}, ErrSelf},
		{"another issuer with the same e-mail", ana, Person{Issuer: "https://other", Subject: "x", Email: "ana@example.com"}, []string{"security"}, ErrSelf},
		{"no issuer, the same scope", host, host, []string{"security"}, ErrSelf},
		{"another issuer", ana, Person{Issuer: "https://other", Subject: "bob"}, []string{"security"}, ErrNotEntitled},
		{"the issuer in another case", ana, Person{Issuer: "https://ID.example", Subject: "bob"}, []string{"security"}, ErrNotEntitled},
		{"no issuer at all", ana, Person{Subject: "bob"}, []string{"security"}, ErrNotEntitled},
		{"no issuer, another scope", host, Person{Subject: "ana", Scope: "b.example"}, []string{"security"}, ErrNotEntitled},
		{"no group", ana, person("bob"), nil, ErrNotEntitled},
		{"another group", ana, person("bob"), []string{"engineering"}, ErrNotEntitled},
		{"the group in another case", ana, person("bob"), []string{"Security"}, ErrNotEntitled},
		{"a nobody", ana, Person{Issuer: issuer}, []string{"security"}, ErrInvalid},
		{"an e-mail that is a digest under another key", keyed("ana", "k1"), keyed("bob", "k2"), []string{"security"}, ErrElsewhere},
		{"the same subject under another key", keyed("ana", "k1"), keyed("ana", "k2"), []string{"security"}, ErrSelf},
		{"no e-mail, under another key", keyed("ana", "k1"), Person{Issuer: issuer, Subject: "bob", EmailKey: "k2"}, []string{"security"}, nil},
		{"a colleague under the same key", keyed("ana", "k1"), keyed("bob", "k1"), []string{"security"}, nil},
		{"a colleague", ana, person("bob"), []string{"security"}, nil},
		{"a colleague of the other group", ana, person("bob"), []string{"x", "admins"}, nil},
		{"both without e-mail", Person{Issuer: issuer, Subject: "ana"}, Person{Issuer: issuer, Subject: "bob"}, []string{"security"}, nil},
		{"both with blank e-mails", Person{Issuer: issuer, Subject: "ana", Email: " "}, Person{Issuer: issuer, Subject: "bob", Email: " "}, []string{"security"}, nil},
		{"the subject in another case is another person", ana, Person{Issuer: issuer, Subject: "Ana"}, []string{"security"}, nil},
		{"no issuer, the same scope, another subject", host, Person{Subject: "bob", Scope: "a.example"}, []string{"security"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, d := range []Decision{Approve, Deny} {
				w := newWorld()
				s := w.node(t, Options{})
				a := ask("", "b1", 1)
				a.Requester = c.requester
				st := mustAsk(t, s, a)
				_, err := s.Vote(t.Context(), st.ID, voter(c.voter, c.groups...), d, "")
				wantErr(t, err, c.want)
				if c.want == nil {
					continue
				}
				if len(w.told(record.ApprovalVoted, st.ID)) != 0 {
					t.Error("a refused vote is in the ledger as one")
				}
				wantStatus(t, s, st.ID, Pending)
			}
		})
	}
}

func TestAVoterWithoutClaimsOrAWordIsRefused(t *testing.T) {
	s := newWorld().node(t, Options{})
	st := mustAsk(t, s, ask("ana", "b1", 1))
	_, err := s.Vote(t.Context(), st.ID, Voter{Person: person("bob")}, Approve, "")
	wantErr(t, err, ErrNotEntitled)
	for _, d := range []Decision{"", "approved", "APPROVE", "yes"} {
		_, err := s.Vote(t.Context(), st.ID, approver("bob"), d, "")
		wantErr(t, err, ErrInvalid)
	}
}

// keyed is a person whose e-mail is a digest under a key.
func keyed(name, key string) Person {
	p := person(name)
	p.EmailKey = key
	return p
}

func TestAVoteBesideOneWhoseEMailCannotBeComparedIsRefused(t *testing.T) {
	s := newWorld().node(t, Options{})
	a := ask("", "b1", 2)
	a.Requester = Person{Issuer: issuer, Subject: "ana"}
	st := mustAsk(t, s, a)
	mustVote(t, s, st.ID, voter(keyed("bob", "k1"), "security"), Approve)
	_, err := s.Vote(t.Context(), st.ID, voter(keyed("bob2", "k2"), "security"), Approve, "")
	wantErr(t, err, ErrElsewhere)
	wantStatus(t, s, st.ID, Pending)
}

func TestAnEMailIsGivenUnderTheRequestsKeyWhereThatIsAtHand(t *testing.T) {
	under := func(name, subject string) Voter {
		v := voter(Person{Issuer: issuer, Subject: subject, Email: name + " under k2", EmailKey: "k2"}, "security")
		v.EmailUnder = func(key string) string { return keyed(name, key).Email }
		return v
	}
	s := newWorld().node(t, Options{})
	a := ask("", "b1", 3)
	a.Requester = keyed("ana", "k1")
	st := mustAsk(t, s, a)
	_, err := s.Vote(t.Context(), st.ID, under("ana", "ana2"), Approve, "")
	wantErr(t, err, ErrSelf)
	mustVote(t, s, st.ID, voter(keyed("bob", "k1"), "security"), Approve)
	_, err = s.Vote(t.Context(), st.ID, under("bob", "bob2"), Approve, "")
	wantErr(t, err, ErrVoted)
	mustVote(t, s, st.ID, under("eve", "eve"), Approve)
	wantStatus(t, s, st.ID, Pending)
	mustVote(t, s, st.ID, voter(keyed("kim", "k1"), "security"), Approve)
	wantStatus(t, s, st.ID, Approved)
}

func TestOnePersonCountsOnce(t *testing.T) {
	for name, again := range map[string]Voter{
		"in a second group":             voter(person("bob"), "admins"),
		"in two groups at once":         voter(person("bob"), "admins", "security"),
		"with a second subject":         voter(Person{Issuer: issuer, Subject: "bob2", Email: "BOB@example.com"}, "admins"),
		"without the e-mail":            voter(Person{Issuer: issuer, Subject: "bob"}, "admins"),
		"under another scope":           voter(Person{Issuer: issuer, Subject: "bob", Scope: "x"}, "admins"),
		"with another word this time":   approver("bob"),
		"with another e-mail this time": voter(Person{Issuer: issuer, Subject: "bob", Email: "b@example.com"}, "security"),
	} {
		w := newWorld()
		s := w.node(t, Options{})
		st := mustAsk(t, s, ask("ana", "b1", 2))
		mustVote(t, s, st.ID, approver("bob"), Approve)
		for _, node := range []*Service{s, w.node(t, Options{})} {
			for _, d := range []Decision{Approve, Deny} {
				if _, err := node.Vote(t.Context(), st.ID, again, d, ""); err != nil {
					wantErr(t, err, ErrVoted)
				} else {
					t.Errorf("%s: voted twice", name)
				}
			}
		}
		wantStatus(t, s, st.ID, Pending)
	}
}

func TestTwoNodesCannotMakeTwoPeopleOfOneEMail(t *testing.T) {
	w := newWorld()
	s := w.node(t, Options{})
	st := mustAsk(t, s, ask("ana", "b1", 2))
	mustVote(t, s, st.ID, approver("bob"), Approve)
	// What a second node writes that looked before the first vote was there.
	b := ballot{Request: st.ID, Record: record.NewID(), Vote: Vote{
		Voter: Person{Issuer: issuer, Subject: "bob2", Email: " Bob@Example.com"}, Identity: &record.Identity{Subject: "bob2"},
		Via: "security", Decision: Approve, Time: w.now(),
	}}
	if err := create(t.Context(), s, st.ID, "votes/"+b.Voter.key()+".json", b); err != nil {
		t.Fatal(err)
	}
	if st := wantStatus(t, s, st.ID, Pending); len(st.Votes) != 2 {
		t.Errorf("%d votes are shown", len(st.Votes))
	}
	if st := mustVote(t, s, st.ID, approver("eve"), Approve); st.Status != Approved {
		t.Errorf("a third vote by a second person made it %s", st.Status)
	}
}
