package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/caddyrec/caddyrec/approval"
	"github.com/caddyrec/caddyrec/caddyrec"
)

func approvalsCommand() *cobra.Command {
	var (
		where  gatewayFlags
		all    bool
		asJSON bool
		keys   identityFlag
	)
	cmd := &cobra.Command{
		Use:   "approvals [<id>]",
		Short: "Lists requests that wait for approval, or shows one",
		Long: `
Lists the requests that wait for approval and that you may vote on or asked for
yourself; with an id it shows one of them with its body. What is secret is
masked by the gateway. Where bodies are encrypted (encrypt_to), the gateway that
was asked shows them until it ends; --identity FILE opens them after that.
` + gatewayHelp + exitCodes("the gateway refused, or has no such request"),
		Example: `  export CADDYREC_GATEWAY=https://orders.example.com
  caddy rec approvals --token-file ~/.config/orders.token
  caddy rec approvals 019a6f3e-7c00-7000-8000-3f6cd1a1b2c3
  caddy rec approvals --json | jq -r 'select(.may_vote) | .id'`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: run(func(cmd *cobra.Command, con *console, args []string) error {
			var id string
			if len(args) > 0 {
				var err error
				if id, err = parseID(args[0]); err != nil {
					return err
				}
			}
			if id == "" && len(keys.files) > 0 {
				return errors.New("--identity opens the body of one approval: give its id")
			}
			c, err := where.connect()
			if err != nil {
				return err
			}
			if id != "" {
				return con.oneApproval(cmd.Context(), c, id, keys, asJSON)
			}
			return con.listApprovals(cmd.Context(), c, all, asJSON)
		}),
	}
	where.flags(cmd)
	keys.flags(cmd)
	cmd.Flags().BoolVar(&all, "all", false, "list decided, used and expired ones too")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print approvals as the gateway gives them, one a line")
	cmd.Flags().Bool("utc", false, "show times in UTC")
	return cmd
}

var approvalColumns = []column{
	{title: "ID"},
	{title: "AGE", right: true},
	{title: "LEFT", right: true},
	{title: "STATE"},
	{title: "VOTES"},
	{title: "WHO", least: 6},
	{title: "WHAT", least: 10},
	{title: "VOTE?"},
}

func (c *console) listApprovals(ctx context.Context, from *client, all, asJSON bool) error {
	raw, err := from.list(ctx)
	if err != nil {
		return err
	}
	t := newTable(c, approvalColumns)
	shown := 0
	for _, r := range raw {
		v, err := readApproval(r)
		if err != nil {
			return err
		}
		if v.State != approval.Pending && !all {
			continue
		}
		shown++
		if asJSON {
			err = c.line(r)
		} else {
			cells := c.approvalCells(v)
			if !all {
				cells[3] = cell{} // they all wait; without it 80 columns are enough
			}
			err = t.row(cells)
		}
		if err != nil {
			return err
		}
	}
	if asJSON {
		return nil
	}
	if shown == 0 {
		c.say("Nothing waits for approval.")
		return nil
	}
	return t.live(false)
}

func readApproval(raw json.RawMessage) (*caddyrec.ApprovalView, error) {
	v := new(caddyrec.ApprovalView)
	if err := json.Unmarshal(raw, v); err != nil {
		return nil, fmt.Errorf("the gateway's answer is no approval: %w", err)
	}
	return v, nil
}

func (c *console) approvalCells(v *caddyrec.ApprovalView) []cell {
	left, requester, may := "-", "", cell{"no", dim}
	if d := v.Expires.Sub(c.now()); v.State.Open() && d > 0 {
		left = age(d)
	}
	if v.Requester != nil {
		requester = v.Requester.Subject
	}
	if v.MayVote {
		may = cell{"yes", good}
	}
	return []cell{
		{clean(v.ID), plainText},
		{age(c.now().Sub(v.Created.Time)), plainText},
		{left, plainText},
		{clean(string(v.State)), styleOfState(string(v.State))},
		{fmt.Sprintf("%d/%d", approvalsIn(v), v.Approvers.Need), plainText},
		{clean(requester), plainText},
		{clean(v.Method + " " + pathOf(v.URL)), plainText},
		may,
	}
}

// approvalsIn counts the votes for it.
func approvalsIn(v *caddyrec.ApprovalView) int {
	n := 0
	for _, vote := range v.Votes {
		if vote.Decision == approval.Approve {
			n++
		}
	}
	return n
}

func (c *console) oneApproval(ctx context.Context, from *client, id string, keys identityFlag, asJSON bool) error {
	raw, err := from.get(ctx, id)
	if err != nil {
		return err
	}
	v, err := readApproval(raw)
	if err != nil {
		return err
	}
	closed := v.Encrypted != nil
	if err := keys.approval(v); err != nil {
		return err
	}
	if asJSON {
		if closed && v.Body != "" {
			return c.json(v)
		}
		return c.line([]byte(strings.TrimSpace(string(raw))))
	}
	s := sheet{con: c}
	s.approvalView(v)
	return s.print()
}
