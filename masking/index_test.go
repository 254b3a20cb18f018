package masking

import (
	"strings"
	"testing"
)

func TestNamesWithIndexesAreSecretWhereverTheyStand(t *testing.T) {
	for _, name := range []string{"token[0]", "cvv[a]", "pin[]", "iban[0][value]", "token.0", "pins", "otps[1]", "token_value", "user[token][0]"} {
		if got, _ := masked(t, standard(), `{`+quote(name)+`:"LEAK","a":{`+quote(name)+`:["LEAK"]}}`, nil); strings.Contains(got, "LEAK") {
			t.Errorf("JSON: %s", got)
		}
		for as, do := range map[string]func() (string, []Place){
			"query":         func() (string, []Place) { return standard().Query("a=1&" + name + "=LEAK") },
			"encoded":       func() (string, []Place) { return standard().Query(escape([]byte(name)) + "=LEAK") },
			"encoded twice": func() (string, []Place) { return standard().Query(escape([]byte(escape([]byte(name)))) + "=LEAK") },
			"text":          func() (string, []Place) { return standard().Text("see https://x.org/?a=1&" + name + "=LEAK now") },
			"text, encoded": func() (string, []Place) { return standard().Text("got " + escape([]byte(name)) + "=LEAK") },
			"a line":        func() (string, []Place) { return standard().Text("a: 1\n" + name + ": LEAK") },
			"quoted":        func() (string, []Place) { return standard().Text(`got {"` + name + `": "LEAK"}`) },
			"a header":      func() (string, []Place) { return standard().Field(name, "LEAK") },
			"a part":        func() (string, []Place) { return standard().Field(name, "LEAK") },
			"a pair":        func() (string, []Place) { return standard().Text(`{"name":"` + name + `","value":"LEAK"}`) },
		} {
			got, places := do()
			if strings.Contains(got, "LEAK") || len(places) == 0 {
				t.Errorf("%s as %s: %s", name, as, got)
			}
		}
	}
	if got, _ := masked(t, standard(), `{"otp%5B1%5D":"LEAK","name":"x"}`, nil); strings.Contains(got, "LEAK") {
		t.Error(got)
	}
}

func TestCountsAreNoSecrets(t *testing.T) {
	const usage = `{"usage":{"prompt_tokens":12,"completion_tokens":345,"total_tokens":357,"max_tokens":4096,"tokens_used":1,"num_tokens":5},"assertions":3,"cards":[1],"keys":["a"]}`
	if got, places := masked(t, standard(), usage, nil); got != usage {
		t.Errorf("%s: %+v", got, places)
	}
}
