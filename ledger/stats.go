package ledger

// Stats is how a log stands.
type Stats struct {
	// Records is how many the log has, all durable.
	Records uint64
	// Waiting is how many more wait for the disk.
	Waiting int
	// Unsealed is how many segments are written and not yet sealed.
	Unsealed int
}

// Stats tells how the log stands. It does not wait for the disk.
func (l *Log) Stats() Stats {
	var s Stats
	l.mu.Lock()
	s.Records = l.tree.size
	l.mu.Unlock()
	l.queue.mu.Lock()
	s.Waiting = l.queue.records
	l.queue.mu.Unlock()
	l.sealer.mu.Lock()
	s.Unsealed = len(l.sealer.pending)
	l.sealer.mu.Unlock()
	return s
}
