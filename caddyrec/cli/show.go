package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

func showCommand() *cobra.Command {
	var (
		where    place
		keys     identityFlag
		hidden   originalsFlags
		exchange bool
		asJSON   bool
	)
	cmd := &cobra.Command{
		Use:   "show <seq>|<id>",
		Short: "Shows one record, or all of one exchange",
		Long: `
Shows one record whole: who, when, the request and the response with their
bodies, the places that were masked and why, verdicts, approval and timing.

A record is named by its sequence number or its id. The id of an exchange (an
error answer's "instance") or of an approval names all records of it, in order;
so does --exchange for the exchange that a record belongs to.

--json prints records exactly as they are stored, fit for hashing. On a terminal
what is not visible is spelled out by JSON's own escapes instead. With --identity,
contents stand where they were encrypted; with --originals, a line of these
follows each record that has some.
` + identityHelp + originalsHelp + exitCodes("there is no such record"),
		Example: `  caddy rec show 1742
  caddy rec show 1742 --exchange
  caddy rec show urn:uuid:019a6f3e-7c00-7000-8000-3f6cd1a1b2c3
  caddy rec show 1742 --json | jq .response
  caddy rec show 1742 --identity ~/audit.key
  caddy rec show 1742 --originals --identity ~/case.key --why "case 17/26"`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: run(func(cmd *cobra.Command, con *console, args []string) error {
			name, err := parseName(args[0])
			if err != nil {
				return err
			}
			if err := hidden.check(keys); err != nil {
				return err
			}
			src, err := where.find(nil)
			if err != nil {
				return err
			}
			open, err := keys.opener(src)
			if err != nil {
				return err
			}
			items, readErr := src.lookUp(name, exchange)
			items, err = open.bodies(items, hidden.show)
			if err == nil && len(items) > 0 {
				items, err = hidden.open(open, items)
			}
			if err == nil {
				err = con.show(items, asJSON)
			}
			if err != nil {
				return err
			}
			return readErr
		}),
	}
	where.flags(cmd)
	keys.flags(cmd)
	hidden.flags(cmd)
	cmd.Flags().BoolVar(&exchange, "exchange", false, "show all records of its exchange, in order")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the records exactly as they are stored")
	cmd.Flags().Bool("utc", false, "show times in UTC")
	return cmd
}

// show prints records one below the other.
func (c *console) show(items []item, asJSON bool) error {
	for i, it := range items {
		if asJSON {
			err := c.line(it.line)
			if err == nil && it.originals != nil {
				err = c.originalsLine(it)
			}
			if err != nil {
				return err
			}
			continue
		}
		s := sheet{con: c}
		if i > 0 {
			s.blank()
		}
		s.record(it)
		if err := s.print(); err != nil {
			return err
		}
	}
	return nil
}

// lookUp finds the record that name means, or all records of its exchange.
// When the log cannot be read to its end, it returns what there is and the
// error.
func (s *source) lookUp(name recordName, exchange bool) ([]item, error) {
	found, err := s.named(name)
	switch {
	case len(found) == 0 && err == nil:
		return nil, negative(fmt.Sprintf("log %s in %s has no record %s", s.log, s.dir, name))
	case len(found) == 0 || !exchange || len(found) > 1:
		return found, err
	}
	id := found[0].record.Exchange
	if id == "" {
		return nil, negative(fmt.Sprintf("record %d, of type %s, belongs to no exchange", found[0].record.Seq, found[0].record.Type))
	}
	return s.named(recordName{id: id})
}

func (s *source) named(name recordName) ([]item, error) {
	if name.id == "" {
		return s.collect(name, name.seq)
	}
	from := s.since(timeOf(name.id))
	found, err := s.collect(name, from)
	if len(found) == 0 && err == nil && from > 0 {
		return s.collect(name, 0) // a clock was wrong
	}
	return found, err
}

var errEnough = errors.New("found")

func (s *source) collect(name recordName, from uint64) ([]item, error) {
	c := collection{name: name}
	err := s.each(filter{name: name.id}, from, c.see)
	if errors.Is(err, errEnough) {
		err = nil
	}
	return c.found(), broken(s, err)
}
