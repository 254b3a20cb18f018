package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// maxSmall bounds files that hold one key or token.
const maxSmall = 16 << 10

// readSmall reads a file that holds one short text.
func readSmall(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSmall+1))
	if err != nil {
		return "", err
	}
	if len(text) > maxSmall {
		return "", fmt.Errorf("%s is longer than %d bytes", name, maxSmall)
	}
	return strings.TrimSpace(string(text)), nil
}
