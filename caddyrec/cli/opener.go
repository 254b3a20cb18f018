package cli

import (
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/caddyrec/caddyrec/caddyrec"
	"github.com/caddyrec/caddyrec/encryption"
	"github.com/caddyrec/caddyrec/ledger"
	"github.com/caddyrec/caddyrec/record"
)

// identityFlag names the files with the keys of whoever reads.
type identityFlag struct{ files []string }

func (f *identityFlag) flags(cmd *cobra.Command) {
	cmd.Flags().StringArrayVarP(&f.files, "identity", "i", nil, "age identity file that opens what is encrypted; may be repeated")
}

const identityHelp = `
Where the gateway encrypts bodies (encrypt_to), they are shown with --identity
FILE only: a file of age identities, as age-keygen writes it.
`

// approval opens the body of an approval, if it is encrypted and identities were
// given.
func (f *identityFlag) approval(v *caddyrec.ApprovalView) error {
	if v.Encrypted == nil || len(f.files) == 0 {
		return nil
	}
	identities, err := encryption.ReadIdentities(f.files...)
	if err != nil {
		return err
	}
	v.Body, err = encryption.NewOpener(identities).Approval(v.Log, v.ID, *v.Encrypted)
	return err
}

const listIdentityHelp = `
The list shows no bodies; --json prints whole records, and with --identity FILE
those bodies too that the gateway has encrypted (encrypt_to).
`

// forLists is opener for what shows bodies as JSON only.
func (f *identityFlag) forLists(src *source, asJSON bool) (opener, error) {
	if len(f.files) > 0 && !asJSON {
		return opener{}, errors.New("--identity opens bodies, which the list does not show: add --json, or use caddy rec show")
	}
	return f.opener(src)
}

// opener opens what records of one log keep encrypted. One without identities
// opens nothing.
type opener struct {
	src *source
	*encryption.Opener
}

// opener reads the identity files.
func (f *identityFlag) opener(src *source) (opener, error) {
	o := opener{src: src}
	if len(f.files) == 0 {
		return o, nil
	}
	identities, err := encryption.ReadIdentities(f.files...)
	if err != nil {
		return o, err
	}
	o.Opener = encryption.NewOpener(identities)
	return o, nil
}

// body opens the bodies of a record. What is no record stays as it is.
func (o opener) body(it item) (item, error) {
	if o.Opener == nil || it.record.Type == unreadable {
		return it, nil
	}
	line, err := withKey(o, it, o.Open)
	if err != nil {
		return it, err
	}
	it.line = line
	it.record, err = record.Parse(line)
	return it, err
}

// bodies opens those of all items. With others, of which they came to see
// something else, those that are not for these identities stay closed.
func (o opener) bodies(items []item, others bool) ([]item, error) {
	for i, it := range items {
		opened, err := o.body(it)
		var key *encryption.KeyError
		switch {
		case err == nil:
			items[i] = opened
		case !others || !errors.As(err, &key) || key.Missing || key.Damaged:
			return nil, err
		}
	}
	return items, nil
}

// originals opens what was masked in a record.
func (o opener) originals(it item) (*record.Unmasked, error) { return withKey(o, it, o.Originals) }

// withKey opens something of a record; if its data key is in an earlier record
// of the segment, that is looked for.
func withKey[T any](o opener, it item, open func(line []byte) (T, error)) (T, error) {
	opened, err := open(it.line)
	var key *encryption.KeyError
	if !errors.As(err, &key) || !key.Missing {
		return opened, err
	}
	if err := o.learnSegment(it); err != nil {
		var none T
		return none, err
	}
	return open(it.line)
}

// learnSegment takes in the data keys of a record's segment, up to the record.
func (o opener) learnSegment(it item) error {
	name, _, _ := strings.Cut(path.Base(it.segment), ".")
	first, err := strconv.ParseUint(name, 10, 63)
	if err != nil {
		return fmt.Errorf("%s is no segment's name", it.segment)
	}
	err = ledger.Walk(o.src, first, func(l ledger.Line) error {
		if l.Seq >= it.record.Seq {
			return errEnough
		}
		o.Learn(l.Raw)
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return broken(o.src, err)
	}
	return nil
}
