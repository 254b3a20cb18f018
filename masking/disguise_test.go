package masking

import (
	"encoding/base64"
	"strings"
	"testing"
)

func TestNamesInDisguiseAreSecret(t *testing.T) {
	for _, name := range []string{
		"ｐａｓｓｗｏｒｄ", "pass\u00adword", "pass\u200bword", "\u2060password", "ＴＯＫＥＮ", "to\u200dken［0］", "𝐩𝐢𝐧", "p\ufe0fin", "ﬀ_ｔｏｋｅｎ",
		"api\u2011key", "api\u00a0key",
	} {
		for _, src := range []string{`{` + quote(name) + `:"LEAK"}`, `{"name":` + quote(name) + `,"value":"LEAK"}`} {
			if got, _ := masked(t, standard(), src, nil); strings.Contains(got, "LEAK") {
				t.Errorf("JSON: %s", got)
			}
		}
		for as, do := range map[string]func() (string, []Place){
			"query":  func() (string, []Place) { return standard().Query("a=1&" + escape([]byte(name)) + "=LEAK") },
			"form":   func() (string, []Place) { return standard().Query(name + "=LEAK") },
			"quoted": func() (string, []Place) { return standard().Text(`got {"` + name + `": "LEAK"}`) },
			"a part": func() (string, []Place) { return standard().Field(name, "LEAK") },
		} {
			got, places := do()
			if strings.Contains(got, "LEAK") || len(places) == 0 {
				t.Errorf("%s as %s: %s", name, as, got)
			}
		}
	}
}

func TestBase64OfASecretIsMaskedWhereverItStands(t *testing.T) {
	for _, inner := range []string{`{"password":"hunter2"}`, `[{"password":"hunter2"}]`, ` {"a":{"token":"hunter2"}}`, "{\n\"pin\": 1234}"} {
		for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
			b := enc.EncodeToString([]byte(inner))
			for text, want := range map[string]string{
				"https://h/?state=" + b:                        "https://h/?state=[masked]",
				"https://h/?state=" + b + "&x=1":               "https://h/?state=[masked]&x=1",
				"see https://h/cb?a=1&state=" + b + "#top now": "see https://h/cb?a=1&state=[masked]#top now",
				"state=" + b:                                           "state=[masked]",
				"data:application/json;base64," + b:                    "[masked]",
				"DATA:application/json;BASE64," + b:                    "[masked]",
				"Data:text/plain;charset=utf-8;Base64," + b:            "[masked]",
				"got DATA:application/json;BASE64," + b + " there":     "got DATA:application/json;BASE64,[masked] there",
				"<a href='data:application/json;base64," + b + "'>":    "<a href='data:application/json;base64,[masked]'>",
				"https://h/?next=data:application/json;BASE64," + b:    "https://h/?next=data:application/json;BASE64,[masked]",
				"https://h/cb/" + strings.TrimRight(b, "=") + "?state": "https://h/cb/[masked]?state",
			} {
				got, places := standard().Text(text)
				if got != want || len(places) == 0 {
					t.Errorf("%s\nbecame %s\nnot    %s", text, got, want)
				}
				if again, _ := standard().Text(got); again != got {
					t.Errorf("%s became %s", got, again)
				}
				if got, _ := masked(t, standard(), `{"q":`+quote(text)+`}`, nil); strings.Contains(got, b[4:12]) {
					t.Errorf("in JSON: %s", got)
				}
				if got, _ := standard().Query("q=" + escape([]byte(text))); strings.Contains(got, b[4:12]) {
					t.Errorf("in a query: %s", got)
				}
			}
		}
	}
	for _, text := range []string{"state eyJwYXNzd29yZCI6ImgifQ== now", "(eyJwYXNzd29yZCI6ImgifQ)", "a,eyJwYXNzd29yZCI6ImgifQ"} {
		if got, _ := standard().Text(text); strings.Contains(got, "eyJ") {
			t.Error(got)
		}
	}
	for _, text := range []string{
		"https://h/?state=eyJhIjoxfQ==", "eyeglasses=1 and keyboards: 2", "data:image/png;base64,iVBORw0KGgo=", "x=W3siYSI6MX1d", "ewogew==: 1",
	} {
		if got, places := standard().Text(text); got != text {
			t.Errorf("%s became %s: %+v", text, got, places)
		}
	}
}

func TestATokensActionIsNotThatOfWhatIsWithin(t *testing.T) {
	p := must(New(Config{Actions: map[string]Action{"detect:jwt": partial4}}))
	claims := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"password":"hunter2"}`)) + ".c2lnbmF0dXJl"
	if got, places := p.Text("got " + claims + " now"); got != "got [masked:…dXJl] now" || len(places) != 1 {
		t.Errorf("%s: %+v", got, places)
	}
}
