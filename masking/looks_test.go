package masking

import "testing"

func TestWhatLooksLikeACredentialIsMaskedWhereItsNameAllows(t *testing.T) {
	for src, want := range map[string]string{
		`{"auths":{"https://index.docker.io/v1/":{"auth":"dXNlcm5hbWU6aHVudGVyMg=="}}}`: `{"auths":{"https://index.docker.io/v1/":{"auth":"[masked]"}}}`,
		`{"auth":"ann\u003aLEAK"}`:  `{"auth":"ann\u003aLEAK"}`, // no base64
		`{"auth":"YW5uOmh1bnRlcg"}`: `{"auth":"[masked]"}`,
		`{"method":"host.get","auth":"0424bd59b807674191e7d77572075f33","id":1}`:                                          `{"method":"host.get","auth":"[masked]","id":1}`,
		`{"s":"{\"auth\":\"dXNlcm5hbWU6aHVudGVyMg==\"}"}`:                                                                 `{"s":"{\"auth\":\"[masked]\"}"}`,
		`{"primaryKey":"Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyMD0=","secondaryKey":"a"}`:                                `{"primaryKey":"[masked]","secondaryKey":"a"}`,
		`{"auth":"dXNlcm5hbWU6aHVudGVyMg\u003d\u003d","primaryKey":"Zm9v\u002BYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyMD0="}`: `{"auth":"[masked]","primaryKey":"[masked]"}`,
		`{"key1":"0424bd59b807674191e7d77572075f33"}`:                                                                     `{"key1":"[masked]"}`,
		`{"routing_key":"0424bd59b807674191e7d77572075f33","event_action":"trigger"}`:                                     `{"routing_key":"[masked]","event_action":"trigger"}`,
		`{"grant_type":"authorization_code","code":"4\/0AX4XfWh-LEAK","a":1}`:                                             `{"grant_type":"authorization_code","code":"[masked]","a":1}`,
		`{"code":"SplxlOBeZQQYbYS6WxSbIA","grant_type":"authorization_code"}`:                                             `{"code":"[masked]","grant_type":"authorization_code"}`,
	} {
		if got, _ := masked(t, standard(), src, nil); got != want {
			t.Errorf("%s became %s", src, got)
		}
	}
	for _, src := range []string{
		`{"auth":"basic"}`, `{"auth":"openid-connect-v2-Provider"}`, `{"auth":"oauth2"}`, `{"auth":{"type":"none"}}`, `{"auth":null}`, `{"auth":["jwt"]}`,
		`{"auth":"required","hash":"0424bd59b807674191e7d77572075f33"}`, `{"auth":"ClientCertificateRequired"}`, `{"auth":""}`,
		`{"primaryKey":"0424bd59b807674191e7d77572075f33"}`, `{"primaryKey":"user_id"}`, `{"primaryKey":true}`, `{"key1":"value1"}`,
		`{"routing_key":"orders.created.Europe2"}`, `{"routingKey":"orderCreatedInEuropeForCustomers"}`,
		`{"code":"SplxlOBeZQQYbYS6WxSbIA"}`, `{"grant_types":["authorization_code"],"code":"SplxlOBeZQQYbYS6WxSbIA"}`,
		`{"grant_type":"authorization_code","code":"SUMMER25"}`, `{"grant_type":"client_credentials","code":"SplxlOBeZQQYbYS6WxSbIA"}`,
	} {
		if got, places := masked(t, standard(), src, nil); got != src {
			t.Errorf("%s became %s: %+v", src, got, places)
		}
	}
	if got, _ := standard().Text("//npm.corp.example/:_auth=YW5uOmh1bnRlcg==\nalways-auth=true"); got != "//npm.corp.example/:_auth=[masked]\nalways-auth=true" {
		t.Error(got)
	}
	if got, _ := masked(t, must(New(Config{Detect: []string{"off"}})), `{"auth":"YW5uOmh1bnRlcg"}`, nil); got != `{"auth":"YW5uOmh1bnRlcg"}` {
		t.Error(got)
	}
}

func TestTheDataOfASecretOfKubernetesAreMasked(t *testing.T) {
	for src, want := range map[string]string{
		`{"kind":"Secret","apiVersion":"v1","metadata":{"name":"a"},"data":{"user":"TEVBSw=="},"stringData":{"b":"LEAK"},"type":"Opaque"}`: `{"kind":"Secret","apiVersion":"v1","metadata":{"name":"a"},"data":"[masked]","stringData":"[masked]","type":"Opaque"}`,
		`{"apiVersion":"v1","data":{"user":"TEVBSw=="},"kind": "Secret"}`:                                                                  `{"apiVersion":"v1","data":"[masked]","kind": "Secret"}`,
		`{"kind":"SecretList","items":[{"metadata":{},"data":{"a":"TEVBSw=="}},{"data":null}]}`:                                            `{"kind":"SecretList","items":[{"metadata":{},"data":"[masked]"},{"data":null}]}`,
		`{"last":"{\"data\":{\"a\":\"TEVBSw==\"},\"kind\":\"Secret\"}"}`:                                                                   `{"last":"{\"data\":\"[masked]\",\"kind\":\"Secret\"}"}`,
	} {
		if got, places := masked(t, standard(), src, nil); got != want || places[0].Rule != ruleSecret {
			t.Errorf("%s became %s: %+v", src, got, places)
		}
	}
	for _, src := range []string{
		`{"kind":"ConfigMap","data":{"user":"ann"}}`, `{"data":{"kind":"Secretary"},"x":"Secret"}`, `{"kind":"SecretStore","data":{"a":"b"}}`,
		`{"kind":"Secret","data":"abc"}`, `{"data":{"orders":[{"data":{"a":1}}]}}`, `{"kind":"x","y":"Secret","data":{"a":1}}`,
	} {
		if got, places := masked(t, standard(), src, nil); got != src {
			t.Errorf("%s became %s: %+v", src, got, places)
		}
	}
	if got, _ := masked(t, must(New(Config{NoDefaults: true})), `{"kind":"Secret","data":{"a":"b"}}`, nil); got != `{"kind":"Secret","data":{"a":"b"}}` {
		t.Error(got)
	}
}
