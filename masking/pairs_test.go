package masking

import (
	"fmt"
	"slices"
	"testing"
)

func TestTheValueBesideASecretNameIsMasked(t *testing.T) {
	for _, c := range []struct{ name, src, want string }{
		{"a header of a HAR file", `{"headers":[{"name":"Authorization","value":"LEAK"},{"name":"Accept","value":"a/b"}]}`,
			`{"headers":[{"name":"Authorization","value":"[masked]"},{"name":"Accept","value":"a/b"}]}`},
		{"the value first", `{"headers":[{"value":"LEAK","name":"Cookie"},{"value":"a/b","name":"Accept"}]}`,
			`{"headers":[{"value":"[masked]","name":"Cookie"},{"value":"a/b","name":"Accept"}]}`},
		{"other members between", `[{ "value" : "LEAK" ,"on":true,"x":{"name":"a"}, "name":"token" , "z":1}]`,
			`[{ "value" : "[masked]" ,"on":true,"x":{"name":"a"}, "name":"token" , "z":1}]`},
		{"key and val", `{"key":"api_key","val":"LEAK"}`, `{"key":"api_key","val":"[masked]"}`},
		{"header and content", `{"content":"LEAK","header":"Set-Cookie"}`, `{"content":"[masked]","header":"Set-Cookie"}`},
		{"field and VALUE", `{"FIELD":"password","VALUE":12}`, `{"FIELD":"password","VALUE":"[masked]"}`},
		{"escaped keys and names", `{"v\u0061lue":"LEAK","n\u0061me":"p\u0069n","valu\u0065":"LEAK"}`,
			`{"v\u0061lue":"[masked]","n\u0061me":"p\u0069n","valu\u0065":"[masked]"}`},
		{"a container", `{"value":{"a":["LEAK",{"value":1,"name":"b"}]},"name":"credentials","value":["LEAK"]}`,
			`{"value":"[masked]","name":"credentials","value":"[masked]"}`},
		{"a pair within a value", `{"value":{"value":"LEAK","name":"pin"},"name":"a"}`, `{"value":{"value":"[masked]","name":"pin"},"name":"a"}`},
		{"a pair within a pair", `{"value":{"value":"LEAK","name":"pin"},"name":"pin"}`, `{"value":"[masked]","name":"pin"}`},
		{"after something masked", `{"a":"ann@example.org","value":"bob@example.org LEAK","b":"ann@example.org","name":"pin","c":"ann@example.org"}`,
			`{"a":"[masked]","value":"[masked]","b":"[masked]","name":"pin","c":"[masked]"}`},
		{"a name that is masked itself", `{"value":"LEAK","name":"x.4111111111111111pin"}`, `{"value":"[masked]","name":"x.[masked]pin"}`},
		{"one of two names", `{"name":"pin","name":"a","value":"LEAK"}`, `{"name":"pin","name":"a","value":"[masked]"}`},
		{"the other one", `{"name":"a","value":"LEAK","name":"pin"}`, `{"name":"a","value":"[masked]","name":"pin"}`},
		{"masked already", `{"value":"[masked]","name":"pin"}`, `{"value":"[masked]","name":"pin"}`},
		{"a password of Keycloak", `[{"type":"password","temporary":false,"value":"LEAK"},{"value":"LEAK","type":"Password"}]`,
			`[{"type":"password","temporary":false,"value":"[masked]"},{"value":"[masked]","type":"Password"}]`},
		{"a change of JSON Patch", `[{"op":"replace","path":"/user/password","value":"LEAK"},{"value":"LEAK","path":"/pin","op":"add"}]`,
			`[{"op":"replace","path":"/user/password","value":"[masked]"},{"value":"[masked]","path":"/pin","op":"add"}]`},
		{"one in an array", `[{"op":"add","path":"/tokens/-","value":"LEAK"},{"op":"add","path":"/pins/0","value":"LEAK"}]`,
			`[{"op":"add","path":"/tokens/-","value":"[masked]"},{"op":"add","path":"/pins/0","value":"[masked]"}]`},
		{"a change of SCIM", `{"Operations":[{"op":"Replace","path":"urn:ietf:params:scim:schemas:core:2.0:User:password","value":"LEAK"}]}`,
			`{"Operations":[{"op":"Replace","path":"urn:ietf:params:scim:schemas:core:2.0:User:password","value":"[masked]"}]}`},
		{"in a string", quote(`{"value":"LEAK","name":"pin"}`), quote(`{"value":"[masked]","name":"pin"}`)},
		{"in broken JSON", quote(`{"name": "pin","value":"LEAK"`), `"[masked]"`},
		{"too deep", quote(quote(quote(`[{"value":"LEAK","name":"pin"}]`))), quote(quote(`"[masked]"`))},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, places := masked(t, standard(), c.src, nil)
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if len(places) == 0 {
				t.Error("no place is reported")
			}
			if got, _, err := standard().JSON([]byte("x:"), []byte(c.src), nil); err != nil || string(got) != "x:"+c.want {
				t.Errorf("appended it is %s, %v", got, err)
			}
		})
	}
}

func TestValuesBesideOtherNamesStay(t *testing.T) {
	for _, src := range []string{
		`{"name":"Accept","value":"pin"}`, `{"name":{"a":"pin"},"value":1}`, `{"name":["pin"],"value":1}`, `{"name":"pin","values":1}`,
		`[{"name":"pin"},{"value":1}]`, `{"name":"pin","a":{"value":1}}`, `{"value":1,"a":{"name":"pin"}}`, `[{"value":1},{"name":"pin"}]`,
		`{"path":"/docs/pin.md","content":1}`, `{"path":"/password/rules","value":1}`, `{"path":"/","value":1}`, `{"path":"/0/-","value":1}`,
		`{"type":"token","value":"The"}`, `{"type":"pin","content":1}`, `{"type":["password"],"value":1}`,
		`{"title":"pin","value":1}`, `{"value":1,"name":null}`,
	} {
		if got, places := masked(t, standard(), src, nil); got != src || len(places) > 0 {
			t.Errorf("%s became %s, %+v", src, got, places)
		}
	}
}

func TestThePlaceOfAPairIsItsValues(t *testing.T) {
	_, places := masked(t, standard(), `{"a":[{"Value":1,"name":"pin"},{"name":"token","value":2}],"s":`+quote(`{"value":1,"name":"otp"}`)+`}`, nil)
	var got []string
	for _, p := range places {
		got = append(got, fmt.Sprint(p.Pointer, " ", p.Rule, " ", p.Count))
	}
	if want := []string{"/a/0/Value key:pin 1", "/a/1/value key:token 1", "/s key:otp 1"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
