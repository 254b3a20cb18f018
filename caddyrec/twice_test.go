package caddyrec_test

import (
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// Of an option that is set twice one would be lost without a word.
func TestAnOptionThatIsSetTwiceIsRefused(t *testing.T) {
	for block, options := range map[string][]string{
		"{\ncaddyrec {\nOPTION\n}\n}": {
			"store local a", "log a", "commit_timeout 1s", "retain 30d", "mask {\nkeys a\n}",
		},
		"{\ncaddyrec {\nmask {\nOPTION\n}\n}\n}":          {"no_defaults"},
		"{\ncaddyrec {\nstore local a {\nOPTION\n}\n}\n}": {"immutable"},
		"{\ncaddyrec {\nstore gcs a {\nOPTION\n}\n}\n}":   {"prefix a", "retention off", "retention locked 30d", "spool a 1GiB", "on_full refuse", "endpoint http://a"},
		"{\nlog {\nformat masked {\nOPTION\n}\n}\n}":      {"wrap json"},
		"http://a {\noidc_auth {\nOPTION\n}\n}":           {"issuer https://a", "upstream_credential a b", "token_profile access", "algorithms RS256", "leeway 1s"},
		"http://a {\njson_schema_guard {\nOPTION\n}\n}": {
			"openapi a", "request a", "unknown_route deny", "unknown_status deny", "unknown_media deny", "max_body 1KB", "status 400",
		},
		"http://a {\nsession_record {\nOPTION\n}\n}": {"max_body 1KB", "oversize refuse", "intent off", "mask_response"},
		"http://a {\njit_approval {\nOPTION\n}\n}":   {"approvers a b", "need 2", "wait 1s", "max_body 1KB", "schema_only"},
	} {
		for _, option := range options {
			name, _, _ := strings.Cut(option, " ")
			got := adapt(t, strings.Replace(block, "OPTION", option+"\n"+option, 1))
			if want := name + " is set twice"; !strings.Contains(got, want) {
				t.Errorf("%q twice: want %q, got %.300s", option, want, got)
			}
		}
	}
}

func TestAnOptionThatMayBeRepeatedAddsUp(t *testing.T) {
	for input, want := range map[string]string{
		"{\ncaddyrec {\nmask {\nkeys a\nkeys b\n}\n}\n}":                                                 `"keys":["a","b"]`,
		"{\ncaddyrec {\nmask {\npaths /a\npaths /b\n}\n}\n}":                                             `"paths":["/a","/b"]`,
		"{\ncaddyrec {\nmask {\ndetect card\ndetect jwt\n}\n}\n}":                                        `"detect":["card","jwt"]`,
		"{\ncaddyrec {\nmask {\nallow a\nallow b\n}\n}\n}":                                               `"allow":["a","b"]`,
		"http://a {\noidc_auth {\nissuer https://a\naudience a\naudience b\n}\n}":                        `"audiences":["a","b"]`,
		"http://a {\njson_schema_guard {\nrequest a\nmode request report\nmode response shadow\n}\n}":    `"response_mode":"shadow"`,
		"http://a {\njson_schema_guard {\nresponse a\nresponse 404 b\n}\n}":                              `"404":"b"`,
		"http://a {\noidc_auth {\nissuer https://a\naudience a\nrequire groups a\nrequire scope b\n}\n}": `"claim":"scope"`,
		"{\ncaddyrec {\nmask {\npattern a x+\npattern b y+\n}\n}\n}":                                     `"name":"b"`,
		"{\ncaddyrec {\nmask {\naction key:pin drop\naction key:otp token\n}\n}\n}":                      `"key:otp"`,
	} {
		got := strings.NewReplacer("\n", "", "\t", "", ": ", ":").Replace(adapt(t, string(caddyfile.Format([]byte(input)))))
		if !strings.Contains(got, want) {
			t.Errorf("%q: want %s in %s", input, want, got)
		}
	}
}
