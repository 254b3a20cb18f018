package masking

import (
	"fmt"
	"slices"
	"testing"
)

func TestQueriesAndFormsAreMaskedByNameAndByDetector(t *testing.T) {
	const m = "%5Bmasked%5D"
	for _, c := range []struct{ raw, want string }{
		{"", ""},
		{"a=1&b=two+words&c", "a=1&b=two+words&c"},
		{"token=abc&a=1", "token=" + m + "&a=1"},
		{"a=1&pass%77ord=abc", "a=1&pass%77ord=" + m},
		{"Api+Key=abc", "Api+Key=" + m},
		{"user[password]=x&user%5Btoken%5D=y", "user[password]=" + m + "&user%5Btoken%5D=" + m},
		{"pin=", "pin=" + m},
		{"pin", "pin"},
		{"pin=1&pin=2", "pin=" + m + "&pin=" + m},
		{"token=[masked]", "token=" + m},
		{"a=1;token=abc", "a=1%3Btoken%3D" + m},
		{"token=ab;cd=ef&x=1", "token=" + m + "&x=1"},
		{"a;token=x", "a;token=" + m},
		{"a=b=c&sig=x%2By", "a=b=c&sig=" + m},
		{"card=4111+1111+1111+1111", "card=" + m},
		{"q=mail+ann%40example.org+now", "q=mail%20" + m + "%20now"},
		{"q=%2534%2531%2531%2531%2531%2531%2531%2531%2531%2531%2531%2531%2531%2531%2531%2531", "q=" + m},
		{"ann%40example.org=1", m + "=" + m},
		{"a=%zz&b=1", "a=" + m + "&b=1"},
		{"%zz=hunter2&b=1", "%zz=" + m + "&b=1"},
		{"%e9=%e9", "%e9=%e9"},
		{"state=%7B%22pin%22%3A1%7D", "state=%7B%22pin%22%3A%22" + m + "%22%7D"},
		{"state=eyJwYXNzd29yZCI6IngifQ", "state=" + m},
		{"next=https%3A%2F%2Fx.org%2F%3Ftoken%3Dabc", "next=https%3A%2F%2Fx.org%2F%3Ftoken%3D" + m},
		{`{"password":"a=b&c"}`, `%7B%22password%22%3A%22` + m + `%22%7D`},
		{`{pAn =0000&00000000000000":`, m},
		{"name=password&value=LEAK&x=1", "name=password&value=" + m + "&x=1"},
		{"value=LEAK&val=LEAK&Name=api_key&value=red&Name=colour", "value=" + m + "&val=" + m + "&Name=api_key&value=red&Name=colour"},
		{"key=DB%5FPASSWORD&value=LEAK&key=PORT&value=80", "key=DB%5FPASSWORD&value=" + m + "&key=PORT&value=80"},
		{"name=pin&name=a&value=LEAK&value=LEAK&name=a&value=1", "name=pin&name=a&value=" + m + "&value=" + m + "&name=a&value=1"},
		{"v[0][name]=PORT&v[0][value]=80&v%5B1%5D%5Bname%5D=token&v%5B1%5D%5Bvalue%5D=LEAK", "v[0][name]=PORT&v[0][value]=80&v%5B1%5D%5Bname%5D=token&v%5B1%5D%5Bvalue%5D=" + m},
		{"P.member.1.ParameterKey=DBPassword&P.member.2.ParameterKey=a&P.member.2.ParameterValue=1&P.member.1.ParameterValue=LEAK",
			"P.member.1.ParameterKey=DBPassword&P.member.2.ParameterKey=a&P.member.2.ParameterValue=1&P.member.1.ParameterValue=" + m},
		{"name=x.4111111111111111pin&value=LEAK", "name=x." + m + "pin&value=" + m},
		{"a_name=token&value=1&b_value=2", "a_name=token&value=1&b_value=2"},
		{"value=1&value=2&user=ann", "value=1&value=2&user=ann"},
		{"code=SplxlOBeZQQYbYS6WxSbIA&state=af0ifjsldkj", "code=" + m + "&state=af0ifjsldkj"},
		{"grant_type=authorization_code&CODE=SplxlOBeZQQYbYS6WxSbIA", "grant_type=authorization_code&CODE=" + m},
		{"grant_type=client_credentials&code=SplxlOBeZQQYbYS6WxSbIA", "grant_type=client_credentials&code=SplxlOBeZQQYbYS6WxSbIA"},
		{"code=SUMMER25&state=CA&country_code=US", "code=SUMMER25&state=CA&country_code=US"},
		{"code=SplxlOBeZQQYbYS6WxSbIA&country=US", "code=SplxlOBeZQQYbYS6WxSbIA&country=US"},
		{"Expires=1141889120&Signature=vjbyPxybdZaNmGa%2ByT272YEAiv4%3D", "Expires=1141889120&Signature=" + m},
		{"signature=vjbyPxybdZaNmGa%2ByT272YEAiv4%3D&payload=x", "signature=vjbyPxybdZaNmGa%2ByT272YEAiv4%3D&payload=x"},
		{"max_new_tokens=12&tokens=LEAK&token=12", "max_new_tokens=12&tokens=" + m + "&token=" + m},
		{"x=1%26password%3Dabc", "x=1%26password%3D" + m},
	} {
		got, places := standard().Query(c.raw)
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.raw, got, c.want)
		}
		if (len(places) > 0) != (got != c.raw) {
			t.Errorf("%s: %+v", c.raw, places)
		}
		if again, _ := standard().Query(got); again != got {
			t.Errorf("%s became %s and then %s", c.raw, got, again)
		}
	}
}

func TestWhatBecomesOfACodeCanBeSaid(t *testing.T) {
	p := must(New(Config{Actions: map[string]Action{"key:code": dropped, "key:signature": partial4}}))
	got, places := p.Query("code=SplxlOBeZQQYbYS6WxSbIA&state=x&Expires=1&Signature=vjbyPxybdZaNmGa")
	if want := "state=x&Expires=1&Signature=" + escape([]byte("[masked:…NmGa]")); got != want || len(places) != 2 || places[0] != (Place{"code", ruleCode, "drop", 1}) {
		t.Errorf("%s, %+v", got, places)
	}
	if _, err := New(Config{NoDefaults: true, Actions: map[string]Action{"key:code": dropped}}); err == nil {
		t.Error("an action for a rule that is no more")
	}
}

func TestAQuerysPlacesAreItsNames(t *testing.T) {
	_, places := standard().Query("token=a&token=b&q=ann%40example.org&bob%40example.org=1&x=%zz")
	var got []string
	for _, p := range places {
		got = append(got, fmt.Sprint(p.Pointer, " ", p.Rule, " ", p.Count))
	}
	want := []string{"token key:token 2", "q detect:email 1", "[masked] detect:email 1", "[masked] nested 1", "x undecodable 1"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

func TestPathsOfURLsAreMaskedBySegment(t *testing.T) {
	for path, want := range map[string]string{
		"":                            "",
		"/":                           "/",
		"/orders/42/items":            "/orders/42/items",
		"/users/ann@example.org/x":    "/users/%5Bmasked%5D/x",
		"/users/ann%40example.org":    "/users/%5Bmasked%5D",
		"/cards/4111%201111-11111111": "/cards/%5Bmasked%5D",
		"/a/" + jwt:                   "/a/%5Bmasked%5D",
		"/a;token=abc/b":              "/a%3Btoken%3D%5Bmasked%5D/b",
		"/a/%zz/b":                    "/a/%5Bmasked%5D/b",
		"/caf%C3%A9/a%2Fb":            "/caf%C3%A9/a%2Fb",
	} {
		got, places := standard().Path(path)
		if got != want || (len(places) > 0) != (got != path) {
			t.Errorf("%s: got %s, %+v", path, got, places)
		}
		if again, _ := standard().Path(got); again != got {
			t.Errorf("%s became %s", got, again)
		}
	}
	if _, places := standard().Path("/a/b/ann@example.org"); places[0] != (Place{"3", ruleEmail, "mask", 1}) {
		t.Errorf("%+v", places)
	}
}

func TestHeadersAreMaskedByNameOrAsText(t *testing.T) {
	for _, c := range []struct{ name, value, want, pointer string }{
		{"Authorization", "Basic abc", Token, "Authorization"},
		{"cookie", "a=b", Token, "cookie"},
		{"Set-Cookie", "", Token, "Set-Cookie"},
		{"X-API-Key", "k", Token, "X-API-Key"},
		{"X-Auth-Token", "k", Token, "X-Auth-Token"},
		{"Accept", "application/json", "application/json", ""},
		{"Referer", "https://x.org/?token=abc&a=b", "https://x.org/?token=[masked]&a=b", "Referer"},
		{"X-Forwarded-User", "ann@example.org", Token, "X-Forwarded-User"},
		{"X-ann@example.org", "bob@example.org", Token, Token},
	} {
		got, places := standard().Field(c.name, c.value)
		if got != c.want || len(places) > 0 && places[0].Pointer != c.pointer || (c.pointer == "") != (len(places) == 0) {
			t.Errorf("%s: %s: got %s, %+v", c.name, c.value, got, places)
		}
	}
}

func TestTextIsMasked(t *testing.T) {
	for in, want := range map[string]string{
		"":                                  "",
		"hello":                             "hello",
		"card 4111 1111 1111 1111 is ann's": "card [masked] is ann's",
		`{"password":"x"}`:                  `{"password":"[masked]"}`,
		"dial tcp: postgres://a:b@c/d":      "dial tcp: postgres://a:[masked]@c/d",
	} {
		got, places := standard().Text(in)
		if got != want || (len(places) > 0) != (got != in) {
			t.Errorf("%s: got %s, %+v", in, got, places)
		}
	}
}
