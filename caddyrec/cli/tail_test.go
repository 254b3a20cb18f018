package cli

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/caddyrec/caddyrec/record"
)

// lines is a writer that gives each line written to it to a channel.
type lines struct {
	buf bytes.Buffer
	to  chan string
}

func (l *lines) Write(b []byte) (int, error) {
	l.buf.Write(b)
	for {
		line, err := l.buf.ReadString('\n')
		if err != nil {
			l.buf.WriteString(line)
			return len(b), nil
		}
		l.to <- line
	}
}

func TestTailShowsTheLastAndThenWhatComes(t *testing.T) {
	w := newWorld(t)
	w.sample()
	out := &lines{to: make(chan string, 100)}
	s := newScreen()
	s.out = out
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	l := list{con: s.console, src: w.source(), last: 2, want: filter{types: []string{"intent", "denied"}}}
	go func() { ended <- l.follow(ctx) }()
	next := func() string {
		select {
		case line := <-out.to:
			return line
		case err := <-ended:
			t.Fatalf("it ended: %v", err)
		case <-time.After(time.Minute):
			t.Fatal("nothing came")
		}
		return ""
	}
	wantIn(t, next(), "SEQ", "WHO")
	wantIn(t, next(), "DELETE /orders/7")
	wantIn(t, next(), "POST /refunds")

	w.commit(record.ExchangeType, asked(exchangeB, "GET", "https://x/not-wanted"))
	w.commit(record.Intent, asked(exchangeB, "PUT", "https://x/new"))
	wantIn(t, next(), "PUT /new")

	w.close() // over a restart too
	w.open()
	w.commit(record.Intent, asked(exchangeB, "PUT", "https://x/newer"))
	wantIn(t, next(), "PUT /newer")

	cancel()
	if err := <-ended; err != nil {
		t.Errorf("interrupted, it ended with %v", err)
	}
}

func TestTailOfNothingWaits(t *testing.T) {
	w := newWorld(t)
	out := &lines{to: make(chan string, 100)}
	s := newScreen()
	s.out = out
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	l := list{con: s.console, src: w.source(), last: 1, json: true}
	go func() { ended <- l.follow(ctx) }()
	w.commit(record.Intent, asked(exchangeB, "PUT", "https://x/first"))
	select {
	case line := <-out.to:
		if !strings.HasPrefix(line, `{"seq":0,`) {
			t.Error(line)
		}
	case err := <-ended:
		t.Fatalf("it ended: %v", err)
	}
	cancel()
	mustNot(t, <-ended)
}
