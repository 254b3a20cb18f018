package cli

import (
	"bufio"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/caddyrec/caddyrec/replay/rerun"
)

// choices are the answers to the question of step mode.
var choices = map[string]rerun.Choice{"": rerun.Send, "s": rerun.Send, "k": rerun.Skip, "g": rerun.Go, "q": rerun.Abort}

// asker asks what to do with each request. What is typed ahead counts for those
// that follow.
func (c *console) asker() func(*rerun.Step) rerun.Choice {
	in := bufio.NewReader(c.in)
	return func(s *rerun.Step) rerun.Choice {
		for {
			fmt.Fprintf(c.err, "%s  send (s), skip (k), go on without asking (g), quit (q)? ", clean(s.Request.Method+" "+pathOf(s.Request.URL)))
			line, err := in.ReadString('\n')
			if choice, ok := choices[strings.ToLower(strings.TrimSpace(line))]; ok && err == nil {
				return choice
			}
			if err != nil {
				return rerun.Abort
			}
			c.say("Answer one of %s.", strings.Join(slices.Sorted(maps.Keys(choices)), " "))
		}
	}
}
