package record

// Replay tells of recorded requests that were sent again, to an instance made
// for tests.
type Replay struct {
	// ID names the replay: a UUID version 7.
	ID string `json:"id"`
	// Session is the session whose requests they are; Filter is what else they
	// were chosen by, as the command line said it. Either may be empty.
	Session string `json:"session,omitempty"`
	Filter  string `json:"filter,omitempty"`
	// Target is the scheme and host that they are sent to, Baselines those that
	// they are sent to first, to see what never is the same.
	Target    string   `json:"target"`
	Baselines []string `json:"baselines,omitempty"`
	// Unsafe says that requests with unsafe methods are sent, too. Allowed is
	// why they may be: marked (the target said that it is for tests) or listed.
	Unsafe  bool   `json:"unsafe,omitempty"`
	Allowed string `json:"allowed,omitempty"`
	// Resumed says that it goes on after it was interrupted.
	Resumed bool `json:"resumed,omitempty"`
	// By is who asked for it, as far as they said.
	By string `json:"by,omitempty"`

	// Requests is how many there are. The others tell, in replay.finished, how
	// many were sent, and what came of them.
	Requests int64 `json:"requests"`
	Sent     int64 `json:"sent,omitempty"`
	Matched  int64 `json:"matched,omitempty"`
	Differed int64 `json:"differed,omitempty"`
	Failed   int64 `json:"failed,omitempty"`
	Skipped  int64 `json:"skipped,omitempty"`
	Unknown  int64 `json:"unknown,omitempty"`
	// Outcome is matched, differs, interrupted, given-up or failed, in
	// replay.finished.
	Outcome string `json:"outcome,omitempty"`
	// Plan is the SHA-256 of the plan, hex: where it sends what, and how. A
	// replay that goes on has the same one.
	Plan string `json:"plan,omitempty"`
	// State is the SHA-256, hex, of what has come of the requests so far and what
	// the baselines have shown, as files of the replay's folder: in
	// replay.finished of a replay that may go on, and in replay.started when it
	// does, of what was found then.
	State string `json:"state,omitempty"`
	// Report is the SHA-256 of the report, hex. It holds nothing that is
	// secret.
	Report string `json:"report,omitempty"`
}

func (p *Replay) append(o *object, name string) {
	if p == nil {
		return
	}
	o.open(name)
	o.str("id", p.ID)
	o.optional("session", p.Session)
	o.optional("filter", p.Filter)
	o.str("target", p.Target)
	o.strings("baselines", p.Baselines)
	o.flag("unsafe", p.Unsafe)
	o.optional("allowed", p.Allowed)
	o.flag("resumed", p.Resumed)
	o.optional("by", p.By)
	o.int("requests", p.Requests)
	o.count("sent", p.Sent)
	o.count("matched", p.Matched)
	o.count("differed", p.Differed)
	o.count("failed", p.Failed)
	o.count("skipped", p.Skipped)
	o.count("unknown", p.Unknown)
	o.optional("outcome", p.Outcome)
	o.optional("plan", p.Plan)
	o.optional("state", p.State)
	o.optional("report", p.Report)
	o.close()
}
