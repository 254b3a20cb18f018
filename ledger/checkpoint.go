package ledger

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// checkpoint is what a log commits itself to: after size records the tree's
// root was root. Its text is a C2SP tlog-checkpoint: a signed note of the
// origin, the size in decimal and the root in base64, a line each.
type checkpoint struct {
	size uint64
	root tlog.Hash
}

// Where checkpoints are, in the log's folder.
const (
	latestCheckpoint = "checkpoint"
	checkpointFolder = "checkpoints"
	publicKeyFile    = "public.key"
)

func checkpointName(size uint64) string { return fmt.Sprintf("%s/%020d", checkpointFolder, size) }

func (c checkpoint) text(log string) string {
	return origin(log) + "\n" + strconv.FormatUint(c.size, 10) + "\n" + c.root.String() + "\n"
}

func (c checkpoint) sign(log string, signer note.Signer) ([]byte, error) {
	signed, err := note.Sign(&note.Note{Text: c.text(log)}, signer)
	if err != nil {
		return nil, fmt.Errorf("signing the checkpoint at %d records: %w", c.size, err)
	}
	return signed, nil
}

// openCheckpoint reads a signed checkpoint of a log and holds it against its
// keys.
func openCheckpoint(signed []byte, keys keyring) (checkpoint, error) {
	c, _, err := keys.open(signed)
	return c, err
}

// parseCheckpoint reads a checkpoint's text. Lines after the third are
// extensions, which are passed over.
func parseCheckpoint(text string) (from string, c checkpoint, err error) {
	malformed := errors.New("malformed checkpoint")
	lines := strings.SplitN(text, "\n", 4)
	if len(lines) != 4 || lines[0] == "" {
		return "", c, malformed
	}
	c.size, err = strconv.ParseUint(lines[1], 10, 63)
	if err != nil || strconv.FormatUint(c.size, 10) != lines[1] {
		return "", c, malformed
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize || base64.StdEncoding.EncodeToString(root) != lines[2] {
		return "", c, malformed
	}
	c.root = tlog.Hash(root)
	return lines[0], c, nil
}
