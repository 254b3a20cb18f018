package cli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/user"
	"strconv"
	"strings"
	"time"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

// retentionFlags say which gateway's log is meant, and why.
type retentionFlags struct {
	address, config, log, why, by string
	json                          bool
}

func (f *retentionFlags) flags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&f.address, "address", "", "the gateway's admin endpoint, as caddy reload takes it (default: the one of --config, or localhost:2019)")
	fs.StringVarP(&f.config, "config", "c", "", "take log and admin endpoint from this Caddyfile or JSON configuration")
	fs.StringVar(&f.log, "log", "", "name of the log, where the gateway has several")
	fs.StringVar(&f.why, "why", "", "the reason, for the record (required)")
	fs.StringVar(&f.by, "by", whoami(), "who asks, for the record")
	fs.BoolVar(&f.json, "json", false, "print the outcome as JSON")
	cmd.MarkFlagRequired("why")
}

// whoami is the user of this machine who runs the command. Nobody vouches for
// it but this machine.
func whoami() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	host, _ := os.Hostname()
	return u.Username + "@" + host
}

const retentionHelp = `
It is done by the gateway that writes the log, through its admin endpoint, and
is on record before it takes effect.
`

// ask begins a question, once it is known to whom it goes.
func (f *retentionFlags) ask() (map[string]any, error) {
	if f.config != "" {
		configured, err := readConfig(f.config)
		if err != nil {
			return nil, err
		}
		f.log, f.address = cmp.Or(f.log, configured.log), cmp.Or(f.address, configured.admin)
	}
	return map[string]any{"log": f.log, "why": f.why, "by": f.by}, nil
}

// adminCall is one question to a gateway.
type adminCall struct {
	path string
	ask  any
	done any          // what the answer is read into
	show func() error // shows it to people
	// verdict says what the answer comes to. nil: it is done.
	verdict func() error
	// partial says whether an answer with an error has something to show. nil:
	// it never has.
	partial func() bool
}

// do asks the gateway, and shows what came of it.
func (f *retentionFlags) do(con *console, c adminCall) error {
	status, text, err := f.post(c)
	if err != nil {
		return err
	}
	failed := status >= 400
	if failed {
		err = refused(status, text)
	}
	if wrong := json.Unmarshal(text, c.done); wrong != nil && !failed {
		return fmt.Errorf("the gateway's answer is not what it should be: %w", wrong)
	}
	if failed && (c.partial == nil || !c.partial()) {
		return err
	}
	show := c.show
	if f.json {
		show = func() error { return con.line(bytes.TrimSpace(text)) }
	}
	if err := show(); err != nil {
		return err
	}
	if !failed && c.verdict != nil {
		err = c.verdict()
	}
	return err
}

// end asks the gateway to end what an id names, and tells people that it has.
func (f *retentionFlags) end(con *console, path, what, id, done string) error {
	id, err := parseID(id)
	if err != nil {
		return err
	}
	ask, err := f.ask()
	if err != nil {
		return err
	}
	ask[what] = id
	return f.do(con, adminCall{path: path, ask: ask, done: &struct{}{}, show: func() error {
		con.say("%s", done)
		return nil
	}})
}

// post gives the gateway's answer, whatever its status.
func (f *retentionFlags) post(c adminCall) (status int, text []byte, err error) {
	body, err := json.Marshal(c.ask)
	if err != nil {
		return 0, nil, err
	}
	address, err := caddycmd.DetermineAdminAPIAddress(f.address, nil, "", "")
	if err != nil {
		return 0, nil, err
	}
	resp, err := caddycmd.AdminAPIRequest(address, http.MethodPost, c.path, http.Header{"Content-Type": {"application/json"}}, bytes.NewReader(body))
	if err != nil {
		return answerIn(err, address)
	}
	defer resp.Body.Close()
	if text, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer)); err != nil {
		return 0, nil, fmt.Errorf("reading the gateway's answer: %w", err)
	}
	return resp.StatusCode, text, nil
}

// answerIn finds the answer in Caddy's words, which hold all there is of one
// with an error; else nobody answered. The order matters: an answer may tell of
// a connection that was refused elsewhere.
func answerIn(err error, address string) (status int, body []byte, _ error) {
	text := err.Error()
	if rest, ok := strings.CutPrefix(text, "caddy responded with error: HTTP "); ok {
		code, body, ok := strings.Cut(rest, ": ")
		if status, wrong := strconv.Atoi(code); ok && wrong == nil {
			return status, []byte(body), nil
		}
	}
	if strings.Contains(text, "connection refused") || strings.Contains(text, "no such file") {
		return 0, nil, fmt.Errorf("no gateway answers at its admin endpoint %s: start it, or name the endpoint with --address", address)
	}
	return 0, nil, err
}

// refused is the error of an answer with one.
func refused(status int, body []byte) error {
	var said struct{ Error string }
	if json.Unmarshal(body, &said) != nil || said.Error == "" {
		return fmt.Errorf("the gateway answers with HTTP %d: %s", status, bytes.TrimSpace(body))
	}
	if status == http.StatusNotFound {
		return negative(said.Error)
	}
	return errors.New(said.Error)
}

// parseTime reads a moment, in zone where the text does not say.
func parseTime(text string, zone *time.Location) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%s: not a time such as 2026-11-21 or 2026-11-21T18:00:00Z", text)
}
