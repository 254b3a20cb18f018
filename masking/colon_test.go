package masking

import (
	"strings"
	"testing"
)

func TestValuesBesideTheirSecretNameInAText(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"variables of Kubernetes", "env:\n- name: DB_PASSWORD\n  value: LEAK LEAK\n- name: USER\n  value: ann\n", "env:\n- name: DB_PASSWORD\n  value: [masked]\n- name: USER\n  value: ann\n"},
		{"further in", "  - name: API_KEY\n    optional: true\n    value: \"LEAK\"\n  - x", "  - name: API_KEY\n    optional: true\n    value: \"[masked]\"\n  - x"},
		{"a block", "- name: token\n  value: |\n    LEAK\n    LEAK\n- name: x", "- name: token\n  value: [masked]\n- name: x"},
		{"value first", "- value: LEAK\n  name: 'password'\n- value: 5\n  name: n", "- value: [masked]\n  name: 'password'\n- value: 5\n  name: n"},
		{"value first, in quotes", "- value: 'LEAK'\n  key: password", "- value: '[masked]'\n  key: password"},
		{"on one line", "env: [{name: DB_PASSWORD, value: LEAK}]", "env: [{name: DB_PASSWORD, value: [masked]"},
		{"JSON further on", `got {"name":"password","value":"LEAK"}, {"name":"user","value":"ann"}`, `got {"name":"password","value":"[masked]"}, {"name":"user","value":"ann"}`},
		{"JSON, value first", `got {"value":"LEAK", "key" : "api-key"} {"value":"ann"}`, `got {"value":"[masked]", "key" : "api-key"} {"value":"ann"}`},
		{"JSON in a log", `msg="{\"name\":\"password\",\"value\":\"LEAK\"}"`, `msg="{\"name\":\"password\",\"value\":\"[masked]\"}"`},
		{"a comment with braces between", "- name: DB_PASSWORD\n  # {{ x }}\n  value: LEAK", "- name: DB_PASSWORD\n  # {{ x }}\n  value: [masked]"},
		{"a list between", "- key: password\n  description: |\n    - a list\n  value: LEAK", "- key: password\n  description: |\n    - a list\n  value: [masked]"},
		{"JSON in lines", "x\n{\n  \"name\": \"password\",\n  \"on\": {\n    \"a\": 1\n  },\n  \"value\": \"LEAK\"\n}", "x\n{\n  \"name\": \"password\",\n  \"on\": {\n    \"a\": 1\n  },\n  \"value\": \"[masked]\"\n}"},
		{"a header in JSON", `got {"header":"Authorization","content":"LEAK"}`, `got {"header":"Authorization","content":"[masked]"}`},
		{"another item's", "- name: password\n- value: ann", "- name: password\n- value: ann"},
		{"another object's", `got {"name":"password"} {"value":"ann"}`, `got {"name":"password"} {"value":"ann"}`},
		{"another mapping's", "metadata:\n  name: api-token\nspec:\n  replicas: 2\n  value: blue", "metadata:\n  name: api-token\nspec:\n  replicas: 2\n  value: blue"},
		{"an outer mapping between", "- name: password\n  x: 1\nother:\n  value: ann", "- name: password\n  x: 1\nother:\n  value: ann"},
		{"further in", "name: password\nmore:\n  value: ann", "name: password\nmore:\n  value: ann"},
		{"content", "metadata:\n  name: password\n  content: hello", "metadata:\n  name: password\n  content: hello"},
		{"prose", "Invalid field: password\nContent: {\"error\":\"too short\"}", "Invalid field: password\nContent: {\"error\":\"too short\"}"},
		{"prose on one line", "the name: token value: five", "the name: token value: five"},
		{"mail", "Content: Dear Ann, thank you.\nName: Pin", "Content: Dear Ann, thank you.\nName: Pin"},
		{"far away", "name: password\n" + strings.Repeat("a: 1\n", 300) + "value: ann", "name: password\n" + strings.Repeat("a: 1\n", 300) + "value: ann"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, places := standard().Text(c.in)
			if got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
			if c.in != c.want && (len(places) != 1 || !strings.HasPrefix(places[0].Rule, "key:")) {
				t.Errorf("%+v", places)
			}
			if again, _ := standard().Text(got); again != got {
				t.Errorf("masked again it is %q", again)
			}
		})
	}
}

func TestValuesAfterSecretNamesAndColonsAreMasked(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"JSON further on", `request body {"password":"LEAK"}`, `request body {"password":"[masked]"}`},
		{"spaced", `got {"user": "ann", "pin" : "LEAK", "a": 1} ok`, `got {"user": "ann", "pin" : "[masked]", "a": 1} ok`},
		{"behind a prefix", ")]}',\n{\"password\":\"LEAK\"}", ")]}',\n{\"password\":\"[masked]\"}"},
		{"escaped", `log "{\"password\":\"LE\\\"AK\",\"a\":1}"`, `log "{\"password\":\"[masked]\",\"a\":1}"`},
		{"escaped twice", `x {\\\"pin\\\":\\\"LEAK\\\\\\\"LEAK\\\",1}`, `x {\\\"pin\\\":\\\"[masked]\\\",1}`},
		{"an escaped quote", `x "pin":"LE\"AK\\","a":"b"`, `x "pin":"[masked]","a":"b"`},
		{"an escaped name", `x "pa\u0073sword":"LEAK", "p\\u0069n":"LEAK"`, `x "pa\u0073sword":"[masked]", "p\\u0069n":"[masked]"`},
		{"a number", `x {"pin": 1234, "a": 1}`, `x {"pin": [masked], "a": 1}`},
		{"a word", `x {"otp":null,"cvv":true}`, `x {"otp":[masked],"cvv":[masked]}`},
		{"an object", `x {"credentials":{"a":"}","b":["LEAK"]},"c":1}`, `x {"credentials":[masked],"c":1}`},
		{"an open array", `x {"recovery_codes":["LEAK","`, `x {"recovery_codes":[masked]`},
		{"an open text", `x {"password":"LEAK`, `x {"password":"[masked]`},
		{"a Python dictionary", `x {'password': 'LEAK', 'a': 1}`, `x {'password': '[masked]', 'a': 1}`},
		{"a quoted YAML name", "a: 1\n\"password\": LEAK LEAK\nb: 2", "a: 1\n\"password\": [masked]\nb: 2"},

		{"in columns", "user     : ann\npassword : LEAK\ntoken\t : LEAK", "user     : ann\npassword : [masked]\ntoken\t : [masked]"},
		{"three quotes", `login(password: """LEAK "LEAK" LEAK""", a: 1)`, `login(password: """[masked]""", a: 1)`},
		{"YAML", "user: ann\npassword: LEAK LEAK, LEAK\nb: 2", "user: ann\npassword: [masked]\nb: 2"},
		{"YAML in quotes", `password: 'LEAK''s "LEAK"' # now`, `password: '[masked]' # now`},
		{"a YAML block", "a:\n  password: |\n    LEAK\n\n    LEAK\n  b: 2", "a:\n  password: [masked]\n  b: 2"},
		{"a YAML mapping", "secrets:\n  a: LEAK\n  b: LEAK\nc: 3", "secrets:[masked]\nc: 3"},
		{"a YAML list", "recovery_codes:\n- LEAK\n- LEAK\nc: 3", "recovery_codes:[masked]\nc: 3"},
		{"a header line", "GET / HTTP/1.1\r\nAuthorization: Token LEAK\r\nHost: x\r\n", "GET / HTTP/1.1\r\nAuthorization: [masked]\r\nHost: x\r\n"},
		{"a folded header line", "Cookie: a=LEAK;\r\n b=LEAK\r\nHost: x", "Cookie: [masked]\r\nHost: x"},
		{"a header in quotes", `curl -H 'Authorization: Token LEAK' -H "X-Api-Key:LEAK" x`, `curl -H 'Authorization: [masked]' -H "X-Api-Key:[masked]" x`},
		{"a header in escaped quotes", `x ["a","Cookie: LEAK","b"], \"Cookie: LEAK\",b`, `x ["a","Cookie: [masked]","b"], \"Cookie: [masked]\",b`},
		{"prose", "her password: LEAK LEAK", "her password: [masked]"},
		{"without a space", "user:x password:LEAK", "user:x password:[masked]"},
		{"two words", "My API key: LEAK", "My API key: [masked]"},
		{"behind an escaped line's end", `a\npin: LEAK`, `a\npin: [masked]`},
		{"encoded", "p%2561ssword: LEAK", "p%2561ssword: [masked]"},
		{"a dotted name", "user.pin:1234", "user.pin:[masked]"},
		{"a variable's default", `query($token: String = "LEAK") { a }`, `query($token: [masked]`},
		{"what begins as a variable", "password: $LEAK-password", "password: [masked]"},
		{"a variable with a default", "password: ${DB_PASSWORD:-LEAK}", "password: [masked]"},
		{"what could be a variable of another name", "password: $SecretLEAK1", "password: [masked]"},
		{"a URN of one's own", "see urn:example:token:LEAK", "see urn:example:token:[masked]"},
		{"a variable without a secret name", "password: $ecretLEAK", "password: [masked]"},
		{"what begins as a scope", "token:readLEAK", "token:[masked]"},
		{"a word as a password", "user:x password:write", "user:x password:[masked]"},
		{"behind a colon", "x:token:LEAK", "x:token:[masked]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, places := standard().Text(c.in)
			if got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
			if len(places) == 0 || !strings.HasPrefix(places[0].Rule, "key:") {
				t.Errorf("%+v", places)
			}
			if again, _ := standard().Text(got); again != got {
				t.Errorf("masked again it is %q", again)
			}
			if doc, _ := masked(t, standard(), `{"a":[`+quote(c.in)+`]}`, nil); doc != `{"a":[`+quote(c.want)+`]}` {
				t.Errorf("in a body it is %s", doc)
			}
		})
	}
}

func TestColonsAfterOtherNamesHideNothing(t *testing.T) {
	for _, in := range []string{
		"user: ann", "2026-11-21T18:03:59Z", "see: the secret of it", "tokens_used: 5", `x {"tokens_used":5,"secretary":"Ann"}`,
		"Token::new", "std::secret::x", "https://secret.example.org:8443/x", "https://token/a:b", "secret.example.org:8443",
		"a secret place: here", "the token is new: look", "password:", "password: ", "x \"password\":", `x {"pin":""}`, "pin:\nuser: ann",
		"mutation Login($email: String!, $password: String!, $pins: [Int!]) { login(email: $email, password: $password) { token user { id } } }",
		"query(\n  $id: ID!\n  $token: String!\n) { me(id: $id, token: $token) { id } }", "password: ${DB_PASSWORD}\nuser: ann", "token: $TOKEN, a: 1",
		"tokens:read secrets:write", "scope repo,token:create", "token:software:totp", `x "scopes":["secrets:list"]`,
		"arn:aws:secretsmanager:eu-west-1:123456789012:secret:MyDatabase-a1b2c3",
		"password: [masked]", `x {"pin": [masked], "a":1}`, `x {"pin":"[masked]"}`, "urn:ietf:params:oauth:grant-type:jwt-bearer",
	} {
		if got, places := standard().Text(in); got != in || len(places) > 0 {
			t.Errorf("%q became %q, %+v", in, got, places)
		}
	}
}

func TestANameEncodedMoreThanOnceIsSecretInAQuery(t *testing.T) {
	got, _ := standard().Query("pass%2577ord=LEAK&pass%252577ord=LEAK")
	if want := "pass%2577ord=%5Bmasked%5D&pass%252577ord=%5Bmasked%5D"; got != want {
		t.Errorf("got %s", got)
	}
}
