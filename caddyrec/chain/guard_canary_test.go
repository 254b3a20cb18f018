package chain_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/record"
)

func TestRefusedBodiesAreMaskedWhateverTheyCallThemselves(t *testing.T) {
	for name, site := range map[string]string{"openapi": guardAPI, "files": "json_schema_guard {\nrequest DIR/order.json\n}\nsession_record\nreverse_proxy UPSTREAM"} {
		t.Run(name, func(t *testing.T) {
			r := startAPI(t, site)
			for kind, body := range map[string]string{
				"application/json":                  `{"amount":"1","code":"c-secret"}`,
				"text/plain":                        `{"amount":1,"code":"c-secret"}`,
				"application/xml":                   `<code>c-secret</code>`,
				"application/x-www-form-urlencoded": `amount=1&code=c-secret`,
				"text/json":                         `{"amount":1,"code":"c-secret"}`,
				"application/vnd.other+json":        `{"amount":1,"code":"c-secret"}`,
				"":                                  `{"amount":1,"code":"c-secret"}`,
			} {
				for _, path := range []string{"/orders", "/elsewhere"} {
					if a := r.do("POST", path, body, "Content-Type", kind); strings.Contains(a.text, "c-secret") {
						t.Errorf("%s to %s is answered with %s", kind, path, a.text)
					}
				}
			}
			if len(r.records(ofType(record.Denied))) == 0 {
				t.Fatal("nothing was refused")
			}
			for _, folder := range []string{r.dirName, r.logName} {
				err := filepath.WalkDir(filepath.Join(r.dir, folder), func(name string, d os.DirEntry, err error) error {
					if err != nil || d.IsDir() {
						return err
					}
					text, err := os.ReadFile(name)
					if i := strings.Index(string(text), "c-secret"); i >= 0 {
						t.Errorf("%s has it: …%s…", name, text[max(0, i-300):i+20])
					}
					return err
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
}
