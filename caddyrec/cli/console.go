package cli

import (
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// console is where a command writes and whom it may ask.
type console struct {
	in       io.Reader
	out, err io.Writer

	tty    bool // out is a terminal
	errTTY bool // err is a terminal: progress may be drawn there
	asks   bool // somebody is there to answer a question
	width  int  // columns that a line may take; 0: as many as it needs
	paint  bool // colours may be used
	zone   *time.Location
	now    func() time.Time
}

func newConsole(cmd *cobra.Command) *console {
	c := &console{
		in: cmd.InOrStdin(), out: cmd.OutOrStdout(), err: cmd.ErrOrStderr(),
		zone: time.Local, now: time.Now,
	}
	fd, ok := terminal(c.out)
	if c.tty = ok; ok {
		c.width = 80
		if w, _, err := term.GetSize(fd); err == nil && w > 0 {
			c.width = w
		}
		c.paint = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && enableEscapes(fd)
	}
	_, c.errTTY = terminal(c.err)
	_, inTTY := terminal(c.in)
	c.asks = inTTY && c.errTTY
	if utc, err := cmd.Flags().GetBool("utc"); err == nil && utc {
		c.zone = time.UTC
	}
	return c
}

// terminal says whether a stream is a terminal, and which.
func terminal(stream any) (fd int, ok bool) {
	f, ok := stream.(*os.File)
	if !ok {
		return 0, false
	}
	return int(f.Fd()), term.IsTerminal(int(f.Fd()))
}
