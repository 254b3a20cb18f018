package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/replay/frames"
)

// player plays one session.
type player struct {
	con       *console
	library   *frames.Library
	recording *frames.Recording
	pace      frames.Pace
	json      bool
	live      bool

	next    int            // the frame to be shown next
	keys    <-chan playKey // nil: nobody is there to press any
	paused  bool
	step    bool            // pause after each frame
	asked   map[string]bool // exchanges whose request was shown as it was asked
	damaged map[uint64]bool
	shown   *frames.Shown // the last
	status  string        // what stands on the last line
}

var errQuit = errors.New("quit")

// play plays until the end, or until it is quit.
func (p *player) play(ctx context.Context) error {
	p.asked, p.damaged = map[string]bool{}, map[uint64]bool{}
	if p.live {
		defer p.library.Watch()()
	}
	if fd, ok := terminal(p.con.in); ok && p.con.tty && !p.json {
		before, err := term.MakeRaw(fd)
		if err != nil {
			return fmt.Errorf("reading single keys from the terminal: %w", err)
		}
		defer term.Restore(fd, before)
		// Nothing else ends a line as a terminal needs it now.
		p.con.out = lineEnds{p.con.out}
		p.keys = readKeys(p.con.in)
	}
	p.paused = p.step && p.keys != nil
	err := p.run(ctx)
	p.wipe()
	if err != nil && !errors.Is(err, errQuit) && ctx.Err() == nil {
		return err
	}
	if n := len(p.damaged); n > 0 {
		return negative(fmt.Sprintf("%d of the records shown are damaged or gone: see what caddy rec verify says", n))
	}
	return nil
}

func (p *player) run(ctx context.Context) error {
	for {
		changed := p.library.Changed()
		f, err := p.recording.Frame(ctx, p.next)
		switch {
		case errors.Is(err, frames.ErrEnd) && p.live:
			if err := p.wait(ctx, changed, time.Time{}); err != nil {
				return err
			}
			if err := p.recording.Refresh(ctx); err != nil {
				return err
			}
			continue
		case errors.Is(err, frames.ErrEnd) && p.keys == nil:
			return nil
		case errors.Is(err, frames.ErrEnd):
			p.paused = true
			if err := p.wait(ctx, nil, time.Time{}); err != nil {
				return err
			}
			continue
		case err != nil:
			return err
		}
		at := p.next
		if err := p.wait(ctx, nil, p.pace.Due(f.At)); err != nil {
			return err
		}
		if at != p.next {
			p.pace.Restart() // a key has gone elsewhere
			continue
		}
		p.pace.Due(f.At) // after a restart those behind it go by this one
		if err := p.show(&f); err != nil {
			return err
		}
		p.next++
		if p.step && p.keys != nil {
			p.paused = true
		}
	}
}

// wait waits until a frame is due, or, without a time, until something changes;
// and does what keys say meanwhile. It returns when the next frame is to be
// looked at.
func (p *player) wait(ctx context.Context, changed <-chan struct{}, due time.Time) error {
	for {
		left := time.Until(due)
		if !due.IsZero() && left <= 0 && !p.paused {
			select {
			case k := <-p.keys:
				if on, err := p.press(k); err != nil || on {
					return err
				}
				continue
			default:
				return ctx.Err()
			}
		}
		p.draw(left, due.IsZero())
		var timer <-chan time.Time
		if !due.IsZero() && !p.paused {
			timer = time.After(min(left, time.Second))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
			return nil
		case <-timer:
		case k, ok := <-p.keys:
			if !ok {
				return errQuit
			}
			if on, err := p.press(k); err != nil || on {
				return err
			}
		}
	}
}

// press does what a key says. On says that the next frame may be another, or due
// at another time.
func (p *player) press(k playKey) (on bool, err error) {
	length := p.recording.Len()
	switch k {
	case keyQuit:
		return false, errQuit
	case keyPause:
		p.paused, p.step = !p.paused, false
		p.pace.Restart()
		return !p.paused, nil
	case keyStep:
		p.paused, p.step = false, true
		p.pace.Restart()
		return true, nil
	case keyRight:
		paused := p.paused
		p.paused = false
		p.pace.Restart()
		if paused {
			p.step = true
		}
		return true, nil
	case keyLeft:
		// The last shown is at next-1.
		p.seek(p.next - 2)
	case keyFirst:
		p.seek(0)
	case keyLast:
		p.seek(length - 1)
	case keyFaster, keySlower:
		switch {
		case p.pace.Speed == 0 && k == keyFaster:
		case p.pace.Speed == 0:
			p.pace.Speed = 64
		case k == keyFaster:
			p.pace.Speed = min(2*p.pace.Speed, frames.MaxSpeed)
		default:
			p.pace.Speed = max(p.pace.Speed/2, 0.0625)
		}
	case keyMax:
		p.pace.Speed = 0
		p.pace.Restart()
		return true, nil
	default:
		if k >= keyTenth && k < keyTenth+10 {
			p.seek(length * int(k-keyTenth) / 10)
			break
		}
		return false, nil
	}
	return k != keyFaster && k != keySlower, nil
}

// seek goes to another frame, shows it, and stays there if it was paused.
func (p *player) seek(n int) {
	n = min(max(n, 0), p.recording.Len()-1)
	if n < p.next {
		p.wipe()
		io.WriteString(p.con.out, p.con.styled(dim, fmt.Sprintf("── back to frame %d ──", n))+"\n\n")
		p.asked = map[string]bool{}
	}
	p.next = n
	if p.paused {
		p.paused, p.step = false, true
	}
	p.pace.Restart()
}

// show shows a frame.
func (p *player) show(f *frames.Shown) error {
	if f.Proof == ledger.Damaged && f.Kind != frames.Purge {
		p.damaged[f.Seq] = true
	}
	if p.json {
		return p.con.line(f.JSON)
	}
	p.wipe()
	s := sheet{con: p.con}
	s.frame(f, p.asked[f.Exchange])
	if f.Kind == frames.Request {
		p.asked[f.Exchange] = true
	}
	p.shown = f
	return s.print()
}

// draw draws the last line: where it is, and what keys do.
func (p *player) draw(left time.Duration, ended bool) {
	if p.keys == nil || p.con.width == 0 {
		return
	}
	state := "▶"
	switch {
	case ended && p.live:
		state = "● live"
	case ended:
		state = "■ the end"
	case p.paused:
		state = "‖ paused"
	}
	at := time.Duration(0)
	if p.shown != nil {
		at = p.shown.At
	}
	speed := "max"
	if p.pace.Speed > 0 {
		speed = fmt.Sprintf("%g×", p.pace.Speed)
	}
	text := fmt.Sprintf("%s  %d/%d  +%s  %s", state, p.next, p.recording.Len(), clockText(at), speed)
	if left > time.Second && !p.paused && !ended {
		text += fmt.Sprintf("  next in %ds", int(left.Seconds()+0.5))
	}
	text = cut(text+"   space pause · s step · ←→ frame · +- speed · 0-9 seek · q quit", p.con.width-1)
	if text == p.status {
		return
	}
	p.status = text
	io.WriteString(p.con.out, "\r\x1b[K"+p.con.styled(dim, text))
}

// wipe takes the last line away.
func (p *player) wipe() {
	if p.status != "" {
		io.WriteString(p.con.out, "\r\x1b[K")
		p.status = ""
	}
}

// clockText is a time into a session.
func clockText(d time.Duration) string {
	d = d.Round(100 * time.Millisecond)
	text := fmt.Sprintf("%d:%02d.%d", int(d.Minutes())%60, int(d.Seconds())%60, int(d.Milliseconds()/100)%10)
	if h := int(d.Hours()); h > 0 {
		text = fmt.Sprintf("%d:%02d:%02d.%d", h, int(d.Minutes())%60, int(d.Seconds())%60, int(d.Milliseconds()/100)%10)
	}
	return text
}

// lineEnds ends lines as a terminal needs them that does nothing by itself.
type lineEnds struct{ io.Writer }

func (w lineEnds) Write(b []byte) (int, error) {
	if _, err := io.WriteString(w.Writer, strings.ReplaceAll(string(b), "\n", "\r\n")); err != nil {
		return 0, err
	}
	return len(b), nil
}
