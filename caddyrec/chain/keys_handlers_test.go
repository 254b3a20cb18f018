package chain_test

import (
	"strings"
	"testing"
)

func TestAHandleBeforeSessionReplaysHoldsForKeys(t *testing.T) {
	r := start(t, strings.Replace(strings.Replace(replayChain, "session_replay {", "@afar not header X-Near yes\n\thandle @afar {\n\t\trespond \"not from here\" 418\n\t}\n\thandle {\n\tsession_replay {", 1), "max_ttl 30m\n\t}", "max_ttl 30m\n\t}\n\t}", 1))
	r.ready()
	sec := r.as("ben", "sec")
	near := []string{"X-Near", "yes"}
	k := r.issue(`{"sessions":["s_1"],"purpose":"x"}`, append(near, sec...)...)
	bearer := []string{"Authorization", "Bearer " + k.Key}
	if a := r.do("GET", "/.caddyrec/replay/key", "", append(near, bearer...)...); a.StatusCode != 200 {
		t.Errorf("from near: %d %s", a.StatusCode, a.text)
	}
	if a := r.do("GET", "/.caddyrec/replay/key", "", bearer...); a.StatusCode != 401 {
		t.Errorf("from afar: %d %s", a.StatusCode, a.text)
	}
	if a := r.do("POST", keysAddress, `{"sessions":["s_1"],"purpose":"x"}`, sec...); a.StatusCode != 404 {
		t.Errorf("another key from afar: %d %s", a.StatusCode, a.text)
	}
}

func TestKeysWorkBehindAnotherAuthenticationHandlerAndARewrite(t *testing.T) {
	r := start(t, `
	handle_path /audit/* {
		@people not path /.caddyrec/replay/key
		basic_auth @people {
			ben $2a$04$abcdefghijklmnopqrstuuLIvc98eX.g43WmM4lCUxD/zPoWGXZWi
		}
		session_replay {
			issue_to id ben
		}
		respond "not here" 418
	}
	respond "nor there" 418
`)
	if a := r.do("GET", "/audit/.caddyrec/replay/key", ""); a.StatusCode != 401 || a.problem(t).Reason != "key-missing" {
		t.Errorf("without a key: %d %s", a.StatusCode, a.text)
	}
	if a := r.do("GET", "/audit/x", ""); a.StatusCode != 401 {
		t.Errorf("without a password: %d %s", a.StatusCode, a.text)
	}
}
