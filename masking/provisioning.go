package masking

import "bytes"

// provisioningKeys adds caddyrec's own keys for recordings, crk1.…: whoever
// pastes one somewhere should not find it in a recording.
func (w *work) provisioningKeys(text []byte) {
	const prefix = "crk1."
	for i := 0; ; {
		n := bytes.Index(text[i:], []byte(prefix))
		if n < 0 {
			return
		}
		w.root.looked += n + len(prefix)
		start := i + n
		i = start + len(prefix)
		if !startsWord(text, start) {
			continue
		}
		if end := keyEnd(text, i, 20, true, "-_."); end > 0 {
			w.root.looked += end - start
			w.add(start, end, ruleCredential)
			i = end
		}
	}
}
