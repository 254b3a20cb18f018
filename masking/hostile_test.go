package masking

import (
	"strings"
	"testing"
	"time"
)

// hostile are texts made to have a detector look at the same bytes again and
// again, n bytes long or a little more.
var hostile = map[string]func(n int) string{
	"starts of a token in one run":           func(n int) string { return "pin=1 " + rep("eyJ", n) + " ." },
	"starts before a long second part":       func(n int) string { return rep("eyJ", 7800) + "." + rep("a", n) },
	"starts before a second part that fails": func(n int) string { return rep("eyJ", n/2) + "." + rep("eyJ", n/2) + "." },
	"starts in every part":                   func(n int) string { return rep("eyJ.", n) },
	"starts in pairs of parts":               func(n int) string { return rep("eyJeyJ.a ", n) },
	"a token of many parts":                  func(n int) string { return jwt + rep(".eyJ", n) },
	"digits":                                 func(n int) string { return rep("4", n) },
	"digits in groups":                       func(n int) string { return rep("4111 ", n) },
	"exponents":                              func(n int) string { return rep("4111111111111111e1", n) },
	"fractions":                              func(n int) string { return rep("1.", n) + rep("4111111111111.", n) },
	"local parts":                            func(n int) string { return rep("a", n) + "@" },
	"domains":                                func(n int) string { return "a@" + rep("a.", n) },
	"at signs":                               func(n int) string { return rep("a@a.", n) },
	"quoted local parts":                     func(n int) string { return rep(`"@`, n) },
	"schemes of credentials":                 func(n int) string { return rep("basic-", n) + " basic x" },
	"schemes in a row":                       func(n int) string { return rep("bearer ", n) },
	"schemes and space":                      func(n int) string { return rep("basic"+strings.Repeat(" ", 50), n) },
	"authorities":                            func(n int) string { return rep("a://", n) },
	"user names":                             func(n int) string { return rep("a://b:c@", n) },
	"labels of keys":                         func(n int) string { return rep("BEGIN PRIVATE KEY", n) },
	"boundaries of keys":                     func(n int) string { return rep("-----BEGIN PRIVATE KEY-----", n) + rep("-", n) },
	"equals signs":                           func(n int) string { return rep("=", n) },
	"parameters":                             func(n int) string { return rep("pin=1&", n) },
	"parameters without an end":              func(n int) string { return rep("pin=", n) },
	"codes without an end":                   func(n int) string { return rep("code=", n) },
	"codes in company":                       func(n int) string { return rep("code=aaaaaaaaaaaaaaa&state=b&", n) },
	"company and no codes":                   func(n int) string { return "state=" + rep("a=b&", n/2) + rep("code=b&", n/2) },
	"parameters that are quoted":             func(n int) string { return rep(`pin="`, n) },
	"parameters in braces":                   func(n int) string { return rep("pin={", n) + rep("pin=>['", n) },
	"parameters in columns":                  func(n int) string { return rep("\"pin\""+strings.Repeat(" ", 70)+"=", n) + rep("\"=", n) },
	"parameters in three quotes":             func(n int) string { return rep("pin=\"\"\"", n) },
	"segments of percent signs":              func(n int) string { return rep("%3A//", n) },
	"schemes with backslashes":               func(n int) string { return rep(":\\\\\\\\/", n) + rep(":\\/\\/", n) },
	"operators":                              func(n int) string { return rep("pin==\"", n) + rep("=", n) },
	"literals":                               func(n int) string { return rep("pin=b'", n) + rep("pin=a(\"", n) },
	"parameters of separators":               func(n int) string { return rep("pin=;,", n) },
	"percent signs":                          func(n int) string { return rep("%25", n) },
	"percent signs in parts":                 func(n int) string { return rep("%2541/", n) },
	"parameters encoded more than once":      func(n int) string { return rep("%252525252570in%3D1&", n) },
	"colons":                                 func(n int) string { return rep(":", n) },
	"colons and space":                       func(n int) string { return rep(":"+strings.Repeat(" ", 99), n) },
	"names before colons":                    func(n int) string { return rep("pin:", n) },
	"names in URNs":                          func(n int) string { return rep(" arn:secret:secret:secret:", n) },
	"scopes":                                 func(n int) string { return rep("token:read:", n) },
	"variables":                              func(n int) string { return rep("token: $token, ", n/2) + rep("$token:[A)", n/2) },
	"names in one line":                      func(n int) string { return rep("pin: '' ", n) },
	"names in one line further in":           func(n int) string { return rep(" ", n/2) + rep("pin: '' ", n/2) },
	"names and blank lines":                  func(n int) string { return "pin: 1" + rep("\n", n/2) + rep("pin: 1\n", n/2) },
	"names without values":                   func(n int) string { return rep("pin:\n\n", n) },
	"names after open quotes":                func(n int) string { return rep("\"pin:1\n\\'pin:1\n\\\\`pin:1\n", n) },
	"names and values in quotes":             func(n int) string { return rep(`x="pin:1`, n) },
	"names and values in quotes, in lines":   func(n int) string { return rep("x='pin:1\n '", n) },
	"names in quotes":                        func(n int) string { return "x" + rep(`"pin":"`, n) },
	"names before open brackets":             func(n int) string { return "x" + rep(`"pin":[`, n) },
	"names before words":                     func(n int) string { return "x" + rep(`"pin":1x`, n) },
	"names in escaped quotes":                func(n int) string { return "x" + rep(`"\u0070in\\":`, n) },
	"backslashes":                            func(n int) string { return "x:" + rep(`\`, n) + `":` },
	"a broken object":                        func(n int) string { return "{" + rep(`"a":`, n) },
	"a broken object of names":               func(n int) string { return "{" + rep(`"name":"`, n) },
	"brackets":                               func(n int) string { return rep("[", n) },
	"arrays":                                 func(n int) string { return rep("[", 1500) + rep("1,", n) },
	"objects of pairs":                       func(n int) string { return `{"a":[` + rep(`{"value":1,"value":2,"name":"pin"},`, n) + `1]}` },
	"a pair of many":                         func(n int) string { return "{" + rep(`"value":1,`, n/2) + rep(`"name":"pin",`, n/2) + `"a":1}` },
	"members looked at": func(n int) string {
		return "[" + rep(`{"auth":"a","code":"aaaaaaaaaaaaa","data":{}},"Secret",`, n) + "1]"
	},
	"pairs in a text":                  func(n int) string { return rep("name: pin value: ", n) },
	"pairs in a text, the value first": func(n int) string { return rep("value:a name:pin ", n) },
	"pairs in a text and brackets":     func(n int) string { return "x" + rep(`value:[ name:pin value:{`, n) },
	"pairs in a text and quotes":       func(n int) string { return "x" + rep(`name:"pin value:'`, n) },
	"values in a text":                 func(n int) string { return "x" + rep("value: [", n) },
	"age identities":                   func(n int) string { return rep("AGE-SECRET-KEY-1", n) },
	"dashes":                           func(n int) string { return "e-key" + rep("age-", n) },
	"PuTTY's keys":                     func(n int) string { return rep("PuTTY-User-Key-File-3Private-Lines:", n) },
	"quotes":                           func(n int) string { return rep(`"`, n) },
	"base64":                           func(n int) string { return rep("eyJ", n) },
	"addresses":                        func(n int) string { return rep("a@b.cc ", n) },
	"country codes":                    func(n int) string { return rep("DE12", n) },
	"country codes in groups":          func(n int) string { return rep("MT12 ", n) },
	"account numbers cut short":        func(n int) string { return rep("MT84 MALT 0110 0001 2345 MTLC AST0 01 ", n) },
	"account numbers":                  func(n int) string { return rep("DE89370400440532013000 ", n) },
	"hyphens":                          func(n int) string { return "123-45-6789 " + rep("1-", n) + rep("123-45-", n) },
	"card numbers in hexadecimal":      func(n int) string { return rep("4111111111111111-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-", n) },
	"names of AWS":                     func(n int) string { return rep("aws ", n) + awsSecret },
	"keys of AWS":                      func(n int) string { return rep("aws "+awsSecret+" ", n) },
	"keys near none of AWS":            func(n int) string { return "aws " + rep(awsSecret+" ", n) },
	"ids of AWS":                       func(n int) string { return rep("AKIA", n) },
	"prefixes of GitHub":               func(n int) string { return rep("ghp_", n) },
	"prefixes of GitHub, short":        func(n int) string { return rep("ghp_ ghp_a github_pat_ ", n) },
	"prefixes within words":            func(n int) string { return rep("aghp_", n/2) + rep("agithub_pat_", n/2) + rep("awhsec_", n) },
	"prefixes of Stripe":               func(n int) string { return rep("sk_live_", n) + rep("whsec_", n) },
	"prefixes of Slack":                func(n int) string { return rep("xox", n) + rep("xoxb-", n) + rep("xoxb-1 ", n) },
	"webhooks of Slack":                func(n int) string { return rep("https://hooks.slack.com/", n) },
	"prefixes of Google":               func(n int) string { return rep("AIza", n) + rep("ya29.", n) + rep("GOCSPX-", n) },
	"prefixes of Google, apart":        func(n int) string { return rep("AIza ya29. GOCSPX- ", n) },
	"prefixes of vendors":              func(n int) string { return rep("glpat-", n) + rep("sk-", n) + rep("npm_", n) + rep("hvs.", n) },
	"prefixes of vendors, apart":       func(n int) string { return rep("glpat- sk-a sk-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa npm_ hvs.a ", n) },
	"prefixes of vendors, no keys":     func(n int) string { return rep("-sk-a", n) },
	"webhooks": func(n int) string {
		return "://" + rep("/api/webhooks/123456789012345678/", n) + rep("webhook.office.com/webhookb2/", n)
	},
	"angle brackets":                         func(n int) string { return rep("<", n) + rep("<>", n) },
	"elements":                               func(n int) string { return rep("<pin>1</pin>", n) },
	"elements without an end":                func(n int) string { return rep("<pin>1", n) },
	"elements without an end before ends":    func(n int) string { return rep("<pin> ", n) + rep("</a>", n) },
	"elements with other ends":               func(n int) string { return rep("<pin>1</a>", n) },
	"tags without an end":                    func(n int) string { return rep("<a b=c ", n) },
	"tags of quotes":                         func(n int) string { return rep(`<a name="`, n) + rep("<a name='pin", n) },
	"tags of backslashes":                    func(n int) string { return rep(`<a n=\\\\\"`, n) },
	"base64 of base64":                       func(n int) string { return rep("ZXlK", n) },
	"words of base64":                        func(n int) string { return rep("=eyJhIjoxLCJi ", n) },
	"segments of base64":                     func(n int) string { return "x://" + rep("eyJhIjoxLCJi/", n) },
	"segments of base64 after a word":        func(n int) string { return rep("eyJhIjoxLCJi/W3siYSI6/", n) + "://" },
	"data in base64":                         func(n int) string { return "x:" + rep(";base64,W3siYSI6", n) },
	"base64 of text":                         func(n int) string { return rep("Y2FyZCA0", n) },
	"base64 of base64 of text":               func(n int) string { return rep("WTJGeVpDQTA", n) },
	"words of base64 of text":                func(n int) string { return rep("=Y2FyZCA0MTEx ", n) },
	"segments of base64 of text":             func(n int) string { return "x://" + rep("Y2FyZCA0MTEx/", n) },
	"base64 of words of base64 of text":      func(n int) string { return rep("PVkyRnlaQ0Ew", n) },
	"base64 of escapes of base64":            func(n int) string { return "=eyJh" + rep("JTY1eUpo", n) },
	"words of base64 of text in prose":       func(n int) string { return rep("got Y2FyZCA0MTExIDEx ", n) },
	"words that begin as base64 of text":     func(n int) string { return rep("Y2FyZCA0MTEx-Y2FyZCA0MTEx/Y2FyZCA0MTEx ", n) },
	"paths of base64 of text":                func(n int) string { return "x " + rep("Y2FyZCA0MTExIDEx/", n) },
	"paths of what begins as base64 of text": func(n int) string { return "x " + rep("Y2FyZCA0MTEx", n/2) + rep("/Y2FyZCA0MTEx", n/2) },
	"words of base64 of words of base64":     func(n int) string { return rep("Z290IFkyRnlaQ0EwTVRFeCBJQ0k9IA ", n) },
	"indexes":                                func(n int) string { return rep("a[0].1.", n) + "=1" },
	"not ASCII":                              func(n int) string { return rep("é", n) + ":" + rep("é", n) + "=@" + rep("é", n) },
}

// rep is s as often as makes n bytes or a little more.
func rep(s string, n int) string { return strings.Repeat(s, n/len(s)+1) }

// looked is how many bytes the looks at a text went over.
func looked(text string) int {
	w := take(standard())
	defer release(w)
	w.root.name = "x"
	w.mask([]byte(text))
	return w.root.looked
}

func TestNoTextTakesMoreThanLinearWork(t *testing.T) {
	const small, large = 64 << 10, 15 * 64 << 10 // no longer than is looked into as JSON
	for name, text := range hostile {
		t.Run(name, func(t *testing.T) {
			begin := time.Now()
			defer func() {
				if d := time.Since(begin); d > time.Minute {
					t.Errorf("it took %v: there is work that is not counted", d)
				}
			}()
			few, many := looked(text(small)), looked(text(large))
			if few < small/8 {
				t.Errorf("%d bytes were looked at: the work is not counted", few)
			}
			if ratio := float64(many) / float64(few); ratio > 1.5*large/small {
				t.Errorf("15 times the text took %.1f times the work", ratio)
			}
			if most := 32 * large; many > most {
				t.Errorf("%d bytes were looked at for %d", many, large)
			}
		})
	}
}
