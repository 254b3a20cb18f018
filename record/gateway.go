package record

// Gateway tells what happened to the gateway itself.
type Gateway struct {
	// Version is caddyrec's version.
	Version string `json:"version,omitempty"`
	// Cut is how many bytes of a torn tail a recovery left out.
	Cut int64 `json:"cut,omitempty"`
	// Segment is the segment that a recovery read.
	Segment string `json:"segment,omitempty"`
	// Since is when an outage began: the first record that could not be
	// committed.
	Since *Time `json:"since,omitempty"`
	// Reason is the ledger's word for the first failure of an outage.
	Reason string `json:"reason,omitempty"`
	// Failed is how many records could not be committed.
	Failed int64 `json:"failed,omitempty"`
}

// Retention tells what is kept, or no longer.
type Retention struct {
	// Hold names a legal hold.
	Hold string `json:"hold,omitempty"`
	// From and Until bound the records that a hold keeps, by their time; of a
	// segment that was purged they are its first and its last record's.
	From  *Time `json:"from,omitempty"`
	Until *Time `json:"until,omitempty"`
	// Segment is the segment that is purged, below the log's folder.
	Segment string `json:"segment,omitempty"`
	// First is the seq of its first record, Records how many it has.
	First   int64 `json:"first,omitempty"`
	Records int64 `json:"records,omitempty"`
	// Earlier are records that were purged before, and whose own retention.purged
	// records go with this segment.
	Earlier []Extent `json:"earlier,omitempty"`
	// Why is the reason given, or the rule that was met.
	Why string `json:"why,omitempty"`
	// By is who asked for it, as far as they said.
	By string `json:"by,omitempty"`
}

// Extent is a run of records: the seq of the first, and how many they are.
type Extent struct {
	First   int64 `json:"first"`
	Records int64 `json:"records"`
}

func (p *Gateway) append(o *object, name string) {
	if p == nil {
		return
	}
	o.open(name)
	o.optional("version", p.Version)
	o.count("cut", p.Cut)
	o.optional("segment", p.Segment)
	if p.Since != nil {
		o.time("since", *p.Since)
	}
	o.optional("reason", p.Reason)
	o.count("failed", p.Failed)
	o.close()
}

func (p *Retention) append(o *object, name string) {
	if p == nil {
		return
	}
	o.open(name)
	o.optional("hold", p.Hold)
	if p.From != nil {
		o.time("from", *p.From)
	}
	if p.Until != nil {
		o.time("until", *p.Until)
	}
	o.optional("segment", p.Segment)
	o.count("first", p.First)
	o.count("records", p.Records)
	o.list("earlier", len(p.Earlier), func(i int) {
		o.open("")
		o.int("first", p.Earlier[i].First)
		o.int("records", p.Earlier[i].Records)
		o.close()
	})
	o.optional("why", p.Why)
	o.optional("by", p.By)
	o.close()
}
