package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/caddyrec/caddyrec/approval"
)

type decision = approval.Decision

const (
	approve = approval.Approve
	deny    = approval.Deny
)

// maxReason is how many characters of a reason the gateway keeps.
const maxReason = 500

// vote is one vote that is about to be given.
type vote struct {
	id       string
	decision decision
	reason   string
	yes      bool // do not ask
	json     bool
}

// voteCommand is the command approve, or deny.
func voteCommand(d decision) *cobra.Command {
	var (
		where gatewayFlags
		v     = vote{decision: d}
	)
	verb, effect := "Approves", "it runs once all approvals it needs are there, at most once and exactly as it is."
	if d == deny {
		verb, effect = "Denies", "one denial is enough, and it does not run."
	}
	cmd := &cobra.Command{
		Use:   string(d) + " <id>",
		Short: verb + " a request that waits for approval",
		Long: `
` + verb + ` a request: ` + effect + `
Nobody votes on a request of their own. The vote and its reason are recorded.

On a terminal the request is shown first and you are asked; --yes leaves that
out. Without a terminal nothing is asked.
` + gatewayHelp + exitCodes("the gateway refused the vote, or you said no"),
		Example: `  caddy rec ` + string(d) + ` 019a6f3e-7c00-7000-8000-3f6cd1a1b2c3
  caddy rec ` + string(d) + ` 019a6f3e-7c00-7000-8000-3f6cd1a1b2c3 --yes --reason "ticket 4711"`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: run(func(cmd *cobra.Command, con *console, args []string) error {
			var err error
			if v.id, err = parseID(args[0]); err != nil {
				return err
			}
			if n := utf8.RuneCountInString(v.reason); n > maxReason {
				return fmt.Errorf("--reason has %d characters: %d are kept at most", n, maxReason)
			}
			c, err := where.connect()
			if err != nil {
				return err
			}
			return con.vote(cmd.Context(), c, v)
		}),
	}
	where.flags(cmd)
	cmd.Flags().StringVar(&v.reason, "reason", "", "why, for the record")
	cmd.Flags().BoolVarP(&v.yes, "yes", "y", false, "do not ask first")
	cmd.Flags().BoolVar(&v.json, "json", false, "print what has become of the approval as the gateway gives it")
	cmd.Flags().Bool("utc", false, "show times in UTC")
	return cmd
}

// vote gives a vote, after asking where somebody is there to answer.
func (c *console) vote(ctx context.Context, to *client, v vote) error {
	if c.asks && !v.yes {
		if err := c.confirm(ctx, to, v); err != nil {
			return err
		}
	}
	raw, err := to.vote(ctx, v.id, v.decision, v.reason)
	if err != nil {
		return err
	}
	if v.json {
		return c.line([]byte(strings.TrimSpace(string(raw))))
	}
	view, err := readApproval(raw)
	if err != nil {
		return fmt.Errorf("the vote was taken, but %w", err)
	}
	done := "approved"
	if v.decision == deny {
		done = "denied"
	}
	state := string(view.State)
	line := fmt.Sprintf("You %s %s: it is %s, with %d of %d approvals.", done, view.ID, state, approvalsIn(view), view.Approvers.Need)
	then := ""
	if view.State == approval.Approved {
		then = "It runs when its requester sends it again; if it is held yet, it runs now.\n"
	}
	_, err = io.WriteString(c.out, c.styled(styleOfState(state), clean(line))+"\n"+then)
	return err
}

// confirm shows the request and asks. What it shows does not mix with what
// programs read.
func (c *console) confirm(ctx context.Context, to *client, v vote) error {
	raw, err := to.get(ctx, v.id)
	if err != nil {
		return err
	}
	view, err := readApproval(raw)
	if err != nil {
		return err
	}
	aside := *c
	aside.out = c.err
	s := sheet{con: &aside}
	s.approvalView(view)
	s.blank()
	if err := s.print(); err != nil {
		return err
	}
	question := "Approve this request?"
	if v.decision == deny {
		question = "Deny this request?"
	}
	if _, err := io.WriteString(c.err, question+" [y/N] "); err != nil {
		return err
	}
	answer, err := bufio.NewReader(io.LimitReader(c.in, 1024)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading your answer: %w", err)
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return negative("nothing was sent: the request waits as before")
}
