package masking

import "testing"

func TestParametersAndCookiesAndFieldsHaveActionsToo(t *testing.T) {
	p := must(New(Config{Actions: map[string]Action{"key:token": dropped, "detect:email": dropped, "key:pin": partial4}}))
	for raw, want := range map[string]string{
		"token=a&x=1&token=b":                       "x=1",
		"token=a":                                   "",
		"q=ann%40example.org&x=1":                   "x=1",
		"pin=123456789":                             "pin=%5Bmasked%3A%E2%80%A66789%5D",
		"pin=%5Bmasked%3A%E2%80%A66789%5D":          "pin=%5Bmasked%3A%E2%80%A66789%5D",
		"x=%7B%22token%22%3A1%2C%22a%22%3A2%7D&b=1": "x=%7B%22a%22%3A2%7D&b=1",
	} {
		got, places := p.Query(raw)
		if got != want || len(places) == 0 {
			t.Errorf("%s became %s: %+v", raw, got, places)
		}
	}
	if got, places := p.Field("csrf_token", "x"); got != Token || places[0] != (Place{"csrf_token", "key:token", "mask", 1}) {
		t.Error(got, places)
	}
	if got, places := p.Field("pin", "123456789"); got != "[masked:…6789]" || places[0].Action != "partial" {
		t.Error(got, places)
	}
	if got, _ := p.Field("note", "mail ann@example.org"); got != "mail [masked]" {
		t.Error(got)
	}
	if got, places := p.Field("note", "hello"); got != "hello" || places != nil {
		t.Error(got, places)
	}
	for in, want := range map[string]string{
		"":                          "",
		"a=b":                       "a=[masked]",
		"theme=dark; sid=\"x y\";z": "theme=[masked]; sid=[masked];[masked]",
		"csrf_token=x; a=b":         "a=[masked]",
		"sid=x; Path=/app; Secure; HttpOnly; SameSite=Lax; Max-Age=3600; Domain=.example.org; Expires=Wed, 21 Oct 2026 07:28:00 GMT": "sid=[masked]; Path=/app; Secure; HttpOnly; SameSite=Lax; Max-Age=3600; Domain=.example.org; Expires=Wed, 21 Oct 2026 07:28:00 GMT",
		"Path=hunter2; path=hunter2; secure=hunter2; max-age=hunter2":                                                                "Path=[masked]; path=[masked]; secure=[masked]; max-age=[masked]",
		"ann@example.org=1": "[masked]=[masked]",
	} {
		got, places := p.SetCookie(in)
		if got != want || (len(places) == 0) != (in == "") {
			t.Errorf("%s became %s: %+v", in, got, places)
		}
		if again, _ := p.SetCookie(got); again != got {
			t.Errorf("%s became %s and then %s", in, got, again)
		}
	}
}

func TestARequestsCookiesHaveNoAttributes(t *testing.T) {
	for in, want := range map[string]string{
		"": "",
		"sid=x; path=/hunter2; domain=hunter.two; max-age=7777003; priority=low": "sid=[masked]; path=[masked]; domain=[masked]; max-age=[masked]; priority=[masked]",
		"sid=x; secure; samesite=lax; Expires=Wed, 21 Oct 2026 07:28:00 GMT":     "sid=[masked]; [masked]; samesite=[masked]; Expires=[masked]",
		"$Version=1; sid=x; $Path=/hunter2":                                      "$Version=[masked]; sid=[masked]; $Path=[masked]",
	} {
		got, places := standard().Cookies(in)
		if got != want || (len(places) == 0) != (in == "") {
			t.Errorf("%s became %s: %+v", in, got, places)
		}
		if again, _ := standard().Cookies(got); again != got {
			t.Errorf("%s became %s and then %s", in, got, again)
		}
	}
}
