package cli

import "io"

// playKey is a key that says something to a player.
type playKey int

const (
	keyQuit playKey = iota
	keyPause
	keyStep
	keyRight
	keyLeft
	keyFirst
	keyLast
	keyFaster
	keySlower
	keyMax
	keyTenth // and the nine after it
)

// readKeys reads keys until the input ends. Nobody can end a read from a
// terminal: the reader goes with the process.
func readKeys(in io.Reader) <-chan playKey {
	keys := make(chan playKey)
	go func() {
		defer close(keys)
		buf := make([]byte, 64)
		for {
			n, err := in.Read(buf)
			if err != nil {
				return
			}
			for rest := buf[:n]; len(rest) > 0; {
				k, used, ok := parseKey(rest)
				rest = rest[used:]
				if ok {
					keys <- k
				}
			}
		}
	}()
	return keys
}

// parseKey reads the first key of what a terminal sent: a character, or an
// escape sequence (ECMA-48) in one piece.
func parseKey(b []byte) (k playKey, used int, ok bool) {
	if b[0] == 0x1b && len(b) > 2 && (b[1] == '[' || b[1] == 'O') {
		end := 2
		for end < len(b) && b[end] < 0x40 {
			end++
		}
		if end == len(b) {
			return 0, end, false
		}
		switch b[end] {
		case 'C':
			return keyRight, end + 1, true
		case 'D':
			return keyLeft, end + 1, true
		case 'H':
			return keyFirst, end + 1, true
		case 'F':
			return keyLast, end + 1, true
		}
		return 0, end + 1, false
	}
	switch c := b[0]; {
	case c == 'q' || c == 3 || c == 4: // Ctrl-C and Ctrl-D: no signal is made of them
		k = keyQuit
	case c == ' ' || c == 'p':
		k = keyPause
	case c == 's' || c == '.':
		k = keyStep
	case c == 'l':
		k = keyRight
	case c == 'h':
		k = keyLeft
	case c == 'g':
		k = keyFirst
	case c == 'G':
		k = keyLast
	case c == '+' || c == '=':
		k = keyFaster
	case c == '-':
		k = keySlower
	case c == 'm':
		k = keyMax
	case c >= '0' && c <= '9':
		k = keyTenth + playKey(c-'0')
	default:
		return 0, 1, false
	}
	return k, 1, true
}
