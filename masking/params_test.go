package masking

import "testing"

func TestNamesBeforeEqualsSignsAreFoundAsLanguagesWriteThem(t *testing.T) {
	for in, want := range map[string]string{
		`['password' => 'LEAK', 'a' => 'b']`:                              `['password' => '[masked]', 'a' => 'b']`,
		`got {"pin"=>"LEAK", "a"=>"b"}`:                                   `got {"pin"=>"[masked]", "a"=>"b"}`,
		`got {"secrets"=>{"a"=>"LEAK LEAK"}, :b=>1}`:                      `got {"secrets"=>[masked], :b=>1}`,
		`got {:tokens=>["LEAK", "LEAK"], :b=>1}`:                          `got {:tokens=>[masked], :b=>1}`,
		`got {\"pin\"=>\"LEAK\", \"a\"=>1}`:                               `got {\"pin\"=>\"[masked]", \"a\"=>1}`,
		`"Password"="LEAK"`:                                               `"Password"="[masked]"`,
		"user             = a\npassword         = \"LEAK\"":               "user             = a\npassword         = \"[masked]\"",
		"password\t=\t\tLEAK\nb=2":                                        "password\t=\t\t[masked]\nb=2",
		"password = \"\"\"\nLEAK \"LEAK\"\"\"\"\nb = 2":                   "password = \"\"\"[masked]\"\"\"\nb = 2",
		"password = '''LEAK'LEAK'''\nb = 2":                               "password = '''[masked]'''\nb = 2",
		`Uid=a;Pwd={LEAK;a=LEAK};b=2`:                                     `Uid=a;Pwd=[masked];b=2`,
		"const password = `LEAK LEAK`;":                                   "const password = `[masked]`;",
		`x.pin == 'LEAK' || x.pin!="LEAK"`:                                `x.pin == '[masked]' || x.pin!="[masked]"`,
		`password ??= "LEAK"; token ||= 'LEAK'`:                           `password ??= "[masked]"; token ||= '[masked]'`,
		`connect(user=b'a', password=b'LEAK', x=1)`:                       `connect(user=b'a', password=[masked], x=1)`,
		`User(password=SecretStr("LEAK"), x=1)`:                           `User(password=[masked], x=1)`,
		"to https://app/cb?code=LEAK-LEAK-LEAK&state=xyz now":             "to https://app/cb?code=[masked]&state=xyz now",
		"/cb?state=xyz&a=b&code=4/LEAK-LEAK-LEAK, /next":                  "/cb?state=xyz&a=b&code=[masked], /next",
		"//h/a.jpg?Expires=1&Signature=LEAK~LEAK-LEAK_":                   "//h/a.jpg?Expires=1&Signature=[masked]",
		"/cb?next=https%3A%2F%2Fh%2F%3Fcode%3DLEAK-LEAK-LEAK%26state%3Dx": "/cb?next=[masked]",
		`<input name="pin" type="text" value="LEAK">`:                     `<input name="pin" type="text" value="[masked]">`,
	} {
		got, places := standard().Text(in)
		if got != want || len(places) == 0 {
			t.Errorf("%s\nbecame %s\nnot    %s", in, got, want)
		}
		if again, _ := standard().Text(got); again != got {
			t.Errorf("%s became %s", got, again)
		}
	}
	for _, in := range []string{
		"code=ABCDEFGHIJKLMN and state=Texas", "/a?code=ABCDEFGHIJKLMN /b?state=x", "/a?state=x&next=/b?code=ABCDEFGHIJKLMN", "/a?code=SAVE10&state=x",
		"export PASSWORD=$DB_PASSWORD; run --token=\"${TOKEN}\"", "Signature=0123456789abcdef of it", "done: tokens=12 max_new_tokens=5", "tokens: 12", `got {"total": 1, "new_tokens": 12}`,
		`"a"="b"`, `alt="pin" =`, `"pin" b = c`, "a   = b", `pins = ""`, "YWJjcHdk== there", `a == "b"`, `'x?pins='`} {
		if got, places := standard().Text(in); got != in {
			t.Errorf("%s became %s: %+v", in, got, places)
		}
	}
}

func TestPercentEncodingThatLeavesSlashesHidesNothing(t *testing.T) {
	for in, want := range map[string]string{
		"/x?next=redis%3A//%3ALEAK%40h%3A6379/0&y=1":             "/x?next=[masked]&y=1",
		"see https%3A//u%3ALEAK%40h/p there":                     "see [masked] there",
		"/x?q=%3Cpin%3E%3C%21%5BCDATA%5BLEAK%5D%5D%3E%3C/pin%3E": "/x?q=[masked]",
		"/users/a%20b/c%2Fd/%C3%A9?q=https%3A//h/a%20b":          "/users/a%20b/c%2Fd/%C3%A9?q=https%3A//h/a%20b",
	} {
		got, _ := standard().Text(in)
		if got != want {
			t.Errorf("%s\nbecame %s\nnot    %s", in, got, want)
		}
	}
}

func TestThePasswordOfAnAddressInAPathIsMasked(t *testing.T) {
	for in, want := range map[string]string{
		"/fetch/https://u:LEAK@h/p":       "/fetch/https%3A//u%3A%5Bmasked%5D%40h/p",
		"/fetch/https%3A//u%3ALEAK%40h/p": "/fetch/https%3A//u%3A%5Bmasked%5D%40h/p",
		"/fetch/https://h/a%2Fb":          "/fetch/https://h/a%2Fb",
		"/a://":                           "/a://",
	} {
		got, places := standard().Path(in)
		if got != want || (got != in) != (len(places) == 1 && places[0].Pointer == "2") {
			t.Errorf("%s\nbecame %s, %v\nnot    %s", in, got, places, want)
		}
		if again, _ := standard().Path(got); again != got {
			t.Errorf("%s became %s", got, again)
		}
	}
}

func TestThePasswordOfAnAddressWithEscapedSlashesIsMasked(t *testing.T) {
	for in, want := range map[string]string{
		`got {"url":"https:\/\/u:LEAK@h\/x"} there`:  `got {"url":"https:\/\/u:[masked]@h\/x"} there`,
		`got {\"url\":\"https:\\/\\/u:LEAK@h\\/x\"}`: `got {\"url\":\"https:\\/\\/u:[masked]@h\\/x\"}`,
		`got {"url":"https:\/\/h:80\/x","a":"b@c"}`:  `got {"url":"https:\/\/h:80\/x","a":"b@c"}`,
		`C:\/x:y@h`: `C:\/x:y@h`,
	} {
		got, _ := standard().Text(in)
		if got != want {
			t.Errorf("%s\nbecame %s\nnot    %s", in, got, want)
		}
	}
}
