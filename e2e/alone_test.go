package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/record"
)

// bare is a Caddyfile without a caddyrec block.
const bare = `{
	admin unix/{$FOLDER}/admin.sock
	persist_config off
	grace_period 5s
}
`

func TestWithoutAnyConfigurationRecordsGoIntoCaddysDataFolder(t *testing.T) {
	w := newWorld(t, issuer(t))
	if err := w.Start(t.Context(), w.config(bare+`
http://{$ADDRESS} {
	session_record
	reverse_proxy {$UPSTREAM}
}
`)); err != nil {
		t.Fatal(err)
	}
	w.want(w.post("/orders", "", order("chair", 1)), http.StatusOK, "")
	// Where the tests look for a store is a link to where it must be.
	data := filepath.Join(w.Folder, "data", "caddy", "caddyrec")
	if err := os.Symlink(data, w.Store()); err != nil {
		t.Fatal(err)
	}
	x := w.last(record.ExchangeType)
	if x.Identity != nil || *x.Response.Body.Content != receipt {
		t.Errorf("the exchange on record is %s", x.Raw)
	}
}

func TestBehindBasicAuthTheUserIsRecorded(t *testing.T) {
	w := newWorld(t, issuer(t))
	hash, problems, err := w.Command(t.Context(), "hash-password", "--plaintext", "swordfish")
	if err != nil {
		t.Fatalf("caddy hash-password: %v: %s", err, problems)
	}
	w.vars["HASH"] = strings.TrimSpace(hash)
	w.start(`
http://{$ADDRESS} {
	basic_auth {
		carol {$HASH}
	}
	session_record
	reverse_proxy {$UPSTREAM}
}
`)
	req := w.request(http.MethodPost, "/orders", "", order("chair", 1))
	req.SetBasicAuth("carol", "swordfish")
	w.want(w.do(req), http.StatusOK, "")
	if x := w.last(record.ExchangeType); x.Identity == nil || x.Identity.Subject != "carol" || x.Identity.Issuer != "" {
		t.Errorf("the identity on record is %+v", x.Identity)
	}
	if strings.Contains(w.last(record.ExchangeType).Raw, "swordfish") {
		t.Error("the password is on record")
	}
}
