package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sharedApprovals is one of several gateways with a bucket in common, each with
// a log of its own.
var sharedApprovals = bucketGlobals("{$ACK}", "log {$NAME}") + `
http://{$ADDRESS} {
	basic_auth {
		ana {$HASH}
		bob {$HASH}
	}
	session_record
	jit_approval {
		approvers id bob
		wait 1s
	}
	reverse_proxy {$UPSTREAM}
}
`

func TestWhatOneGatewayWasAskedIsApprovedAndRunsThroughAnotherWithItsHMACKey(t *testing.T) {
	for _, c := range []struct {
		name, ack string
		sameKey   bool
	}{
		{"ack local", "spool {$FOLDER}/own 1GiB", true},
		{"ack remote", "ack remote\n\t\t\tfolder {$FOLDER}/own", true},
		{"with a key of its own", "spool {$FOLDER}/own 1GiB", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := address(t)
			emulator(t, at, "")
			serve := func(name string) *world {
				w := newWorld(t, nil)
				hash, problems, err := w.Command(t.Context(), "hash-password", "--plaintext", "swordfish")
				if err != nil {
					t.Fatalf("caddy hash-password: %v: %s", err, problems)
				}
				w.vars["BUCKET"], w.vars["ACK"], w.vars["NAME"], w.vars["HASH"] = at, c.ack, name, strings.TrimSpace(hash)
				return w
			}
			start := func(w *world) {
				t.Helper()
				if err := w.Start(t.Context(), w.config(sharedApprovals)); err != nil {
					t.Fatal(err)
				}
			}
			as := func(w *world, who, path, body string, headers ...string) answer {
				t.Helper()
				req := w.request(http.MethodPost, path, "", body, headers...)
				req.SetBasicAuth(who, "swordfish")
				return w.do(req)
			}
			first, second := serve("first"), serve("second")
			second.Address = first.Address // the site is the same
			start(first)
			asked := as(first, "ana", "/orders", order("chair", 5000), "Prefer", "respond-async")
			first.want(asked, http.StatusAccepted, "approval-pending")
			var told struct{ Approval struct{ ID string } }
			if err := json.Unmarshal([]byte(asked.Body), &told); err != nil {
				t.Fatal(err)
			}
			id := told.Approval.ID
			first.stop()

			if c.sameKey {
				copyKey(t, filepath.Join(first.Folder, "own", "keys", "first.hmac.key"), filepath.Join(second.Folder, "own", "keys", "second.hmac.key"))
			}
			start(second)
			vote := `{"decision":"approve"}`
			second.want(as(second, "ana", "/.caddyrec/approvals/"+id+"/votes", vote), http.StatusForbidden, "self-approval")
			second.want(as(second, "bob", "/.caddyrec/approvals/"+id+"/votes", vote), http.StatusOK, "")
			if !c.sameKey {
				second.want(as(second, "ana", "/orders", order("chair", 5000), "Caddyrec-Approval", id), http.StatusConflict, "approval-elsewhere")
				return
			}
			second.want(as(second, "ana", "/orders", order("chair", 5000), "Caddyrec-Approval", id), http.StatusOK, "")
			second.want(as(second, "ana", "/orders", order("chair", 5000), "Caddyrec-Approval", id), http.StatusConflict, "approval-used")
			if n := len(first.up.arrivals()) + len(second.up.arrivals()); n != 1 {
				t.Errorf("the request ran %d times", n)
			}
		})
	}
}

// copyKey copies a secret key's file, and makes the folder that it goes to.
func copyKey(t *testing.T, from, to string) {
	t.Helper()
	key, err := os.ReadFile(from)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(to), 0o700)
	}
	if err == nil {
		err = os.WriteFile(to, key, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
