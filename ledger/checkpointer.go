package ledger

import "time"

// checkpointer signs the tree while records come, beside the commits.
type checkpointer struct {
	log    *Log
	failed bool // the last attempt: a fault is reported once
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
			if err := c.sign(); err != nil && !c.failed {
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
func (c *checkpointer) sign() error {
	signed, err := c.log.signing.now()
	if signed != nil {
		c.log.announce(signed)
	}
	return err
}
