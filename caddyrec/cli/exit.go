package cli

import (
	"errors"
	"fmt"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

// The exit codes of every command.
const (
	codeDone   = 0
	codeFailed = 1 // it could not run
	codeNo     = 2 // it ran, and the answer is no
)

// exitCodes says in a help text what the codes mean.
func exitCodes(no string) string {
	return `
Exit codes:
  0  done
  1  it could not run: wrong arguments, nothing there, unreadable, unreachable
  2  ` + no + "\n"
}

// negative is an answer that is no. Its text may be empty when all has been
// said.
type negative string

func (n negative) Error() string { return string(n) }

// codeOf is the exit code that err stands for.
func codeOf(err error) int {
	var no negative
	var refused *refusal
	switch {
	case err == nil:
		return codeDone
	case errors.As(err, &no), errors.As(err, &refused) && refused.Status < 500:
		return codeNo
	}
	return codeFailed
}

// run wraps a command for cobra. It prints the error itself, because an error
// may quote a gateway or a record.
func run(f func(cmd *cobra.Command, con *console, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		err := f(cmd, newConsole(cmd), args)
		if err == nil {
			return nil
		}
		cmd.SilenceErrors = true
		if text := err.Error(); text != "" {
			fmt.Fprintln(cmd.ErrOrStderr(), "Error: "+cleanLines(text))
		}
		code := codeOf(err)
		if code == codeFailed {
			return err
		}
		// Caddy's error with an exit code can be had from this wrapper only.
		return caddycmd.WrapCommandFuncForCobra(func(caddycmd.Flags) (int, error) { return code, nil })(cmd, args)
	}
}
