package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// checkpointLogger is the logger that gives each signed checkpoint out.
const checkpointLogger = "caddyrec.checkpoint"

// maxAnchorLine bounds a line of a file of checkpoints. Those that other
// loggers wrote in between may be long.
const maxAnchorLine = 16 << 20

// readAnchors reads the checkpoints in files that were kept elsewhere.
func readAnchors(names []string) (all [][]byte, err error) {
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("--against: %w", err)
		}
		notes, err := parseAnchors(f)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("--against %s: %w", name, err)
		}
		all = append(all, notes...)
	}
	return all, nil
}

// parseAnchors takes the signed checkpoints out of a text: as they are, one
// behind the other, or in the lines of Caddy's log as JSON. Lines of other
// loggers are passed over, and a last line that is not whole: the log may be
// being written. A text without any checkpoint is an error, so that nothing is
// taken for proved that was not looked at.
func parseAnchors(r io.Reader) (notes [][]byte, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxAnchorLine)
	whole := true // the line ends with a newline
	lines.Split(func(data []byte, atEOF bool) (int, []byte, error) {
		if i := bytes.IndexByte(data, '\n'); i >= 0 {
			return i + 1, data[:i], nil
		}
		if atEOF && len(data) > 0 {
			whole = false
			return len(data), data, nil
		}
		return 0, nil, nil
	})
	var note []byte // the one under way
	signed := false // it has a signature: it may end here
	take := func() {
		if signed {
			notes = append(notes, note)
			note, signed = nil, false
		}
	}
	n := 0
	for lines.Scan() {
		n++
		line := bytes.TrimSuffix(lines.Bytes(), []byte("\r"))
		signature := bytes.HasPrefix(line, []byte("— "))
		if !signature {
			take()
		}
		switch {
		case len(note) > 0 || bytes.HasPrefix(line, []byte("caddyrec/")):
			note = append(append(note, line...), '\n')
			signed = signed || signature
			if len(note) > maxSmall {
				return nil, fmt.Errorf("line %d: this is too long for a checkpoint", n)
			}
		case len(line) == 0:
		case line[0] == '{':
			logged, err := loggedAnchor(line)
			if err != nil && whole {
				return nil, fmt.Errorf("line %d %w", n, err)
			}
			if logged != nil {
				notes = append(notes, logged)
			}
		default:
			return nil, fmt.Errorf("line %d is neither of a checkpoint nor JSON", n)
		}
	}
	if take(); len(note) > 0 {
		return nil, errors.New("it ends within a checkpoint")
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("after line %d: %w", n, err)
	}
	if len(notes) == 0 {
		return nil, errors.New("there is no checkpoint in it")
	}
	return notes, nil
}

// loggedAnchor is the checkpoint in a line of Caddy's log; nil if the line is
// another logger's.
func loggedAnchor(line []byte) ([]byte, error) {
	var entry struct {
		Logger string  `json:"logger"`
		Note   *string `json:"note"`
	}
	if !json.Valid(line) {
		return nil, errors.New("is no JSON")
	}
	err := json.Unmarshal(line, &entry)
	if entry.Logger != checkpointLogger {
		return nil, nil // whatever type its fields are of
	}
	if err != nil || entry.Note == nil {
		return nil, errors.New("is of the logger " + checkpointLogger + " and has no note")
	}
	return []byte(*entry.Note), nil
}
