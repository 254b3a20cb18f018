package chain_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// caddysLog is what Caddy has logged.
func (r *rig) caddysLog() string {
	r.Helper()
	text, err := os.ReadFile(filepath.Join(r.dir, r.logName))
	if err != nil {
		r.Fatal(err)
	}
	return string(text)
}

func TestCaddysMaskedLogHasNoneOfWhatTheDocumentCallsSecret(t *testing.T) {
	for _, format := range []string{"json", "console"} {
		t.Run(format, func(t *testing.T) {
			site, _ := withAPI(t, "@go path_regexp t ^/go-(.+)$\nrewrite @go /tickets/{re.t.1}\n"+guardAPI)
			r := start(t, "respond ok")
			r.logForm, r.logName = "format masked {\nwrap "+format+"\n}", "masked.log"
			r.load(site)
			r.upstream.answer = func(w http.ResponseWriter, asked *http.Request) {
				w.Header().Set("Content-Type", "text/csv")
				w.Header().Set("Location", "/tickets/l-secret?voucher=l-secret")
				if !strings.HasPrefix(asked.URL.Path, "/orders") { // whose answers have none that is secret
					w.Header().Set("X-Link", "k-secret")
					w.Header().Set("X-Request-Id", "i-secret")
				}
			}
			for _, path := range []string{"/tickets/t-secret?page=2", "/other/t-secret/u-secret", "//tickets/t-secret", "/orders?voucher=v-secret&limit=2", "/orders?limit=0&voucher=v-secret"} {
				r.do("GET", path, "", "Referer", r.url+"/tickets/r-secret?voucher=r-secret", "X-Original-Uri", strings.Replace(path, "//", "/", 1))
			}
			r.do("GET", "/tickets/t-secret", "", "X-Pickup", "p-secret", "X-Note", "for t-secret", "X-Tenant", "north")
			r.do("PUT", "/tickets/t-secret", "")
			// What a rewrite has made of the address is none of the client's words.
			r.do("GET", "/go-w-secret", "")
			r.loggedTimes(8, "handled request")
			r.loggedTimes(4, "upstream roundtrip")
			log := r.caddysLog()
			for line := range strings.Lines(log) {
				if strings.Contains(line, "-secret") && !strings.Contains(line, "rewrote request") {
					t.Errorf("logged is %s", line)
				}
			}
			plain := strings.NewReplacer(`": `, `":`, `, `, `,`).Replace(log)
			for _, kept := range []string{
				`"uri":"/tickets/%5Bmasked%5D?page=2"`, `"uri":"/orders?voucher=%5Bmasked%5D&limit=2"`, `"method":"PUT"`,
				`"X-Pickup":["[masked]"]`, `"X-Note":["[masked]"]`, `"X-Tenant":["north"]`, `"X-Link":["[masked]"]`, `"Location":["/tickets/%5Bmasked%5D?voucher=%5Bmasked%5D"]`,
			} {
				if !strings.Contains(plain, kept) {
					t.Errorf("%s is gone from\n%s", kept, log)
				}
			}
		})
	}
}

func TestCaddysMaskedLogHasNoSecretInTextThatIsMadeOfTheRequest(t *testing.T) {
	site, _ := withAPI(t, `handle_path /strip/* {
	json_schema_guard {
		openapi API
	}
	session_record
	log_append path {path}
	log_append asked {http.request.orig_uri}
	log_append pickup {header.X-Pickup}
	error "nothing at {path}" 500
}
respond ok`)
	r := start(t, "respond ok")
	r.logForm, r.logName = "format masked {\nwrap json\n}", "masked.log"
	r.load(site)
	for _, path := range []string{"/tickets/t-secret", "/tickets/a%20t%2Dsecret", "/tickets/t-secret;v=1", "/tickets/t-secret/"} {
		r.do("GET", "/strip"+path, "", "X-Pickup", "p-secret", "X-Note", "of "+path)
	}
	r.loggedTimes(4, "handled request")
	for line := range strings.Lines(r.caddysLog()) {
		if (strings.Contains(line, "-secret") || strings.Contains(line, "2Dsecret")) && !strings.Contains(line, "rewrote request") {
			t.Errorf("logged is %s", line)
		}
	}
}
