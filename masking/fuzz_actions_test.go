package masking

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/jsonscan"
)

// FuzzActions holds every action to what is promised of all: strict JSON in,
// strict JSON out; a secret name's value is a mark or is gone; masking again
// changes nothing; what is shown to a client has the shape it had.
func FuzzActions(f *testing.F) {
	for _, s := range []string{
		`{"pin":123456789,"a":[1,"ann@example.org",{"token":"abcdefghijkl"}],"b":"token=abcdefghijkl&x=1"}`,
		`[{"pin":1},{"pin":2,"x":1},{"x":1,"pin":2}, "4111 1111 1111 1111" ,4111111111111111]`,
		`{"value":"abcdefghijk","name":"token","ann@example.org":1}`, `{"x":"{\"pin\":1,\"a\":[{\"pin\":2}]}"}`,
		`{"token":"[masked:…1234]","pin":"[masked:…123456789]","a":"pin=[masked:…1234]; [masked:k1:x]"}`,
		quote("pin: '123456789'\ntoken: abcdefghijkl\n<pin>123456789</pin> \"pin\": \"1234567890\""), `"pin=[masked:…1234]5678"`,
		`"DE89 3704 0044 0532 0130 00, 123-45-6789"`, quote("for aws " + awsID + " " + awsSecret), `["E-1234","E-12345","badge 12345678"]`,
	} {
		f.Add([]byte(s))
	}
	policies := map[string]*Policy{}
	for name, act := range map[string]Action{"partial": partial4, "pseudonym": pseudonym, "drop": dropped} {
		policies[name] = must(New(Config{
			Keys: []string{"zip"}, Paths: []string{"/**/p/*", "/q"}, Detect: []string{"default", "phone"},
			Patterns: []Pattern{{"staff_id", `E-\d{4}`}, {"badge", `\b\d{8}\b`}},
			Actions:  map[string]Action{"default": act, "key:otp": {Kind: ActToken}}, Pseudonym: keyed("k1"),
		}))
	}
	clients := standard().ForClients()
	f.Fuzz(func(t *testing.T, src []byte) {
		if out, _, err := clients.JSON(nil, src, nil); err == nil {
			if a, b := shape(src), shape(out); a != b {
				t.Fatalf("%s\nbecame %s\nof shape %s, not %s", src, out, b, a)
			}
		}
		for name, p := range policies {
			out, places, err := p.JSON(nil, src, nil)
			if err != nil {
				return
			}
			if !bytes.Equal(out, src) && len(places) == 0 || !json.Valid(out) {
				t.Fatalf("%s: %s became %s, %+v", name, src, out, places)
			}
			if again, _, err := p.JSON(nil, out, nil); err != nil || !bytes.Equal(again, out) {
				t.Fatalf("%s: %s\nbecame %s\nthen   %s, %v", name, src, out, again, err)
			}
			var s jsonscan.Scanner
			s.Reset(out, jsonscan.Limits{})
			secret, key := false, ""
			for tok, err := s.Next(); err == nil && tok.Kind != jsonscan.End; tok, err = s.Next() {
				text := out[tok.Start:tok.End]
				if secret && !strings.HasPrefix(string(text), `"[masked`) && !isNone(p, key, text) {
					t.Fatalf("%s: %s: the value of a secret name is %s", name, out, text)
				}
				if secret = tok.Kind == jsonscan.Key; secret {
					key = string(jsonscan.AppendString(nil, text))
					secret = p.SecretName(key)
				}
			}
		}
	})
}

// shape is the kinds of src's tokens but for true, which becomes false.
func shape(src []byte) string {
	var kinds []byte
	var s jsonscan.Scanner
	s.Reset(src, jsonscan.Limits{})
	for {
		tok, err := s.Next()
		if err != nil || tok.Kind == jsonscan.End {
			return string(kinds)
		}
		if tok.Kind == jsonscan.True {
			tok.Kind = jsonscan.False
		}
		kinds = append(kinds, byte('a'+tok.Kind))
	}
}
