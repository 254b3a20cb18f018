package masking

import "bytes"

// Keys of many more vendors, which too say by how they begin whose they are.

const ruleVendor = "detect:vendor_key"

// vendorPrefix is how a vendor's keys begin, and what follows.
type vendorPrefix struct {
	prefix string
	least  int    // letters and digits, and bytes of more, that follow
	more   string // what may be in a key but letters and digits
	random bool   // words may begin so: it must have what random text has
}

// vendorPrefixes are by the byte that they end with, and have it once.
var vendorPrefixes = map[byte][]vendorPrefix{
	'-': {
		// GitLab
		{"glpat-", 20, "-_.", false}, {"gldt-", 20, "-_.", false}, {"glrt-", 20, "-_.", false}, {"glft-", 20, "-_.", false},
		{"glcbt-", 20, "-_.", false}, {"glsoat-", 20, "-_.", false}, {"glptt-", 40, "-_.", false}, {"glagent-", 40, "-_.", false},
		{"gloas-", 40, "-_.", false},
		{"sk-", 32, "-_", true},                                                        // OpenAI, Anthropic and their like
		{"pypi-", 50, "-_", true}, {"nvapi-", 40, "-_", true}, {"xai-", 60, "", false}, // PyPI, NVIDIA, xAI
		{"PMAK-", 40, "-", false}, {"NRAK-", 27, "", false}, {"CFPAT-", 40, "-_", true}, // Postman, New Relic, Contentful
		{"sq0atp-", 22, "-_", false}, {"sq0csp-", 40, "-_", false}, {"xapp-", 40, "-", false}, // Square, Slack
	},
	'_': {
		{"npm_", 36, "", false}, {"rubygems_", 40, "", false}, {"dckr_pat_", 20, "-_", false}, // npm, RubyGems, Docker
		{"shpat_", 32, "", false}, {"shpss_", 32, "", false}, {"shpca_", 32, "", false}, {"shppa_", 32, "", false}, // Shopify
		{"hf_", 30, "", false}, {"gsk_", 40, "", false}, // Hugging Face, Groq
		{"dop_", 60, "_", false}, {"doo_", 60, "_", false}, {"dor_", 60, "_", false}, // DigitalOcean
		{"sntrys_", 40, "_+/=", false}, {"sntryu_", 40, "", false}, {"glsa_", 32, "_", false}, // Sentry, Grafana
		{"ntn_", 40, "", false}, // Notion
	},
	'.': {
		{"hvs.", 20, "-_", false}, {"hvb.", 20, "-_", false}, {"hvr.", 20, "-_", false}, // HashiCorp Vault
		{"SG.", 60, "-_.", true}, // SendGrid
	},
}

// vendorKeys adds the keys of these vendors, and what is secret in the addresses
// of webhooks.
func (w *work) vendorKeys(text []byte, found gates) {
	for _, by := range []struct {
		gate int
		sep  byte
	}{{gateHyphen, '-'}, {gateUnderscore, '_'}, {gateGoogle, '.'}} {
		if found.has(by.gate) {
			w.vendorKeysBy(text, by.sep)
		}
	}
	if found.has(gateURL) {
		w.webhooks(text)
	}
}

func (w *work) vendorKeysBy(text []byte, sep byte) {
	prefixes := vendorPrefixes[sep]
	for i := 0; ; i++ {
		n := bytes.IndexByte(text[i:], sep)
		if n < 0 {
			return
		}
		i += n
		w.root.looked += n + 1
		if i < len("hf") || i+20 > len(text) || !isAlnum(text[i+1]) {
			continue
		}
		for _, p := range prefixes {
			start := i + 1 - len(p.prefix)
			if start < 0 || text[i-1] != p.prefix[len(p.prefix)-2] || string(text[start:i+1]) != p.prefix || !startsWord(text, start) {
				continue
			}
			end := keyEnd(text, i+1, 1, true, p.more)
			w.root.looked += end - i
			if end-i > p.least && (!p.random || isRandom(text[i+1:end])) {
				w.add(start, end, ruleVendor)
			}
			i = end - 1 // one key has no other in it
			break
		}
	}
}

// isRandom says whether word has what random text has and words have not:
// capitals, small letters and digits, or digits in what is one word.
func isRandom(word []byte) bool {
	return isMixed(word) || bytes.ContainsAny(word, "0123456789") && !bytes.ContainsAny(word, "-_.")
}

// webhooks adds what is secret in the addresses of webhooks of Discord and
// Microsoft Teams.
func (w *work) webhooks(text []byte) {
	for i := 0; ; {
		n := bytes.Index(text[i:], []byte("webhook"))
		if n < 0 {
			return
		}
		at := i + n
		w.root.looked += n + len("webhook")
		i = at + len("webhook")
		rest := text[i:]
		switch {
		case bytes.HasSuffix(text[:at], []byte("/api/")) && bytes.HasPrefix(rest, []byte("s/")): // their id stays
			id := len("s/")
			for id < len(rest) && isDigit(rest[id]) {
				id++
			}
			if id < len("s/")+15 || id == len(rest) || rest[id] != '/' {
				continue
			}
			if end := keyEnd(text, i+id+1, 40, true, "-_"); end > 0 {
				w.root.looked += end - i
				w.add(i+id+1, end, ruleVendor)
				i = end
			}
		case bytes.HasPrefix(rest, []byte(".office.com/webhookb2/")):
			start := i + len(".office.com/webhookb2/")
			end := start + urlLength(text[start:])
			w.root.looked += end - i
			if end-start > 36 {
				w.add(start, end, ruleVendor)
			}
			i = end
		}
	}
}
