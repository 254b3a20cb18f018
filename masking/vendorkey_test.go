package masking

import (
	"strings"
	"testing"
)

func TestKeysOfVendorsAreFoundByHowTheyBegin(t *testing.T) {
	hex := strings.Repeat("0a1b2c3d", 8)
	random := alnum36 + alnum36
	for prefix, rest := range map[string]string{
		"glpat-": random[:20], "gldt-": random[:20], "glrt-": "t1_" + random[:20], "glptt-": hex[:40], "glcbt-": "64_" + random[:20],
		"sk-ant-": "api03-" + random + "-_AA", "sk-proj-": random + "_-" + random, "sk-or-v1-": hex + "A", "sk-": hex[:48],
		"pypi-": "AgEIcHlwaS5vcmc" + random, "nvapi-": random, "xai-": random, "PMAK-": hex[:24] + "-" + hex[:34], "NRAK-": random[:27],
		"CFPAT-": random[:43], "sq0atp-": random[:22], "sq0csp-": random[:43], "xapp-": "1-A0123456789-1234567890123-" + hex,
		"npm_": alnum36, "rubygems_": hex[:48], "dckr_pat_": random[:27], "shpat_": hex[:32], "shpss_": hex[:32], "hf_": random[:34],
		"gsk_": random[:52], "dop_v1_": hex, "sntrys_": random + "=_" + random, "sntryu_": hex, "glsa_": random[:32] + "_0a1b2c3d",
		"ntn_": random[:43], "hvs.": "CAESI" + random, "hvb.": random, "SG.": random[:22] + "." + random[:43],
	} {
		key := prefix + rest
		for in, want := range map[string]string{
			key:                                  Token,
			"the key is " + key + ", keep it":    "the key is [masked], keep it",
			"https://h/a?x=" + key + "&b=1":      "https://h/a?x=[masked]&b=1",
			"git clone https://x:" + key + "@h/": "git clone https://x:[masked]@h/",
		} {
			got, places := standard().Text(in)
			if got != want || len(places) == 0 {
				t.Errorf("%s became %s: %+v", in, got, places)
			}
		}
		if got, _ := standard().Text("x" + key); got != "x"+key && !strings.Contains(key, "_pat_") {
			t.Errorf("within a word: %s", got)
		}
		if got, places := must(New(Config{Detect: []string{"vendor_key"}})).Text(key); got != Token || places[0].Rule != ruleVendor {
			t.Errorf("%s became %s: %+v", key, got, places)
		}
	}
}

func TestWebhooksOfChatsAreMasked(t *testing.T) {
	for in, want := range map[string]string{
		"post to https://discord.com/api/webhooks/123456789012345678/" + alnum36 + alnum36 + " now":                   "post to https://discord.com/api/webhooks/123456789012345678/[masked] now",
		"https://a.webhook.office.com/webhookb2/0a1b2c3d-0000-4000-8000-000000000000@0a1b/IncomingWebhook/" + alnum36: "https://a.webhook.office.com/webhookb2/[masked]",
		"https://h/api/webhooks/42/deliveries":                              "https://h/api/webhooks/42/deliveries",
		"https://h/api/webhooks/123456789012345678":                         "https://h/api/webhooks/123456789012345678",
		"https://api.github.com/repos/a/b/hooks see /webhooks and webhook.": "https://api.github.com/repos/a/b/hooks see /webhooks and webhook.",
	} {
		if got, _ := standard().Text(in); got != want {
			t.Errorf("%s\nbecame %s", in, got)
		}
	}
}

func TestWordsThatBeginAsAVendorsKeysDoStay(t *testing.T) {
	for _, in := range []string{
		"sk-estimator-html-representation-of-a-pipeline-in-scikit-learn", "sk-SK-and-other-locales-of-the-european-union", "risk-0123456789abcdef0123456789abcdef0123",
		"pypi-server", "glpat-short", "npm_config_registry_of_the_whole_company", "npm_lifecycle_event", "hf_hub_download", "SG. is Singapore",
		"SG.example.com/a-path-that-is-long-and-goes-on-and-on-and-on-and-on-and-on", "hvs.short", "gsk_x", "xapp-1", "t-shirt-0123456789012345678901234567890",
		"task_0123456789abcdef0123456789abcdef0123456789", "desk-0123456789abcdef0123456789abcdef0123", "idempotency-key-550e8400e29b41d4a716446655440000",
	} {
		if got, places := standard().Text(in); got != in {
			t.Errorf("%s became %s: %+v", in, got, places)
		}
	}
}
