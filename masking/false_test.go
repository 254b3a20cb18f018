package masking

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// falseAlarms counts by rule what is masked in texts that hold no secret, and
// gives an example of each.
type falseAlarms struct {
	values int
	count  map[string]int
	sample map[string]string
}

func (f *falseAlarms) look(src []byte) {
	if f.count == nil {
		f.count, f.sample = map[string]int{}, map[string]string{}
	}
	f.values += bytes.Count(src, []byte(",")) + 1
	out, places, err := standard().JSON(nil, src, nil)
	if err != nil || bytes.Equal(out, src) {
		return
	}
	for _, p := range places {
		f.count[p.Rule] += p.Count
		f.sample[p.Rule] = p.Pointer + " of " + string(src[:min(len(src), 200)])
	}
}

func (f *falseAlarms) total() (n int) {
	for _, c := range f.count {
		n += c
	}
	return n
}

func TestLittleIsMaskedInTheTestSuitesOfJSON(t *testing.T) {
	var f falseAlarms
	for _, dir := range []string{"../../shared/corpora/json-test-suite", "../../shared/corpora/json-schema-test-suite"} {
		if _, err := os.Stat(filepath.FromSlash(dir)); err != nil {
			t.Skipf("not checked are false alarms in public JSON: clone github.com/nst/JSONTestSuite to shared/corpora/json-test-suite, and github.com/json-schema-org/JSON-Schema-Test-Suite to shared/corpora/json-schema-test-suite, beside the checkout: %v", err)
		}
		err := filepath.WalkDir(filepath.FromSlash(dir), func(name string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(name) != ".json" {
				return err
			}
			src, err := os.ReadFile(name)
			f.look(src)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d of about %d values: %v", f.total(), f.values, f.count)
	// The suites' own e-mail addresses, and passwords in URIs, are no false
	// alarms; the prose "format-assertion: false" is one, once in each draft.
	delete(f.count, ruleEmail)
	delete(f.count, ruleCredential)
	if n := f.total(); n > 8 || n != f.count["key:assertion"] {
		t.Errorf("%v were masked: %v", f.count, f.sample)
	}
	if f.values < 10_000 {
		t.Errorf("only %d values were looked at", f.values)
	}
}

// plain makes values as APIs have them of which none is secret.
type plain struct{ r *rand.Rand }

func (p plain) bytes(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(p.r.Uint32())
	}
	return b
}

func (p plain) digits(n int) string {
	b := []byte{byte('1' + p.r.IntN(9))}
	for len(b) < n {
		b = append(b, byte('0'+p.r.IntN(10)))
	}
	return string(b)
}

func (p plain) of(alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[p.r.IntN(len(alphabet))]
	}
	return string(b)
}

func (p plain) pick(of ...string) string { return of[p.r.IntN(len(of))] }

func (p plain) time() time.Time {
	return time.Unix(1_600_000_000+p.r.Int64N(200_000_000), p.r.Int64N(1e9)).UTC()
}

func (p plain) uuid() string {
	h := hex.EncodeToString(p.bytes(16))
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:]
}

func (p plain) words(n int) string {
	var b strings.Builder
	for range n {
		b.WriteString(p.pick("the", "order", "of", "Basic", "plan", "bearer", "was", "shipped", "to", "warehouse", "Asia", "by", "basic", "carrier",
			"and", "arrives", "on", "Monday,", "token", "refreshed;", "user", "profile:", "updated", "(see", "ticket", "#4711)", "at", "5%", "a", "key", "point") + " ")
	}
	return b.String()
}

const base64Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// kinds are what values there are, each as JSON.
var kinds = map[string]func(p plain) string{
	"uuid":             func(p plain) string { return quote(p.uuid()) },
	"uuid in capitals": func(p plain) string { return quote(strings.ToUpper(p.uuid())) },
	"trace": func(p plain) string {
		return quote("00-" + hex.EncodeToString(p.bytes(16)) + "-" + hex.EncodeToString(p.bytes(8)) + "-01")
	},
	"md5":      func(p plain) string { return quote(hex.EncodeToString(p.bytes(16))) },
	"sha1":     func(p plain) string { return quote(hex.EncodeToString(p.bytes(20))) },
	"sha256":   func(p plain) string { return quote("sha256:" + hex.EncodeToString(p.bytes(32))) },
	"digest":   func(p plain) string { return quote("sha-256=:" + base64.StdEncoding.EncodeToString(p.bytes(32)) + ":") },
	"etag":     func(p plain) string { return quote(`W/"` + hex.EncodeToString(p.bytes(8)) + `"`) },
	"mongo id": func(p plain) string { return quote(hex.EncodeToString(p.bytes(12))) },
	"ulid":     func(p plain) string { return quote("01" + base32.StdEncoding.EncodeToString(p.bytes(15))) },
	"nanoid":   func(p plain) string { return quote(base64.RawURLEncoding.EncodeToString(p.bytes(16))) },
	"prefixed id": func(p plain) string {
		return quote(p.pick("ord_", "cus_", "evt_", "req_", "usr_", "inv-") + p.of("abcdefghijklmnopqrstuvwxyz0123456789", 24))
	},
	"capitals": func(p plain) string { return quote(p.of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", 8+p.r.IntN(20))) },
	"sku": func(p plain) string {
		return quote(p.of("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 2+p.r.IntN(3)) + "-" + p.digits(4+p.r.IntN(4)))
	},
	"small number":  func(p plain) string { return fmt.Sprint(p.r.IntN(1_000_000)) },
	"price":         func(p plain) string { return fmt.Sprintf("%.2f", p.r.Float64()*5000) },
	"price in text": func(p plain) string { return quote(fmt.Sprintf("EUR %.2f", p.r.Float64()*5000)) },
	"seconds":       func(p plain) string { return fmt.Sprint(p.time().Unix()) },
	"milliseconds":  func(p plain) string { return fmt.Sprint(p.time().UnixMilli()) },
	"microseconds":  func(p plain) string { return fmt.Sprint(p.time().UnixMicro()) },
	"nanoseconds":   func(p plain) string { return fmt.Sprint(p.time().UnixNano()) },
	"time":          func(p plain) string { return quote(p.time().Format(time.RFC3339Nano)) },
	"time in a log": func(p plain) string { return quote(p.time().Format("2006-01-02 15:04:05,000")) },
	"time for HTTP": func(p plain) string { return quote(p.time().Format(time.RFC1123)) },
	"date":          func(p plain) string { return quote(p.time().Format("02-01-2006")) },
	"compact time":  func(p plain) string { return quote(p.time().Format("20060102150405")) },
	"coordinates":   func(p plain) string { return fmt.Sprintf("[%v,%v]", p.r.Float64()*180-90, p.r.Float64()*360-180) },
	"measure":       func(p plain) string { return fmt.Sprint(p.r.NormFloat64()) },
	"snowflake": func(p plain) string {
		return fmt.Sprint(1_000_000_000_000_000_000 + p.r.Int64N(900_000_000_000_000_000))
	},
	"snowflake text": func(p plain) string {
		return quote(fmt.Sprint(1_000_000_000_000_000_000 + p.r.Int64N(900_000_000_000_000_000)))
	},
	"local telephone": func(p plain) string { return quote("0" + p.digits(3) + "-" + p.digits(7)) },
	"zip+4":           func(p plain) string { return quote(p.digits(5) + "-" + p.digits(4)) },
	"address": func(p plain) string {
		return quote(fmt.Sprintf("10.%d.%d.%d:%d", p.r.IntN(256), p.r.IntN(256), p.r.IntN(256), 1024+p.r.IntN(60000)))
	},
	"mac": func(p plain) string {
		h := p.bytes(6)
		return quote(fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", h[0], h[1], h[2], h[3], h[4], h[5]))
	},
	"version": func(p plain) string {
		return quote(fmt.Sprintf("v%d.%d.%d-rc.%d+%s", p.r.IntN(9), p.r.IntN(30), p.r.IntN(30), p.r.IntN(9), hex.EncodeToString(p.bytes(4))))
	},
	"package": func(p plain) string { return quote("npm i left-pad@1.3." + p.digits(1) + " react@^18") },
	"link": func(p plain) string {
		return quote("https://api.example.org/v2/orders/" + p.digits(8) + "?page=2&size=50&sort=-created_at#" + hex.EncodeToString(p.bytes(4)))
	},
	"image": func(p plain) string {
		return quote("data:image/png;base64,iVBORw0KGgo" + base64.StdEncoding.EncodeToString(p.bytes(3000)))
	},
	"text in base64": func(p plain) string {
		return quote(base64.StdEncoding.EncodeToString([]byte(p.pick("", "{", "- ") + p.words(1+p.r.IntN(40)))))
	},
	"log line in base64url": func(p plain) string {
		return quote("https://h/?state=" + base64.RawURLEncoding.EncodeToString([]byte(p.time().Format(time.RFC3339)+" "+p.words(6)+"status=200 id="+p.uuid())))
	},
	"image of text": func(p plain) string {
		return quote("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString([]byte("<svg xmlns='http://www.w3.org/2000/svg' width='"+p.digits(2)+"'><path d='M"+p.digits(2)+","+p.digits(2)+"l-"+p.digits(2)+" 5z'/></svg>")))
	},
	"letters": func(p plain) string { return quote(p.of(base64Letters, 8+p.r.IntN(40))) },
	"path of letters": func(p plain) string {
		return quote("https://h/" + p.of(base64Letters, 11+p.r.IntN(10)) + "/" + p.of(base64Letters, 11+p.r.IntN(10)) + "?v=" + p.of(base64Letters, 11+p.r.IntN(10)))
	},
	"letters in prose": func(p plain) string {
		return quote(p.words(3) + "is " + p.of(base64Letters, 15+p.r.IntN(25)) + " and " + base64.StdEncoding.EncodeToString(p.bytes(31+p.r.IntN(40))))
	},
	"base64 of text in prose": func(p plain) string {
		return quote(p.words(2) + "is " + base64.StdEncoding.EncodeToString([]byte(p.words(2+p.r.IntN(10)))) + " and " +
			base64.RawURLEncoding.EncodeToString([]byte(p.time().Format(time.RFC3339)+" "+p.words(6)+"status=200 id="+p.uuid())) + " " + p.words(2))
	},
	"long words": func(p plain) string {
		return quote("see " + p.pick("/usr/local/lib/python3/site-packages/", "accessDeniedForInternationalAccounts", "ABSTRACT_FACTORY_BEAN_NAME", "dataProcessingAgreementDocument") +
			" or " + p.of("abcdefghijklmnopqrstuvwxyz", 15+p.r.IntN(20)) + " " + p.words(2))
	},
	"file":  func(p plain) string { return quote(base64.StdEncoding.EncodeToString(p.bytes(1000))) },
	"prose": func(p plain) string { return quote(p.words(20)) },
	"log line": func(p plain) string {
		return quote(p.time().Format(time.RFC3339) + " INFO [http-" + p.digits(2) + "] " + p.words(6) + "status=200 bytes=" + p.digits(5) + " dur=1.2ms id=" + p.uuid())
	},
	"agent": func(p plain) string {
		return quote("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/12" + p.digits(1) + ".0.0.0 Safari/537.36")
	},
	"css": func(p plain) string {
		return quote("<div class='a' id=\"b" + p.digits(3) + "\" style=\"color:#" + hex.EncodeToString(p.bytes(3)) + "\">text</div>")
	},
	"enum": func(p plain) string {
		return quote(p.pick("pending_review", "IN_PROGRESS", "user_created", "order_item_added", "Wednesday", "DE", "EUR", "task_list"))
	},
	"nested": func(p plain) string {
		return quote(`{"order":` + p.digits(6) + `,"at":"` + p.time().Format(time.RFC3339) + `","tags":["a","b"]}`)
	},
	"arn":           func(p plain) string { return quote("arn:aws:s3:::bucket-" + p.digits(12) + "/" + p.uuid()) },
	"isbn":          func(p plain) string { return quote("978-3-16-" + p.digits(6) + "-" + p.digits(1)) },
	"barcode":       func(p plain) string { return quote(ean(p.pick("40", "50", "87", "76", "30", "69") + p.digits(10))) },
	"any 16 digits": func(p plain) string { return p.digits(16) },
}

// ean is digits with their check digit (GS1 General Specifications, 7.9).
func ean(digits string) string {
	sum := 0
	for i := range digits {
		sum += int(digits[i]-'0') * (1 + 2*(i%2))
	}
	return digits + string(rune('0'+(10-sum%10)%10))
}

// mostFalse is how many of a thousand values of a kind may be masked; 0 for
// those not here. What looks exactly as a card number does is taken for one.
var mostFalse = map[string]float64{
	"base64 of text in prose": 4,  // with 40 letters, as keys of AWS have, beside others with aws among them
	"any 16 digits":           45, // a third have an issuer's first digits, a tenth of those the check digit
}

func TestNoValuesWithoutSecretsAreMasked(t *testing.T) {
	const each = 2000
	all, masked := 0, 0
	for name, make := range kinds {
		var f falseAlarms
		p := plain{rand.New(rand.NewPCG(1, uint64(len(name))))}
		for range each {
			value := make(p)
			if !json.Valid([]byte(value)) {
				t.Fatalf("%s: %s", name, value)
			}
			f.look([]byte(`{"value":` + value + `}`))
		}
		if n := f.total(); float64(n) > mostFalse[name]*each/1000 {
			t.Errorf("%s: %d of %d were masked: %v, %v", name, n, each, f.count, f.sample)
		} else if n > 0 {
			t.Logf("%s: %d of %d were masked: %v", name, n, each, f.count)
		}
		if mostFalse[name] == 0 {
			all, masked = all+each, masked+f.total()
		}
	}
	t.Logf("%d of %d values were masked", masked, all)
	if len(kinds) < 40 {
		t.Errorf("there are only %d kinds", len(kinds))
	}
}
