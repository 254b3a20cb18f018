package exchange

import (
	"net/http"
	"strings"
	"testing"
)

const formSchema = `{"properties":{
	"note":{"type":"string"},
	"code":{"x-sensitive":true},
	"customer":{"properties":{"phone":{"x-sensitive":true},"name":{}}},
	"items":{"items":{"properties":{"pin_hint":{"x-sensitive":true}}}},
	"tags":{"type":"array","items":{"x-sensitive":true}}
}}`

func TestMarksReachBelowTheTopOfAForm(t *testing.T) {
	marks := marksOf(loaded(t, formSchema))
	for form, want := range map[string]string{
		"note=a&code=LEAK":                                               "note=a&code=%5Bmasked%5D",
		"note=a;code=LEAK":                                               "note=a;code=%5Bmasked%5D",
		"note=a;customer.phone=LEAK;x=1&y=2":                             "note=a;customer.phone=%5Bmasked%5D;x=1&y=2",
		"code=LEAK;x=LEAK":                                               "code=%5Bmasked%5D",
		"code[]=LEAK&code%5B%5D=LEAK":                                    "code[]=%5Bmasked%5D&code%5B%5D=%5Bmasked%5D",
		"code[a][b]=LEAK&code.x=LEAK":                                    "code[a][b]=%5Bmasked%5D&code.x=%5Bmasked%5D",
		"customer[phone]=LEAK&customer[name]=a":                          "customer[phone]=%5Bmasked%5D&customer[name]=a",
		"customer.phone=LEAK&customer.name=a":                            "customer.phone=%5Bmasked%5D&customer.name=a",
		"items[0][pin_hint]=LEAK&items[0][x]=a":                          "items[0][pin_hint]=%5Bmasked%5D&items[0][x]=a",
		"items[][pin_hint]=LEAK&items.7.pin_hint=LEAK":                   "items[][pin_hint]=%5Bmasked%5D&items.7.pin_hint=%5Bmasked%5D",
		"items.pin_hint=LEAK":                                            "items.pin_hint=%5Bmasked%5D",
		"tags=LEAK&tags[]=LEAK&tags[3]=LEAK":                             "tags=%5Bmasked%5D&tags[]=%5Bmasked%5D&tags[3]=%5Bmasked%5D",
		"customer=%7B%22phone%22%3A%22LEAK%22%2C%22name%22%3A%22a%22%7D": "customer=%7B%22phone%22%3A%22%5Bmasked%5D%22%2C%22name%22%3A%22a%22%7D",
		"customer=%7B%22phone%22%3A%22LEAK%22%2C%7D":                     "customer=%5Bmasked%5D",
		"items=%5B%7B%22pin_hint%22%3A%22LEAK%22%7D%5D":                  "items=%5B%7B%22pin_hint%22%3A%22%5Bmasked%5D%22%7D%5D",
		"customer=a&note=%7B%22phone%22%3A1%7D":                          "customer=a&note=%7B%22phone%22%3A1%7D",
		"a" + strings.Repeat("[a]", maxSteps) + "=LEAK":                  "a" + strings.Repeat("[a]", maxSteps) + "=%5Bmasked%5D",
	} {
		got, masked := testMasker.Body("request", ofMedia("application/x-www-form-urlencoded"), []byte(form), marks)
		if text(got) != want || (masked == nil) != (form == want) {
			t.Errorf("%s became %s, %+v", form, text(got), masked)
		}
	}
	for name, value := range map[string]string{"customer": `{"phone":"LEAK"}`, "customer[phone]": "LEAK", "items.0.pin_hint": "LEAK", "tags[]": "LEAK", "items": `[{"pin_hint":"LEAK"}`} {
		for _, kind := range []string{"", "\r\nContent-Type: application/json", "\r\nContent-Type: text/plain"} {
			got, masked := testMasker.Body("request", ofMedia(multipartType), []byte(multipartOf(`Content-Disposition: form-data; name="`+name+`"`+kind, value)), marks)
			if strings.Contains(text(got), "LEAK") || len(masked) != 1 {
				t.Errorf("%s%s: %s %+v", name, kind, text(got), masked)
			}
		}
	}
}

func TestTheListOfMaskedFieldsIsBounded(t *testing.T) {
	marks := marksOf(loaded(t, formSchema))
	for _, form := range []string{strings.Repeat("code=LEAK&", 1000), strings.Repeat("customer=%7B%22phone%22%3A%22LEAK%22%7D&", 1000), strings.Repeat("x=1;code=LEAK&", 1000)} {
		got, masked := testMasker.Body("request", ofMedia("application/x-www-form-urlencoded"), []byte(form), marks)
		if strings.Contains(text(got), "LEAK") || len(masked) != maxMasked || masked[maxMasked-1].Rule != "more" || masked[maxMasked-1].Count < 1000-maxMasked {
			t.Errorf("%d places, the last %+v", len(masked), masked[len(masked)-1])
		}
	}
}

func TestAStrayBodyIsMaskedWhole(t *testing.T) {
	x := &Exchange{Plan: &Plan{Stray: true, Response: func(int, http.Header) Expected { return Expected{Stray: true} }}}
	for media, c := range map[string][2]string{
		"application/json":                  {`{"LEAK":"LEAK"}`, `"[masked]"`},
		"application/json;":                 {`{"LEAK":"LEAK",}`, ""},
		"application/x-ndjson":              {"{\"LEAK\":1}\n[2]\n", "\"[masked]\"\n\"[masked]\"\n"},
		"text/event-stream":                 {": LEAK\n\nid: LEAK\ndata: LEAK\ndata: {\"a\":\"LEAK\"}\n\n", "\ndata: [masked]\n\n"},
		"text/plain":                        {`{"a":"LEAK"}`, "[masked]"},
		"application/x-www-form-urlencoded": {"LEAK&LEAK=LEAK", "%5Bmasked%5D"},
		multipartType:                       {multipartOf("Content-Disposition: form-data; name=LEAK", "LEAK"), "[masked]"},
		"image/png":                         {"LEAK", ""},
	} {
		for side, marks := range map[string]any{"request": x.RequestMarks(), "response": x.Expected(200, nil).Secret()} {
			body, masked := testMasker.Body(side, ofMedia(media), []byte(c[0]), marks.(acting))
			if text(body) != c[1] || (c[1] == "") != (body.Omitted != "") || c[1] != "" && (len(masked) == 0 || masked[0].Part != side) {
				t.Errorf("%s of a %s: %q %+v", media, side, text(body), masked)
			}
		}
	}
	client := Masker{Policy: testMasker.Policy.ForClients()}
	clean, why := client.ForClient(200, ofMedia("application/json"), []byte(`{"a":"LEAK","n":[7,null]}`), everything)
	if string(clean) != `{"a":"[masked]","n":[0,null]}` || why != "" {
		t.Errorf("the client gets %s %s", clean, why)
	}
	if _, why := client.ForClient(200, ofMedia("image/png"), []byte("LEAK"), everything); why == "" {
		t.Error("a picture is released")
	}
}

func TestAPartOfABodyIsRecordedByDigest(t *testing.T) {
	got, masked := testMasker.Answer(206, ofMedia("text/plain"), []byte("LEAK"), nil)
	if got.Content != nil || got.Omitted != "partial" || got.Digest == "" || masked != nil {
		t.Errorf("%+v", got)
	}
	if got, _ := testMasker.Answer(206, nil, nil, nil); got != nil {
		t.Errorf("no part: %+v", got)
	}
	h := http.Header{"Content-Type": {"application/json"}, "Content-Range": {"bytes 9-14/20"}}
	if got, _ := testMasker.Body("request", h, []byte(`"LEAK"`), nil); got.Content != nil || got.Omitted != "partial" {
		t.Errorf("%+v", got)
	}
}
