package masking

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/jsonscan"
)

// keyed is a keyed hash as a gateway gives it.
func keyed(key string) func(string, []byte) (string, []byte) {
	return func(domain string, value []byte) (string, []byte) {
		h := hmac.New(sha256.New, []byte(key))
		fmt.Fprintf(h, "%d %s ", len(domain), domain)
		h.Write(value)
		return key, h.Sum(nil)
	}
}

var (
	partial4  = Action{Kind: ActPartial, Keep: 4}
	pseudonym = Action{Kind: ActPseudonym}
	dropped   = Action{Kind: ActDrop}
)

func TestActionsSayWhatBecomesOfASecret(t *testing.T) {
	for _, c := range []struct {
		name      string
		actions   map[string]Action
		src, want string
		did       string
	}{
		{"token", map[string]Action{"default": {Kind: ActToken}}, `{"pin":1234567890}`, `{"pin":"[masked]"}`, "mask"},

		{"part of a string", map[string]Action{"key:iban": partial4}, `{"iban":"DE89 3704 0044 0532 0130 00"}`, `{"iban":"[masked:…3000]"}`, "partial"},
		{"part of a number", map[string]Action{"detect:card": partial4}, `[4111111111111111]`, `["[masked:…1111]"]`, "partial"},
		{"part of a part", map[string]Action{"detect:card": partial4}, `"pay 4111 1111 1111 1111, not 4111-1111-1111-11-12"`, `"pay [masked:…1111], not 4111-1111-1111-11-12"`, "partial"},
		{"nothing of a short value", map[string]Action{"default": partial4}, `{"pin":12345678}`, `{"pin":"[masked]"}`, "mask"},
		{"nothing of an object", map[string]Action{"default": partial4}, `{"token":{"a":"123456789"}}`, `{"token":"[masked]"}`, "mask"},
		{"of a param", map[string]Action{"key:token": partial4}, `"a?token=abcdefg-hijk&x=1"`, `"a?token=[masked:…hijk]&x=1"`, "partial"},
		{"of JSON in a string", map[string]Action{"key:token": partial4}, `"{\"token\":\"abcdefghijk\"}"`, `"{\"token\":\"[masked:…hijk]\"}"`, "partial"},
		{"of what is between quotes", map[string]Action{"default": partial4}, `"password=\"hunter 2 is it\""`, `"password=\"[masked:…isit]\""`, "partial"},
		{"the default for the rest", map[string]Action{"default": partial4, "key:pin": {Kind: ActToken}}, `{"pin":123456789,"otp":123456789}`, `{"pin":"[masked]","otp":"[masked:…6789]"}`, ""},

		{"drop the only member", map[string]Action{"key:pin": dropped}, `{"pin":1}`, `{}`, "drop"},
		{"drop the first", map[string]Action{"key:pin": dropped}, `{ "pin" : {"a":[1]} , "b" : 2 }`, `{ "b" : 2 }`, "drop"},
		{"drop the last", map[string]Action{"key:pin": dropped}, `{ "a" : 1 , "pin" : 2 }`, `{ "a" : 1 }`, "drop"},
		{"drop in the middle", map[string]Action{"key:pin": dropped}, `{"a":{"x":1},"pin":2,"b":[3]}`, `{"a":{"x":1},"b":[3]}`, "drop"},
		{"drop several", map[string]Action{"key:pin": dropped}, `{"pin":1,"pin":2,"a":1,"pin":3,"pin":4,"b":2,"pin":5}`, `{"a":1,"b":2}`, "drop"},
		{"drop all", map[string]Action{"key:pin": dropped}, `{"pin":1, "pin":2 ,"pin":3}`, `{}`, "drop"},
		{"drop an element", map[string]Action{"detect:email": dropped}, `["a","ann@example.org",["bob@example.org"],1]`, `["a",[],1]`, "drop"},
		{"drop a number", map[string]Action{"detect:card": dropped}, `{"a":[4111111111111111,1],"b":4111111111111111}`, `{"a":[1]}`, "drop"},
		{"drop a member for its key", map[string]Action{"detect:email": dropped}, `{"a":1,"ann@example.org":{"x":2},"b":"c"}`, `{"a":1,"b":"c"}`, "drop"},
		{"drop a member for a part of its value", map[string]Action{"detect:email": dropped}, `{"note":"mail ann@example.org","b":"c"}`, `{"b":"c"}`, "drop"},
		{"drop in JSON in a string", map[string]Action{"key:pin": dropped}, `{"s":"{\"pin\":1,\"a\":2}"}`, `{"s":"{\"a\":2}"}`, "drop"},
		{"nothing to drop from", map[string]Action{"detect:email": dropped}, `"ann@example.org"`, `"[masked]"`, "mask"},
		{"drop by path", map[string]Action{"path:/list/*/x": dropped}, `{"list":[{"x":1},{"y":2,"x":3}]}`, `{"list":[{},{"y":2}]}`, "drop"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := must(New(Config{Actions: c.actions, Paths: []string{"/list/*/x"}, Pseudonym: keyed("k1")}))
			got, places := masked(t, p, c.src, nil)
			if got != c.want {
				t.Errorf("%s\nbecame %s\nnot    %s", c.src, got, c.want)
			}
			for _, place := range places {
				if c.did != "" && place.Action != c.did {
					t.Errorf("%+v", place)
				}
			}
			if len(places) == 0 {
				t.Error("nothing is reported")
			}
		})
	}
}

func TestPlacesOfWhatWasDroppedAreThoseOfTheOriginal(t *testing.T) {
	p := must(New(Config{Actions: map[string]Action{"detect:email": dropped, "key:pin": dropped}}))
	_, places := masked(t, p, `["ann@example.org",{"pin":1,"a":["bob@example.org",{"pin":2}]},4111111111111111]`, nil)
	var got []string
	for _, p := range places {
		got = append(got, p.Pointer+" "+p.Action)
	}
	want := []string{"/0 drop", "/1/pin drop", "/1/a/0 drop", "/1/a/1/pin drop", "/2 mask"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestPseudonymsJoinWithinAFieldAndNowhereElse(t *testing.T) {
	p := must(New(Config{
		Keys: []string{"customer"}, Paths: []string{"/**/email"},
		Actions:   map[string]Action{"key:customer": pseudonym, "path:/**/email": pseudonym, "detect:card": pseudonym, "schema": pseudonym},
		Pseudonym: keyed("k1"),
	}))
	of := func(p *Policy, src string) string {
		got, places := masked(t, p, src, nil)
		if places[len(places)-1].Action != "pseudonym" {
			t.Errorf("%s: %+v", src, places)
		}
		return got
	}
	mark := strings.Split(of(p, `{"customer":"ann"}`), `"`)[3]
	if !strings.HasPrefix(mark, "[masked:k1:") || len(mark) != len("[masked:k1:]")+tagLength || strings.Contains(mark, "ann") {
		t.Fatal(mark)
	}
	if got := of(p, `[{"Customer":"ann"},{"x":[{"customer":"\u0061nn"}]}]`); strings.Count(got, mark) != 2 {
		t.Errorf("the same value has other pseudonyms: %s", got)
	}
	if got := of(p, `{"customer":"bob"}`); strings.Contains(got, mark) {
		t.Error("another value has the same")
	}
	if got := of(p, `{"email":"ann"}`); strings.Contains(got, mark) {
		t.Error("another field has the same")
	}
	if got := of(must(New(Config{Keys: []string{"customer"}, Actions: map[string]Action{"default": pseudonym}, Pseudonym: keyed("k2")})), `{"customer":"ann"}`); strings.Contains(got, mark) {
		t.Error("another key gives the same")
	}
	if got, _ := p.Query("customer=ann"); got != "customer="+escape([]byte(mark)) {
		t.Errorf("a query has another: %s", got)
	}
	if got := of(p, `{"n":{"email":["a"]},"m":{"email":"b"}}`); strings.Contains(got, `"a"`) {
		t.Error(got)
	}
	card := func(s string) string { return strings.Trim(of(p, s), `[]"`) }
	if card(`["4111 1111 1111 1111"]`) != card(`[4111111111111111]`) {
		t.Error("a card number written otherwise is another")
	}
}

func TestAMarkIsNoDisguise(t *testing.T) {
	p := must(New(Config{Actions: map[string]Action{"key:token": partial4, "key:secret": pseudonym}, Pseudonym: keyed("k1")}))
	genuine := strings.Split(string(must2(p.JSON(nil, []byte(`{"secret":"x"}`), nil))), `"`)[3]
	forged := genuine[:len(genuine)-tagLength-1] + strings.Repeat("hunter22", 4) + "]"
	for src, want := range map[string]string{
		`{"password":"[masked:…hunter2]"}`:      `{"password":"[masked]"}`,
		`{"password":"[masked:k1:hunter2]"}`:    `{"password":"[masked]"}`,
		`{"password":"` + genuine + `"}`:        `{"password":"[masked]"}`,
		`{"token":"[masked:…1234]"}`:            `{"token":"[masked:…1234]"}`,
		`{"token":"[masked:…a horse 1234]"}`:    `{"token":"[masked:…1234]"}`,
		`{"token":"[masked:…12345]"}`:           `{"token":"[masked:…2345]"}`,
		`{"secret":"` + genuine + `"}`:          `{"secret":"` + genuine + `"}`,
		`{"a":"[masked:…4111111111111111]"}`:    `{"a":"[masked:…[masked]]"}`,
		`{"a":"token=[masked:…1234] x"}`:        `{"a":"token=[masked:…1234] x"}`,
		`{"a":"secret=` + genuine + `&x=1"}`:    `{"a":"secret=` + genuine + `&x=1"}`,
		`{"a":"secret: ` + genuine + `\nx: 1"}`: `{"a":"secret: ` + genuine + `\nx: 1"}`,
	} {
		if got, _ := masked(t, p, src, nil); got != want {
			t.Errorf("%s became %s, not %s", src, got, want)
		}
	}
	if got, _ := masked(t, p, `{"secret":"`+forged+`"}`, nil); strings.Contains(got, "hunter") {
		t.Errorf("a forged mark went through: %s", got)
	}
}

func must2(out []byte, _ []Place, err error) []byte { return must(out, err) }

func TestClientsSeeMaskedValuesOfTheSameTypes(t *testing.T) {
	p := must(New(Config{Actions: map[string]Action{"default": dropped}, Paths: []string{"/p", "/ssn"}})).ForClients()
	for src, want := range map[string]string{
		`{"pin":"1","otp":12.5e3,"cvv":true,"ssn":null,"jwt":false}`:                `{"pin":"[masked]","otp":0,"cvv":true,"ssn":null,"jwt":false}`,
		`{"ssn":true,"p":true,"has_pin":true}`:                                      `{"ssn":false,"p":false,"has_pin":true}`,
		`{"token":{"a":[1, "b" ,{}],"ann@example.org":true},"z":1}`:                 `{"token":{"a":[0, "[masked]" ,{}],"[masked]":false},"z":1}`,
		`{"p":["x"],"n":4111111111111111,"s":"4111111111111111 ann@example.org x"}`: `{"p":["[masked]"],"n":0,"s":"[masked] [masked] x"}`,
		`{"value":5,"name":"token"}`:                                                `{"value":0,"name":"token"}`,
		`{"s":"{\"pin\":1}","q":"?token=x"}`:                                        `{"s":"{\"pin\":0}","q":"?token=[masked]"}`,
	} {
		got, places := masked(t, p, src, nil)
		if got != want || len(places) == 0 {
			t.Errorf("%s became %s, not %s", src, got, want)
		}
	}
}

func TestAPolicyWithActionsThatMakeNoSenseIsRefused(t *testing.T) {
	for _, c := range []struct {
		actions map[string]Action
		says    string
	}{
		{map[string]Action{"default": pseudonym}, "keyed hash"},
		{map[string]Action{"default": {Kind: ActPartial}}, "from 1 to 8"},
		{map[string]Action{"default": {Kind: ActPartial, Keep: 9}}, "from 1 to 8"},
		{map[string]Action{"default": {Kind: ActToken, Keep: 1}}, "partial"},
		{map[string]Action{"default": {Kind: 99}}, "99"},
		{map[string]Action{"key:color": dropped}, "keys"},
		{map[string]Action{"key:csrf_token": dropped}, "key:token"},
		{map[string]Action{"path:/nope": dropped}, "path"},
		{map[string]Action{"path:/list/0": dropped}, "index"},
		{map[string]Action{"detect:phone": dropped}, "detect:phone"},
		{map[string]Action{"detect:nope": dropped}, "detect:nope"},
		{map[string]Action{"password": dropped}, "as records show it"},
	} {
		if _, err := New(Config{Actions: c.actions, Paths: []string{"/list/0"}}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v", c.actions, err)
		}
	}
	for kind, keep := range map[string]int{"mask": 0, "partial": 0, "token": 3, "": 0} {
		if _, err := ParseAction(kind, keep); err == nil {
			t.Errorf("%s %d was accepted", kind, keep)
		}
	}
	if a, err := ParseAction("partial", 4); err != nil || a != partial4 {
		t.Error(a, err)
	}
}

// wholeMarks mark the member m of any object and say how.
type wholeMarks struct{ act Action }

func (wholeMarks) Start() int { return 1 }
func (wholeMarks) Key(state int, key []byte) int {
	if string(key) == "m" {
		return 2
	}
	return state
}
func (wholeMarks) Index(state, _ int) int    { return state }
func (wholeMarks) Marked(state int) bool     { return state == 2 }
func (m wholeMarks) Action(state int) Action { return m.act }

func TestMarksMaySayHowToMask(t *testing.T) {
	p := must(New(Config{Actions: map[string]Action{"schema": partial4}, Pseudonym: keyed("k1")}))
	const src = `{"a":[{"m":"0123456789"}],"b":"{\"m\":\"0123456789\",\"c\":1}"}`
	for act, want := range map[Action]string{
		{}:                  `{"a":[{"m":"[masked:…6789]"}],"b":"{\"m\":\"[masked:…6789]\",\"c\":1}"}`,
		{Kind: ActToken}:    `{"a":[{"m":"[masked]"}],"b":"{\"m\":\"[masked]\",\"c\":1}"}`,
		{Kind: ActDrop}:     `{"a":[{}],"b":"{\"c\":1}"}`,
		{Kind: ActPartial}:  `{"a":[{"m":"[masked]"}],"b":"{\"m\":\"[masked]\",\"c\":1}"}`,
		{Kind: ActPreserve}: `{"a":[{"m":"[masked]"}],"b":"{\"m\":\"[masked]\",\"c\":1}"}`,
	} {
		if got, _ := masked(t, p, src, wholeMarks{act}); got != want {
			t.Errorf("%+v: %s", act, got)
		}
	}
	if got, _ := masked(t, p, src, wholeMarks{pseudonym}); strings.Count(got, "[masked:k1:") != 2 {
		t.Error(got)
	}
	if got, _ := masked(t, p.ForClients(), `{"m":5}`, wholeMarks{dropped}); got != `{"m":0}` {
		t.Error(got)
	}
}

func TestPathsAndMarksReachIntoJSONWithinStrings(t *testing.T) {
	p := must(New(Config{Paths: []string{"/payload/x", "/list/*/y"}}))
	q := func(s string) string { return string(jsonscan.AppendQuoted(nil, []byte(s))) }
	for src, want := range map[string]string{
		`{"payload":` + q(`{"x":1,"y":2}`) + `,"x":3}`:            `{"payload":` + q(`{"x":"[masked]","y":2}`) + `,"x":3}`,
		`{"list":[` + q(`{"x":1,"y":2}`) + `]}`:                   `{"list":[` + q(`{"x":1,"y":"[masked]"}`) + `]}`,
		`{"payload":` + q(q(`{"x":1}`)) + `}`:                     `{"payload":` + q(q(`{"x":"[masked]"}`)) + `}`,
		`{"payload":"eyJ4IjoxfQ==","other":"eyJ4IjoxfQ=="}`:       `{"payload":"[masked]","other":"eyJ4IjoxfQ=="}`,
		`{"payload":"a text where an object was expected","z":1}`: `{"payload":"a text where an object was expected","z":1}`,
	} {
		if got, _ := masked(t, p, src, nil); got != want {
			t.Errorf("%s became %s", src, got)
		}
	}
}
