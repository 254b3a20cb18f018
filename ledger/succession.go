package ledger

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// keysFolder has the successions of a log's keys, in the log's folder.
const keysFolder = "keys"

// succession is how a signing key gives way to the next: a checkpoint, signed
// by both. The old key thereby vouches for the new one, and says that it signs
// for no more records than these; the new one vouches for what was there when
// it began. Three extension lines say which keys they are, and when it was.
type succession struct {
	checkpoint
	from, to ringKey
	at       time.Time
	name     string // of its object, below the log's folder
}

func successionName(size uint64) string { return fmt.Sprintf("%s/%020d", keysFolder, size) }

const (
	lineFrom = "from "
	lineTo   = "to "
	lineAt   = "at "
)

func (s succession) sign(log string, from, to note.Signer) ([]byte, error) {
	text := s.text(log) + lineFrom + s.from.text + "\n" + lineTo + s.to.text + "\n" + lineAt + s.at.UTC().Format(time.RFC3339) + "\n"
	signed, err := note.Sign(&note.Note{Text: text}, from, to)
	if err != nil {
		return nil, fmt.Errorf("signing the succession of keys at %d records: %w", s.size, err)
	}
	return signed, nil
}

// openSuccession reads a succession of the log of that name, and checks that
// both keys signed it. Whether they may, their place in the chain says.
func openSuccession(name string, signed []byte, log string) (s succession, err error) {
	_, err = note.Open(signed, note.VerifierList())
	var unverified *note.UnverifiedNoteError
	if !errors.As(err, &unverified) {
		return s, err
	}
	text := unverified.Note.Text
	from, c, err := parseCheckpoint(text)
	if err != nil {
		return s, err
	}
	if from != log {
		return s, fmt.Errorf("it is of log %q, not of %q", from, log)
	}
	s = succession{checkpoint: c, name: name}
	lines := strings.Split(text, "\n")
	if len(lines) != 7 || name != successionName(s.size) {
		return s, errors.New("it is no succession of keys")
	}
	field := func(line, key string) string {
		value, ok := strings.CutPrefix(line, key)
		if !ok {
			err = errors.New("it is no succession of keys")
		}
		return value
	}
	fromText, toText, at := field(lines[3], lineFrom), field(lines[4], lineTo), field(lines[5], lineAt)
	if err != nil {
		return s, err
	}
	if s.at, err = time.Parse(time.RFC3339, at); err != nil {
		return s, errors.New("it does not tell when it was")
	}
	if s.from, err = newRingKey(fromText); err != nil {
		return s, err
	}
	if s.to, err = newRingKey(toText); err != nil {
		return s, err
	}
	for _, k := range []ringKey{s.from, s.to} {
		if k.Name() != log {
			return s, fmt.Errorf("the key %s is of %q", k.id(), k.Name())
		}
		if _, err := note.Open(signed, note.VerifierList(k)); err != nil {
			return s, fmt.Errorf("it is not signed with the key %s", k.id())
		}
	}
	s.from.until = s.size
	return s, nil
}

// badFile is a file that is not what it should be.
type badFile struct {
	name string
	err  error
}

// readSuccessions reads all successions of a log's keys, by size.
func readSuccessions(src source, log string) (all []succession, bad []badFile, err error) {
	names, err := src.list(keysFolder)
	if errors.Is(err, errIrregular) {
		return nil, []badFile{{keysFolder, err}}, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("listing the successions of keys: %w", err)
	}
	for _, name := range names {
		if strings.Contains(name, "/.") {
			continue // not yet written
		}
		signed, err := readSmall(src.open(name))
		if errors.Is(err, errIrregular) {
			bad = append(bad, badFile{name, err})
			continue
		}
		if err != nil {
			return nil, nil, fmt.Errorf("reading %s: %w", name, err)
		}
		s, err := openSuccession(name, signed, log)
		if err != nil {
			bad = append(bad, badFile{name, err})
			continue
		}
		all = append(all, s) // names are in the order of sizes
	}
	return all, bad, nil
}

// chain follows the successions from a key that is known, to the newer ones
// and to the older ones: who trusts a key trusts what it signed, and that names
// both. Rest are those that lead elsewhere.
func chain(known ringKey, all []succession) (keys keyring, rest []succession) {
	known.until = noLimit
	keys = keyring{known}
	for _, s := range all {
		last := &keys[len(keys)-1]
		if s.from.text != last.text || keys.find(s.to.text) >= 0 {
			rest = append(rest, s)
			continue
		}
		last.until = s.size
		keys = append(keys, s.to)
	}
	all, rest = rest, nil
	for i := len(all) - 1; i >= 0; i-- {
		if s := all[i]; s.to.text == keys[0].text && keys.find(s.from.text) < 0 && s.size <= keys[0].until {
			keys = append(keyring{s.from}, keys...)
			continue
		}
		rest = append(rest, all[i])
	}
	return keys, rest
}

// Key is one of the keys that a log was signed with.
type Key struct {
	// Public is the key as a note verifier key, ID what names it in signatures.
	Public string `json:"public"`
	ID     string `json:"id"`
	// From and Until are the sizes of the log at which it came into force and
	// was retired; Until is nil for the key in force.
	From  uint64  `json:"from"`
	Until *uint64 `json:"until,omitempty"`
	// Since is when it came into force; zero for the first one.
	Since time.Time `json:"since,omitzero"`
}

// describe tells the keys of a chain, with what the successions say of them.
func (r keyring) describe(all []succession) []Key {
	keys := make([]Key, len(r))
	for i, k := range r {
		keys[i] = Key{Public: k.text, ID: k.id()}
		if k.until != noLimit {
			keys[i].Until = &k.until
		}
		if i > 0 {
			keys[i].From = r[i-1].until
		}
		for _, s := range all {
			if i > 0 && s.to.text == k.text && s.from.text == r[i-1].text {
				keys[i].Since = s.at
			}
		}
	}
	return keys
}

// String names a succession in problems.
func (s succession) String() string {
	return "from key " + s.from.id() + " to " + s.to.id() + " at " + strconv.FormatUint(s.size, 10) + " records"
}
