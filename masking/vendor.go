package masking

import "bytes"

// Keys that say by how they begin whose they are.

const (
	ruleGitHub = "detect:github"
	ruleStripe = "detect:stripe"
	ruleSlack  = "detect:slack"
	ruleGoogle = "detect:google"
)

// underscored adds GitHub's and Stripe's keys: ghp_…, github_pat_…, sk_live_…,
// whsec_… and their like.
func (w *work) underscored(text []byte) {
	d := w.p.detect
	for i := 0; ; i++ {
		n := bytes.IndexByte(text[i:], '_')
		if n < 0 {
			return
		}
		i += n
		if i < 2 {
			continue
		}
		w.root.looked += n + 1
		start, body, end, least, rule := 0, i+1, 0, 16, ruleStripe
		switch text[i-1] {
		case 'p', 'o', 'u', 's', 'r':
			start, rule = i-len("gh?"), ruleGitHub
			if start < 0 || text[start] != 'g' || text[start+1] != 'h' {
				continue
			}
		case 't':
			if start, rule = i-len("github_pat"), ruleGitHub; !bytes.HasSuffix(text[:i], []byte("github_pat")) {
				continue
			}
		case 'k':
			mode := text[body:]
			if start = i - len("sk"); !bytes.HasPrefix(mode, []byte("live_")) && !bytes.HasPrefix(mode, []byte("test_")) {
				continue
			}
			if c := text[start]; c != 's' && c != 'r' && c != 'p' {
				continue
			}
			body, least = body+len("live_"), 8
		case 'c':
			if start = i - len("whsec"); !bytes.HasSuffix(text[:i], []byte("whsec")) {
				continue
			}
		default:
			continue
		}
		if !startsWord(text, start) {
			continue // before looking further: aghp_aghp_aghp_…
		}
		switch rule {
		case ruleGitHub:
			end = keyEnd(text, body, least, d.has(detectGitHub), "_")
		default:
			end = keyEnd(text, body, least, d.has(detectStripe), "+/=")
		}
		if end == 0 {
			continue
		}
		w.root.looked += end - i
		w.add(start, end, rule)
		i = end - 1
	}
}

// slack adds Slack's tokens, xoxb-… and their like, and what is secret in the
// address of a webhook.
func (w *work) slack(text []byte) {
	for i := 0; ; {
		n := bytes.Index(text[i:], []byte("xox"))
		if n < 0 {
			break
		}
		w.root.looked += n + len("xox")
		start := i + n
		i = start + 1
		body := start + len("xox?-")
		if body > len(text) || text[body-1] != '-' || bytes.IndexByte([]byte("abcdeprs"), text[body-2]) < 0 || !startsWord(text, start) {
			continue
		}
		if end := keyEnd(text, body, 10, true, "-_%./+="); end > 0 {
			w.add(start, end, ruleSlack)
			w.root.looked += end - start
			i = end
		}
	}
	const host = "hooks.slack.com/"
	for i := 0; ; {
		n := bytes.Index(text[i:], []byte(host))
		if n < 0 {
			return
		}
		start := i + n + len(host)
		end := start + urlLength(text[start:])
		w.root.looked += end - i
		i = end
		// services/T…/B…/…, workflows/…, triggers/…
		if at := bytes.IndexByte(text[start:end], '/'); at > 0 && end-start-at > 8 {
			w.add(start+at+1, end, ruleSlack)
		}
	}
}

// google adds Google's API keys, access tokens and client secrets.
func (w *work) google(text []byte) {
	for _, k := range []struct {
		prefix string
		least  int
		more   string
	}{
		{"AIza", 30, "-_"},
		{"ya29.", 16, "-_."},
		{"GOCSPX-", 20, "-_"},
	} {
		for i := 0; ; {
			n := bytes.Index(text[i:], []byte(k.prefix))
			if n < 0 {
				break
			}
			w.root.looked += n + len(k.prefix)
			start := i + n
			i = start + len(k.prefix)
			if !startsWord(text, start) {
				continue
			}
			if end := keyEnd(text, i, k.least, true, k.more); end > 0 {
				w.root.looked += end - start
				w.add(start, end, ruleGoogle)
				i = end
			}
		}
	}
}

// keyEnd is where the key ends whose letters and digits, and bytes of more,
// begin at i, or 0 when they are fewer than least or nobody wants it.
func keyEnd(text []byte, i, least int, wanted bool, more string) int {
	if !wanted {
		return 0
	}
	end := i
	for end < len(text) && (isAlnum(text[end]) || bytes.IndexByte([]byte(more), text[end]) >= 0) {
		end++
	}
	for end > i && (text[end-1] == '.' || text[end-1] == '/') {
		end-- // of the sentence, or the URL
	}
	if end-i < least {
		return 0
	}
	return end
}

// startsWord says whether what begins at i is no part of a longer word.
func startsWord(text []byte, i int) bool { return i == 0 || !isAlnum(text[i-1]) }
