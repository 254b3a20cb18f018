package ledger

import (
	"fmt"
	"time"
)

// checkpointer signs the tree while records come, beside the commits.
type checkpointer struct {
	log    *Log
	signed uint64 // size of the newest checkpoint in the folder
	failed bool   // the last attempt: a fault is reported once
	stop   chan struct{}
	done   chan struct{}
}

func (c *checkpointer) run() {
	defer close(c.done)
	tick := time.NewTicker(c.log.opts.CheckpointEvery)
	defer tick.Stop()
	for {
		select {
		case <-c.stop:
			return
		case <-tick.C:
			if _, err := c.sign(); err != nil && !c.failed {
				c.failed = true
				c.log.problem(err)
			} else if err == nil {
				c.failed = false
			}
		}
	}
}

// sign puts a checkpoint of all that is durable into the folder, unless the one
// there says it already.
func (c *checkpointer) sign() (checkpoint, error) {
	c.log.mu.Lock()
	tree := c.log.tree
	c.log.mu.Unlock()
	cp := checkpoint{size: tree.size, root: tree.root()}
	if tree.size <= c.signed {
		return cp, nil
	}
	signed, err := cp.sign(c.log.opts.Log, c.log.opts.Keys.signer)
	if err != nil {
		return cp, err
	}
	if err := c.log.disk.replace(latestCheckpoint, signed); err != nil {
		return cp, fmt.Errorf("writing the checkpoint at %d records: %w", cp.size, err)
	}
	c.signed = cp.size
	c.log.announce(signed)
	return cp, nil
}
