package approval

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

var seeds = flag.Int("seeds", 300, "how many random histories to run")

// model is what callers were told, against which every later answer is held.
type model struct {
	t       *testing.T
	w       *world
	rng     *rand.Rand
	nodes   []*Service
	asks    []Ask
	need    map[string]int
	asker   map[string]Person
	binding map[string]string
	ids     []string
	claimed map[string]int      // claims that got no error
	denied  map[string]bool     // denials acknowledged
	acked   map[string][]Person // votes acknowledged
	final   map[string]Status   // a final status seen
}

// voters: some may vote, some are one person under two names, some may not.
var voters = []Voter{
	approver("bob"), approver("eve"), approver("kim"),
	voter(person("bob"), "admins"),
	voter(Person{Issuer: issuer, Subject: "bob2", Email: "BOB@example.com "}, "security"),
	voter(person("ana"), "security"),
	voter(Person{Issuer: issuer, Subject: "ana-admin", Email: "Ana@example.com"}, "admins"),
	voter(person("zed"), "engineering"),
	voter(Person{Issuer: "https://other.example", Subject: "eve"}, "security"),
}

func TestAnyHistoryKeepsThePromise(t *testing.T) {
	for seed := range *seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			m := &model{
				t: t, w: newWorld(), rng: rand.New(rand.NewPCG(uint64(seed), 1)),
				need: map[string]int{}, asker: map[string]Person{}, binding: map[string]string{},
				claimed: map[string]int{}, denied: map[string]bool{}, acked: map[string][]Person{}, final: map[string]Status{},
			}
			m.asks = []Ask{ask("ana", "b1", 1), ask("ana", "b2", 2), ask("kim", "b3", 2)}
			for range 2 {
				m.nodes = append(m.nodes, m.w.node(t, Options{Expiry: 10 * time.Minute}))
			}
			for range 60 {
				m.breakSome()
				m.act()
				m.check()
			}
			m.end()
		})
	}
}

// breakSome sets how likely each step is to fail, from never to often.
func (m *model) breakSome() {
	often := []float64{0, 0, 0.1, 0.4}[m.rng.IntN(4)]
	rng := rand.New(rand.NewPCG(m.rng.Uint64(), 2))
	m.w.breakIt(func(op, _ string) fate {
		if rng.Float64() >= often {
			return works
		}
		return fate(1 + rng.IntN(2))
	})
}

func (m *model) node() *Service { return m.nodes[m.rng.IntN(len(m.nodes))] }

func (m *model) act() {
	ctx := m.t.Context()
	if m.rng.IntN(20) == 0 {
		m.nodes[m.rng.IntN(len(m.nodes))] = m.w.node(m.t, Options{Expiry: 10 * time.Minute})
	}
	if m.rng.IntN(8) == 0 {
		m.w.pass(time.Duration(m.rng.IntN(5)) * time.Minute)
	}
	if len(m.ids) == 0 || m.rng.IntN(5) == 0 {
		a := m.asks[m.rng.IntN(len(m.asks))]
		st, err := m.node().Ask(ctx, a)
		if err == nil {
			m.opened(st, a)
		}
		return
	}
	id := m.ids[m.rng.IntN(len(m.ids))]
	switch m.rng.IntN(8) {
	case 0:
		if st, err := m.node().Get(ctx, id); err == nil {
			m.saw(st)
		}
	case 1:
		list, err := m.node().List(ctx)
		for _, st := range list {
			if err == nil && m.asker[st.ID].Subject != "" {
				m.saw(st)
			}
		}
	case 2, 3:
		m.claim(id)
	default:
		m.vote(id)
	}
}

func (m *model) opened(st State, a Ask) {
	if !st.Status.Open() || st.Binding != a.Binding || !st.Requester.Same(a.Requester) {
		m.t.Fatalf("ask came back with %+v", st)
	}
	if m.asker[st.ID].Subject == "" {
		m.ids = append(m.ids, st.ID)
		m.asker[st.ID], m.binding[st.ID], m.need[st.ID] = a.Requester, a.Binding, a.Policy.Need
	}
	m.saw(st)
}

func (m *model) vote(id string) {
	v := voters[m.rng.IntN(len(voters))]
	d := Approve
	if m.rng.IntN(5) == 0 {
		d = Deny
	}
	st, err := m.node().Vote(m.t.Context(), id, v, d, "because")
	if err != nil {
		return
	}
	if v.Same(m.asker[id]) || v.Issuer != issuer || v.Subject == "zed" {
		m.t.Fatalf("%s voted on what %s asked", v.Subject, m.asker[id].Subject)
	}
	for _, p := range m.acked[id] {
		if p.Same(v.Person) {
			m.t.Fatalf("%s voted twice", v.Subject)
		}
	}
	m.acked[id] = append(m.acked[id], v.Person)
	if d == Deny {
		m.denied[id] = true
		if st.Status != Denied {
			m.t.Fatalf("an acknowledged denial left it %s", st.Status)
		}
	}
	m.saw(st)
}

func (m *model) claim(id string) {
	before := m.w.now()
	st, err := m.node().Claim(m.t.Context(), id, m.binding[id])
	if err != nil {
		return
	}
	m.claimed[id]++
	switch {
	case m.claimed[id] > 1:
		m.t.Fatal("claimed twice")
	case m.denied[id]:
		m.t.Fatal("claimed after a denial")
	case !before.Before(st.Expires):
		m.t.Fatal("claimed after the expiry")
	}
	m.ran(st)
	m.saw(st)
}

// ran checks that all that must be in the ledger before st's request runs is.
func (m *model) ran(st State) {
	var people []Person
	for _, r := range m.w.told(record.ApprovalVoted, st.ID) {
		p := Person{Issuer: r.Approval.Voter.Issuer, Subject: r.Approval.Voter.Subject}
		for _, v := range voters { // the ledger has no e-mail: find it
			if v.Issuer == p.Issuer && v.Subject == p.Subject {
				p = v.Person
			}
		}
		if r.Approval.Decision != "approve" || p.Same(m.asker[st.ID]) {
			continue
		}
		fresh := true
		for _, o := range people {
			fresh = fresh && !o.Same(p)
		}
		if fresh {
			people = append(people, p)
		}
	}
	if len(people) < m.need[st.ID] {
		m.t.Fatalf("ran with %d recorded approvals of %d", len(people), m.need[st.ID])
	}
	used := m.w.told(record.ApprovalUsed, st.ID)
	if len(used) != 1 || len(m.w.told(record.ApprovalDecided, st.ID)) == 0 || len(m.w.told(record.ApprovalRequested, st.ID)) == 0 {
		m.t.Fatalf("ran, and the ledger tells %v", m.w.story(st.ID))
	}
	for _, p := range m.acked[st.ID] {
		found := false
		for _, v := range used[0].Approval.Votes {
			found = found || v.Voter.Subject == p.Subject
		}
		if !found {
			m.t.Fatalf("approval.used is silent about %s", p.Subject)
		}
	}
}

// saw checks that a status is in the ledger before anybody sees it, and that a
// final one stays.
func (m *model) saw(st State) {
	if f, ok := m.final[st.ID]; ok && f != st.Status {
		m.t.Fatalf("it was %s and is %s", f, st.Status)
	}
	typ := map[Status]record.Type{Approved: record.ApprovalDecided, Denied: record.ApprovalDecided}[st.Status]
	if typ != "" {
		told := m.w.told(typ, st.ID)
		if len(told) == 0 || told[0].Approval.State != string(st.Status) {
			m.t.Fatalf("it is %s, and the ledger tells %v", st.Status, m.w.story(st.ID))
		}
	}
	if st.Status == Denied || st.Status == Used {
		m.final[st.ID] = st.Status
	}
}

// check holds the ledger against itself: one outcome at each fork, and a
// record told twice is the same record.
func (m *model) check() {
	m.w.mu.Lock()
	defer m.w.mu.Unlock()
	byID := map[string]*record.Record{}
	outcome := map[string]string{}
	for _, r := range m.w.ledger {
		if old := byID[r.ID]; old != nil && !reflect.DeepEqual(old, r) {
			m.t.Fatalf("one id, two records:\n%+v\n%+v", old.Approval, r.Approval)
		}
		byID[r.ID] = r
		key := r.Approval.ID
		switch r.Approval.State {
		case "pending", "approved":
			continue
		}
		if old, ok := outcome[key]; ok && old != r.Approval.State {
			m.t.Fatalf("the ledger says %s and %s", old, r.Approval.State)
		}
		outcome[key] = r.Approval.State
	}
}

// end lets everything work and time pass: each request must come to its end,
// and the ledger tell which, unless the end was a claim that failed.
func (m *model) end() {
	m.w.breakIt(nil)
	m.w.pass(time.Hour)
	node := m.w.node(m.t, Options{Expiry: 10 * time.Minute})
	for _, id := range m.ids {
		st, err := node.Get(m.t.Context(), id)
		if err != nil {
			m.t.Fatal(err)
		}
		m.saw(st)
		typ := map[Status]record.Type{Denied: record.ApprovalDecided, Expired: record.ApprovalExpired, Used: record.ApprovalUsed}[st.Status]
		if told := len(m.w.told(typ, id)); told == 0 && (st.Status != Used || m.claimed[id] > 0) {
			m.t.Fatalf("it ended %s, and the ledger tells %v", st.Status, m.w.story(id))
		}
		if _, err := node.Claim(m.t.Context(), id, m.binding[id]); err == nil || errors.Is(err, errFault) {
			m.t.Fatalf("claimed after the end: %v", err)
		}
	}
	m.check()
}
