package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// readKey finds the key that is trusted, and from it the others that the log
// was signed with.
func (v *verification) readKey() error {
	beside, err := readSmall(v.src.open(publicKeyFile))
	given := v.opts.Key
	switch {
	case err == nil || errors.Is(err, fs.ErrNotExist):
	case errors.Is(err, errIrregular) && strings.TrimSpace(given) != "":
		v.aboutFile(kindKey, publicKeyFile, "it cannot be read: %v", err)
	default:
		return fmt.Errorf("reading %s: %w", publicKeyFile, err)
	}
	text := string(beside)
	v.report.KeySource = "ledger"
	if strings.TrimSpace(given) != "" {
		v.report.KeySource = "given"
		text = given
	}
	if strings.TrimSpace(text) == "" {
		return fmt.Errorf("the folder has no %s: give the log's public key", publicKeyFile)
	}
	if v.given, err = parseKeyring(text); err != nil {
		return err
	}
	v.report.Log = v.given.log()
	v.report.KeyHash = v.given.current().id()
	if err := v.readChain(); err != nil {
		return err
	}
	for _, s := range v.strays {
		v.aboutFile(kindKey, s.name, "the keys' succession %v does not follow from the key that is trusted", s)
	}
	for _, f := range v.badKeys {
		v.aboutFile(kindKey, f.name, "it does not hold: %v", f.err)
	}
	v.checkGiven()
	if len(beside) > 0 {
		if first, err := parseKeyring(string(beside)); err != nil || v.keys.find(first[0].text) < 0 {
			v.aboutFile(kindKey, publicKeyFile, "the key beside the log is not the one given")
		}
	}
	return nil
}

// readChain reads the successions of keys.
func (v *verification) readChain() (err error) {
	v.successions, v.badKeys, err = readSuccessions(v.src, v.given[0].Name())
	if err != nil {
		return err
	}
	v.keys, v.strays = chain(v.given[0], v.successions)
	v.report.Keys = v.keys.describe(v.successions)
	return nil
}

// checkGiven holds the keys given against those that the log shows: a log that
// goes on under other ones was made by somebody with an old key.
func (v *verification) checkGiven() {
	if at := v.keys.find(v.given.current().text); at >= 0 {
		v.keys[at].until = min(v.keys[at].until, v.given.current().until)
	}
	for i, k := range v.given[1:] {
		before := v.given[i]
		switch at := v.keys.find(k.text); {
		case at < 0:
			v.aboutFile(kindKey, "", "the log never passed to the key %s that is given: it was rolled back, or rewritten with an older key", k.id())
			// Its word counts nevertheless.
			v.keys = append(slices.Clone(v.keys), k)
			if at = v.keys.find(before.text); at >= 0 {
				v.keys[at].until = min(v.keys[at].until, before.until)
			}
		case v.keys[at-1].text != before.text || v.keys[at-1].until != before.until:
			v.aboutFile(kindKey, "", "the key %s came into force at %d records, not at %d as in the keys that are given", k.id(), v.keys[at-1].until, before.until)
			v.keys[at-1].until = min(v.keys[at-1].until, before.until)
		}
	}
}

// LogKeys tells the keys that a log was signed with, the oldest first, as they
// follow from the first one, which lies beside it. Fsys is the log's own folder.
// It proves nothing; [Verify] does.
func LogKeys(fsys fs.FS) ([]Key, error) {
	src := fsSource{fsys}
	text, err := readSmall(src.open(publicKeyFile))
	if err != nil {
		return nil, err
	}
	first, err := parseKeyring(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", publicKeyFile, err)
	}
	all, _, err := readSuccessions(src, first[0].Name())
	if err != nil {
		return nil, err
	}
	keys, _ := chain(first[0], all)
	return keys.describe(all), nil
}

// openCheckpoint reads a signed checkpoint. Its key may have come into force
// since the successions were read.
func (v *verification) openCheckpoint(signed []byte) (checkpoint, error) {
	cp, err := openCheckpoint(signed, v.keys)
	if !errors.Is(err, errForeignKey) {
		return cp, err
	}
	if v.reread++; v.reread > 16 { // who makes up checkpoints may have made up many
		return cp, err
	}
	all, _, listErr := readSuccessions(v.src, v.given[0].Name())
	if listErr != nil || len(all) == len(v.successions) {
		return cp, err
	}
	if err := v.readChain(); err != nil {
		return cp, err
	}
	return openCheckpoint(signed, v.keys)
}
