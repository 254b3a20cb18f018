package gateway

import (
	"bytes"
	"strings"
	"sync"
)

// output keeps what a process writes and tells when a text has come.
type output struct {
	mu      sync.Mutex
	text    bytes.Buffer
	watches []watch
}

type watch struct {
	text string
	from int
	seen chan struct{}
}

// watch returns a channel that is closed once text is written from now on.
func (o *output) watch(text string) <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	w := watch{text: text, from: o.text.Len(), seen: make(chan struct{})}
	o.watches = append(o.watches, w)
	return w.seen
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(p)
	waiting := o.watches[:0]
	for _, w := range o.watches {
		if bytes.Contains(o.text.Bytes()[w.from:], []byte(w.text)) {
			close(w.seen)
		} else {
			waiting = append(waiting, w)
		}
	}
	o.watches = waiting
	return len(p), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// tail is the last lines.
func (o *output) tail(lines int) string {
	all := strings.Split(strings.TrimSpace(o.String()), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
