package schemaguard

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

const (
	// pollEvery is how often files are looked at. What has changed is loaded
	// once it has stayed the same from one look to the next: a file that is being
	// written is not read half.
	pollEvery = time.Second
	// retryEvery is after how many looks a load that failed is tried again,
	// though nothing has changed: a file that it missed may be there now.
	retryEvery = 30
)

// files are the guard's files: loaded, watched, and loaded anew when one of
// them changes.
type files struct {
	load   func() (contract, error)
	loaded func(contract) // told of each that was loaded
	logger *zap.Logger
	now    atomic.Pointer[held]

	stop, done chan struct{}

	// For the watching goroutine only.
	tried     []state // the files as they were at the last try
	last      []state // as they were at the last look
	looks     int
	complaint string // why the last try failed; "" if it did not
}

// held is a contract in force.
type held struct{ contract }

// state is a file as it was seen at one time.
type state struct {
	name string
	info fs.FileInfo // nil if it was not there
}

// watch loads the files and begins to watch them.
func watch(names []string, load func() (contract, error), loaded func(contract), logger *zap.Logger) (*files, error) {
	f, err := open(names, load, loaded, logger)
	if err != nil {
		return nil, err
	}
	go f.run()
	return f, nil
}

// open loads the files. names are those that the configuration names; empty
// ones are passed over.
func open(names []string, load func() (contract, error), loaded func(contract), logger *zap.Logger) (*files, error) {
	f := &files{load: load, loaded: loaded, logger: logger, stop: make(chan struct{}), done: make(chan struct{})}
	names = slices.DeleteFunc(names, func(name string) bool { return name == "" })
	for i, name := range names {
		full, err := filepath.Abs(name)
		if err != nil {
			return nil, err
		}
		names[i] = full
	}
	slices.Sort(names)
	c, states, err := f.read(slices.Compact(names))
	if err != nil {
		return nil, err
	}
	f.now.Store(&held{c})
	f.tried, f.last = states, states
	loaded(c)
	return f, nil
}

// contract is the one in force.
func (f *files) contract() contract { return f.now.Load().contract }

func (f *files) run() {
	defer close(f.done)
	t := time.NewTicker(pollEvery)
	defer t.Stop()
	for {
		select {
		case <-f.stop:
			return
		case <-t.C:
			f.look()
		}
	}
}

// close ends the watching; it may be called again.
func (f *files) close() {
	select {
	case <-f.stop:
	default:
		close(f.stop)
	}
	<-f.done
}

// look loads the files anew if they have changed and are settled.
func (f *files) look() {
	now := statesOf(namesOf(f.tried))
	settled := slices.EqualFunc(now, f.last, same)
	f.last = now
	f.looks++
	again := f.complaint != "" && f.looks%retryEvery == 0
	if settled && (again || !slices.EqualFunc(now, f.tried, same)) {
		f.again(now)
	}
}

// again loads the files anew and puts them in force, or says once why not.
func (f *files) again(now []state) {
	c, states, err := f.read(namesOf(now))
	if err != nil {
		f.tried = now
		if err.Error() != f.complaint {
			f.complaint = err.Error()
			f.logger.Error("changed schema files cannot be loaded; what was loaded before stays in force", zap.Error(err))
		}
		return
	}
	f.tried, f.last, f.complaint = states, states, ""
	f.now.Store(&held{c})
	for _, s := range c.sources() {
		f.logger.Info("schema files were loaded anew", zap.String("schema", s.ID()), zap.String("version", s.Version()), zap.String("digest", s.Digest()))
	}
	f.loaded(c)
}

// read loads the files and says how they were before they were read, so that no
// change since is missed. known are those that it takes, as far as is known.
func (f *files) read(known []string) (contract, []state, error) {
	for range 3 {
		before := statesOf(known)
		c, err := f.load()
		if err != nil {
			return nil, nil, err
		}
		if slices.Equal(c.files(), known) {
			return c, before, nil
		}
		known = c.files()
	}
	return nil, nil, errors.New("the files changed while they were read: save them again")
}

func namesOf(states []state) []string {
	names := make([]string, len(states))
	for i, s := range states {
		names[i] = s.name
	}
	return names
}

// statesOf looks at files, past links: a link that leads to another file is a
// change.
func statesOf(names []string) []state {
	states := make([]state, len(names))
	for i, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			info = nil
		}
		states[i] = state{name, info}
	}
	return states
}

func same(a, b state) bool {
	if a.info == nil || b.info == nil {
		return a.name == b.name && a.info == nil && b.info == nil
	}
	return a.name == b.name && a.info.Size() == b.info.Size() && a.info.ModTime().Equal(b.info.ModTime()) && os.SameFile(a.info, b.info)
}
