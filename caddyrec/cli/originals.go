package cli

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/caddyrec/caddyrec/encryption"
	"github.com/caddyrec/caddyrec/record"
)

// originalsFlags say that what was masked is to be shown, and what the record of
// that says.
type originalsFlags struct {
	show bool
	ask  retentionFlags // of which the log and JSON are the command's own
}

func (f *originalsFlags) flags(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.BoolVar(&f.show, "originals", false, "show what was masked, and record that you did; takes --identity and --why")
	fs.StringVar(&f.ask.why, "why", "", "with --originals: the reason, for the record")
	fs.StringVar(&f.ask.by, "by", whoami(), "with --originals: who looks, for the record")
	fs.StringVar(&f.ask.address, "address", "", "with --originals: the gateway's admin endpoint, as caddy reload takes it (default: the one of --config, or localhost:2019)")
}

const originalsHelp = `
Where the gateway keeps what was masked (originals), --originals shows it too. It
is on record before it is shown: by the gateway that writes the log, through its
admin endpoint, or, when none runs, by opening the log itself. If neither can be
done, nothing is shown.
`

func (f *originalsFlags) check(identity identityFlag) error {
	switch {
	case !f.show && f.ask.why != "":
		return errors.New("--why says why originals are opened: give --originals too")
	case f.show && len(identity.files) == 0:
		return errors.New("--originals needs the key that opens them: give --identity FILE")
	case f.show && f.ask.why == "":
		return errors.New("--originals needs a reason, for the record: give --why TEXT")
	}
	return nil
}

// open opens the originals of records and puts that on record.
func (f *originalsFlags) open(o opener, items []item) ([]item, error) {
	if !f.show {
		return items, nil
	}
	items = slices.Clone(items)
	ask := f.question(o.src)
	for i, it := range items {
		if it.record.Type == unreadable || it.record.Originals == "" {
			continue
		}
		// First, so that what cannot be opened is not on record as opened.
		var err error
		if items[i].originals, err = o.originals(it); err != nil {
			return nil, err
		}
		ask.Records = append(ask.Records, opened(it.record))
	}
	if len(ask.Records) == 0 {
		return nil, negative(encryption.ErrNoOriginals.Error())
	}
	if err := f.tell(o.src, ask); err != nil {
		return nil, fmt.Errorf("nothing is shown, since it cannot be put on record: %w", err)
	}
	return items, nil
}

// originals writes what was there before masking.
func (s *sheet) originals(u *record.Unmasked) {
	if u == nil {
		return
	}
	for _, side := range []struct {
		name string
		of   *record.Original
	}{{"request", u.Request}, {"response", u.Response}} {
		o := side.of
		if o == nil {
			continue
		}
		s.blank()
		s.heading(warn, "Before masking: %s", side.name)
		s.field("url", "%s", o.URL)
		s.headers(o.Headers)
		if o.Body == nil {
			continue
		}
		if utf8.Valid(o.Body) {
			s.content(string(o.Body), nil)
		} else {
			s.field("body", "%d bytes that are no text: --json has them in base64", len(o.Body))
		}
		if o.Cut {
			s.painted("", warn, "it goes on: only its beginning was kept")
		}
	}
}

// originalsJSON is what --json prints of originals, a line after the record's.
type originalsJSON struct {
	Originals struct {
		Record   string        `json:"record"`
		Request  *originalJSON `json:"request,omitempty"`
		Response *originalJSON `json:"response,omitempty"`
	} `json:"originals"`
}

type originalJSON struct {
	URL     string            `json:"url,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	// Body is the bytes as text, or, where they are none, BodyBase64.
	Body       *string `json:"body,omitempty"`
	BodyBase64 string  `json:"body_base64,omitempty"`
	Cut        bool    `json:"cut,omitempty"`
}

func (c *console) originalsLine(it item) error {
	var all originalsJSON
	all.Originals.Record = it.record.ID
	side := func(o *record.Original) *originalJSON {
		if o == nil {
			return nil
		}
		j := &originalJSON{URL: o.URL, Headers: o.Headers, Cut: o.Cut}
		switch {
		case o.Body != nil && utf8.Valid(o.Body):
			text := string(o.Body)
			j.Body = &text
		case o.Body != nil:
			j.BodyBase64 = base64.StdEncoding.EncodeToString(o.Body)
		}
		return j
	}
	all.Originals.Request, all.Originals.Response = side(it.originals.Request), side(it.originals.Response)
	text, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return c.line(text)
}
