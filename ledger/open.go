package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/google/uuid"

	"github.com/caddyrec/caddyrec/record"
)

// closeWithin is how long Close waits for a disk that does not answer.
const closeWithin = 10 * time.Second

// Open takes a log for this process, or begins one. It reads the open segments
// back, keeps what is intact, and goes on behind it in a new segment; bytes of
// a torn tail that it left out are told in a gateway.recovered record. It
// refuses a log whose acknowledged records are missing or changed, whose key is
// another, or that another process has open for longer than Options.Wait.
// Damage in sealed segments does not stop it, nor does a disk without space for
// the new segment: Commit then fails until there is.
func Open(opts Options) (*Log, error) {
	if err := opts.check(); err != nil {
		return nil, fmt.Errorf("opening log %s: %w", opts.Log, err)
	}
	l, err := open(opts)
	if err != nil {
		return nil, fmt.Errorf("opening log %s in %s: %w", opts.Log, opts.place(), err)
	}
	return l, nil
}

func open(opts Options) (*Log, error) {
	if opts.Batches != nil {
		return openRemote(opts)
	}
	f, err := openFolder(opts.Dir)
	if err != nil {
		return nil, err
	}
	lock, err := takeLock(f.root, opts.Wait, opts.OnWait)
	if err != nil {
		f.root.Close()
		return nil, err
	}
	sweepTemp(f.root)
	l := &Log{opts: opts, prefix: "ledger/" + opts.Log + "/", disk: opts.disk, lock: lock, root: f.root}
	if l.disk == nil {
		l.disk = f
	}
	if err := l.start(); err != nil {
		lock.Close()
		f.root.Close()
		return nil, err
	}
	return l, nil
}

// openRemote opens a log that is in a store alone.
func openRemote(opts Options) (*Log, error) {
	l := &Log{opts: opts, prefix: "ledger/" + opts.Log + "/"}
	l.remote = newRemote(opts.Store, opts.Batches, opts.Log, l.problem)
	l.disk = l.remote
	if err := l.start(); err != nil {
		l.remote.giveUp()
		return nil, err
	}
	return l, nil
}

func (l *Log) start() error {
	if err := l.takeKeys(); err != nil {
		return err
	}
	state, err := l.restore()
	if err != nil {
		return err
	}
	l.tree, l.last, l.committer.prev = state.tree, state.prev, state.prev
	l.onRecord.base = state.base.size
	if l.committer.seg, err = beginSegment(l.disk, state.tree.size, state.prev); errors.Is(err, fs.ErrPermission) {
		return err // an operator's mistake, not a state of the disk that passes
	} else if err != nil {
		l.problem(fmt.Errorf("nothing can be recorded until this is over: %w", err))
	}
	l.signing.newest = state.signed
	l.queue, l.committed, l.closed = newQueue(), make(chan struct{}), make(chan struct{})
	l.sealer = sealer{log: l, tiling: state.base, pending: state.jobs, wake: make(chan struct{}, 1), done: make(chan struct{})}
	if err := l.sealer.restoreIndex(); err != nil {
		return err
	}
	l.sealer.wake <- struct{}{}
	l.checkpointer = checkpointer{log: l, stop: make(chan struct{}), done: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	l.stopSealer = cancel
	go l.run()
	go l.sealer.run(ctx)
	go l.checkpointer.run()
	if state.cut > 0 {
		return l.tellCut(state)
	}
	return nil
}

// tellCut records what a recovery left out: at once, or as soon as anything can
// be recorded.
func (l *Log) tellCut(state *recovered) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	fields, err := json.Marshal(struct {
		ID      string          `json:"id"`
		Time    record.Time     `json:"time"`
		Type    record.Type     `json:"type"`
		Gateway *record.Gateway `json:"gateway"`
	}{id.String(), record.Now(), record.GatewayRecovered, &record.Gateway{Cut: state.cut, Segment: state.cutFrom}})
	if err != nil {
		return err
	}
	if _, err = l.commitOwn(context.Background(), record.GatewayRecovered, fields); err == nil {
		return nil
	}
	l.problem(fmt.Errorf("%d bytes that are no record were cut from %s, which cannot be recorded yet: %w", state.cut, state.cutFrom, err))
	l.telling.Go(func() {
		for {
			select {
			case <-time.After(l.opts.retry):
			case <-l.committed:
				return
			}
			if _, err := l.commitOwn(context.Background(), record.GatewayRecovered, fields); err == nil {
				return
			}
		}
	})
	return nil
}

// Close takes no more records, makes those that wait durable, signs a last
// checkpoint and gives the log up. When the disk does not answer within ten
// seconds it returns an error; the log then stays locked until the disk does,
// or the process ends. A store that takes no batch in that time is given up.
func (l *Log) Close() error {
	l.closing.Do(func() {
		l.queue.close()
		go func() {
			l.closeErr = l.shutDown()
			close(l.closed)
		}()
	})
	late := time.NewTimer(closeWithin)
	defer late.Stop()
	select {
	case <-l.closed:
		return l.closeErr
	case <-late.C:
		if l.remote != nil {
			l.remote.giveUp()
			<-l.closed
			return l.closeErr
		}
		return fmt.Errorf("closing log %s: the disk of %s has not answered for %v", l.opts.Log, l.opts.Dir, closeWithin)
	}
}

func (l *Log) shutDown() error {
	<-l.committed
	l.telling.Wait()
	close(l.checkpointer.stop)
	<-l.checkpointer.done
	l.stopSealer()
	<-l.sealer.done

	errs := []error{l.lastCheckpoint(), l.leaveSegment()}
	if l.remote != nil {
		errs = append(errs, l.remote.stopped())
		l.remote.giveUp()
	} else {
		errs = append(errs, l.lock.Close(), l.root.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("closing log %s: %w", l.opts.Log, err)
	}
	return nil
}

func (l *Log) lastCheckpoint() error {
	tree := l.treeNow()
	c := checkpoint{tree.size, tree.root()}
	if c.size == 0 {
		return nil
	}
	if err := l.checkpointer.sign(); err != nil {
		return err
	}
	signed, err := l.signing.sign(c)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	return l.signing.store(ctx, c, signed)
}

// leaveSegment closes the open segment: without the zeros behind its records,
// or not at all when it has none.
func (l *Log) leaveSegment() error {
	s := l.committer.seg
	if s == nil {
		if s = l.committer.poisoned; s == nil {
			return nil
		}
		return s.close()
	}
	s.settle()
	if s.end == s.first {
		return errors.Join(s.close(), l.disk.remove(s.name))
	}
	s.file.truncate(s.size) // the zeros may stay
	return s.close()
}
