package encryption

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"filippo.io/age"
)

// parseRecipient reads one native age recipient: X25519 (age1…) or hybrid
// post-quantum (age1pq1…). Errors hold no secret key that somebody took for a
// recipient.
func parseRecipient(text string) (age.Recipient, error) {
	if strings.HasPrefix(strings.ToUpper(text), "AGE-SECRET-KEY-") {
		return nil, errors.New("a secret key is given as a recipient: give its public key (age-keygen -y), and make a new pair, since this configuration may have been read")
	}
	to, err := age.ParseRecipients(strings.NewReader(text))
	if err != nil || len(to) != 1 {
		return nil, fmt.Errorf("%q is no age recipient: give the whole public key (age1…) that age-keygen prints; plugins and ssh keys are not supported", short(text))
	}
	return to[0], nil
}

// maxIdentityFile bounds an identity file, in bytes.
const maxIdentityFile = 1 << 20

// ReadIdentities reads age identity files: one secret key a line, with # for
// comments, as age-keygen writes them. Plugins, ssh keys and files encrypted
// with a passphrase are refused.
func ReadIdentities(names ...string) (all []age.Identity, err error) {
	for _, name := range names {
		of, err := readIdentities(name)
		if err != nil {
			return nil, err
		}
		all = append(all, of...)
	}
	return all, nil
}

func readIdentities(name string) ([]age.Identity, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("reading the identity file: %w", err)
	}
	if info.Size() > maxIdentityFile {
		return nil, fmt.Errorf("%s is no identity file: it is over %d bytes", name, maxIdentityFile)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("reading the identity file: %w", err)
	}
	defer clear(text)
	switch {
	case strings.HasPrefix(string(text), "age-encryption.org/"), strings.HasPrefix(string(text), "-----BEGIN AGE"):
		return nil, fmt.Errorf("%s is itself encrypted: decrypt it first, with age -d", name)
	case strings.Contains(string(text), "AGE-PLUGIN-"):
		return nil, fmt.Errorf("%s names an age plugin: plugins are not supported; unwrap the data key with age itself", name)
	}
	identities, err := age.ParseIdentities(strings.NewReader(string(text)))
	if err != nil {
		// Age's own error may quote the line.
		return nil, fmt.Errorf("%s is no age identity file: it holds lines AGE-SECRET-KEY-1…, as age-keygen writes them", name)
	}
	return identities, nil
}
