package masking

import (
	"strings"
	"testing"
)

// What APIs that many people use send and answer, shortened, with invented
// values. LEAK stands for what is secret.

func TestEverydaySecretsAreMasked(t *testing.T) {
	for name, src := range map[string]string{
		"a user of Keycloak":         `{"username":"ann","credentials":[{"type":"password","value":"LEAK"}]}`,
		"a new password there":       `{"type":"password","temporary":false,"value":"LEAK"}`,
		"a factor of Okta":           `{"_embedded":{"activation":{"timeStep":30,"sharedSecret":"LEAK","encoding":"base32"}},"passCode":"LEAK"}`,
		"an application of Entra":    `{"keyId":"f0b0b335","secretText":"LEAK","hint":"[6g","displayName":"x"}`,
		"keys of Azure Cosmos DB":    `{"primaryMasterKey":"LEAK","secondaryReadonlyMasterKey":"LEAK","primaryConnectionString":"LEAK"}`,
		"a key of AWS":               `{"CreateAccessKeyResponse":{"AccessKey":{"AccessKeyId":"LEAK","SecretAccessKey":"LEAK"}}}`,
		"a secret of AWS":            `{"ARN":"arn:aws:secretsmanager:us-west-2:123456789012:secret:db-a1b2c3","SecretString":"{\"password\":\"LEAK\"}"}`,
		"a login at Vault":           `{"auth":{"client_token":"LEAK","policies":["default"],"token_type":"service"}}`,
		"an AppRole of Vault":        `{"role_id":"59d6d1ca","secret_id":"LEAK"}`,
		"a variable of GitLab":       `[{"key":"DEPLOY_TOKEN","variable_type":"env_var","value":"LEAK","masked":true}]`,
		"a pod of Kubernetes":        `{"env":[{"name":"DB_PASSWORD","value":"LEAK"},{"name":"LOG_LEVEL","value":"info"}]}`,
		"a client that is set up":    `{"client_id":"s6Bh","client_secret":"LEAK","client_secret_expires_at":0,"registration_access_token":"LEAK"}`,
		"a pass of Apple's Wallet":   `{"serialNumber":"8j23fm3","authenticationToken":"LEAK"}`,
		"a payment intent":           `{"id":"pi_3Mtw","client_secret":"LEAK","card":{"brand":"visa","last4":"4242","cvc_check":"pass"}}`,
		"a TOTP to scan":             `{"otpauth_url":"otpauth://totp/ACME:ann?secret=LEAK&issuer=ACME","manualEntryKey":"LEAK"}`,
		"a mutation of GraphQL":      `{"query":"mutation { login(user: \"ann\", password: \"LEAK\") { id } }"}`,
		"an integration":             `{"integration_key":"LEAK","authKey":"LEAK","X-Auth-Key":"LEAK","application_key":"LEAK"}`,
		"settings of a server":       `{"env":"NODE_ENV=production\nDB_PASS=LEAK\nexport APP_KEY=base64:LEAK=\nMYSQL_PWD='LEAK'\n","vars":{"ansible_become_pass":"LEAK"}}`,
		"connection strings":         `["Server=x;Uid=a;Password=LEAK;Encrypt=True","mongodb+srv://ann:LEAK@c.mongodb.net/x","Endpoint=sb://x/;SharedAccessKey=LEAK="]`,
		"a bank account":             `{"bank_account":{"account_number":"LEAK","routing_number":"110000000"}}`,
		"a SOAP login in a string":   `{"xml":"<n1:username>ann</n1:username><n1:password>LEAK</n1:password>"}`,
		"a request within a batch":   `{"requests":[{"url":"/users","headers":{"Authorization":"LEAK"},"body":{"password":"LEAK"}}]}`,
		"a link to reset a password": `{"link":"https://app.example/reset?token=LEAK&uid=5","oobLink":"https://x/?mode=resetPassword&oobCode=LEAK"}`,
	} {
		if got, _ := masked(t, standard(), src, nil); strings.Contains(got, "LEAK") {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestEverydayValuesStay(t *testing.T) {
	for name, src := range map[string]string{
		"tokens of language models": `{"max_tokens":12,"usage":{"prompt_tokens":9,"cache_write_tokens":3,"completion_tokens_details":{"rejected_prediction_tokens":0}}}`,
		"tokens of pages":           `{"nextPageToken":"~!!~AI9FV7TK","@odata.deltaLink":"https://h/users/delta?$deltatoken=oEcOySpF_hWYmTIUZ","paginationToken":"x"}`,
		"an introspection":          `{"active":true,"token_type":"access_token","scope":"tokens:read secrets:write","jti":"b1c2"}`,
		"settings of a realm":       `{"accessTokenLifespan":300,"resetPasswordAllowed":true,"passwordPolicy":"length(8)","otpPolicyDigits":6,"revokeRefreshToken":false}`,
		"an account":                `{"hasPassword":true,"passwordExpiresAt":"2027-01-01","mustChangePassword":false,"password_strength":"weak","secretName":"db","token":null}`,
		"a client's metadata":       `{"token_endpoint_auth_methods_supported":["client_secret_basic"],"tls_client_certificate_bound_access_tokens":true}`,
		"a key to sign in with":     `{"publicKey":{"challenge":"NHyNnOwQ","allowCredentials":[{"id":"LFdoCFJTyB82","type":"public-key"}],"excludeCredentials":[]}}`,
		"references to secrets":     `{"imagePullSecrets":[{"name":"regcred"}],"env":[{"name":"X","valueFrom":{"secretKeyRef":{"name":"a","key":"b"}}}],"automountServiceAccountToken":true}`,
		"names of keys":             `{"api_key_name":"ci","apiKeyId":"k1","primaryKey":"id","partition_key":"eu","idempotency_key":"k","key":"orders/1.csv"}`,
		"codes":                     `{"code":"min_length","country_code":"DE","zip_code":"20099","promo_code":"SUMMER-SALE-2026-X","state":"CA"}`,
		"passes":                    `{"passed":3,"pass_rate":0.9,"boarding_pass":"B1","season_pass":"x","bypass":false,"cvc_check":"pass"}`,
		"a lock file":               `{"integrity":"sha512-XI5MPzVNApjAyhQzphX8BkmKsKUxD4LdyK24iZeQGinBN9yTQT3bFlCBy/aVx2HrNcqQGsdot8ghrjyrvMCoEA=="}`,
		"a commit":                  `{"sha":"7638417db6d59f3c431d3e1f261cc637155684cd","message":"auth: rotate secrets (fixes #12), sk-learn and npm_config docs","ref":"refs/heads/sk-1234-fix-token-refresh"}`,
		"attributes of a span":      `{"attributes":[{"key":"gen_ai.usage.input_tokens","value":{"intValue":"12"}},{"key":"http.route","value":{"stringValue":"/a"}}]}`,
		"a query of GraphQL":        `{"query":"mutation L($e: String!, $password: String!) { login(e: $e, password: $password) { id } }"}`,
		"a document of JSON:API":    `{"data":{"type":"articles","id":"1","relationships":{"author":{"data":{"type":"people","id":"9"}}}}}`,
		"a fault":                   `{"stack":"Error: Invalid token\n    at verify (/app/auth/token.js:12:9)","errors":[{"field":"password","code":"min_length"}]}`,
		"what is bought":            `{"sku":"T-SHIRT-XL","variant":"sk-blue","tracking":"1Z999AA10123456784","ean":"4006381333931"}`,
	} {
		if got, places := masked(t, standard(), src, nil); got != src || len(places) > 0 {
			t.Errorf("%s: %s\n%+v", name, got, places)
		}
	}
	for _, query := range []string{
		"q=password+reset+policy&page=2&fields=id,name,token_type", "name=Ann+Byron&state=CA&zip=94043&code=SAVE10", "code=WELCOME2026&policy=accepted",
		"line_items[0][price]=price_1Motw&line_items[0][quantity]=2", "response_type=code&state=af0ifjsldkj&code_challenge=K2-ltc83acc4h0c9w6ESC&scope=openid",
		"sort=name&value=red&name=colour",
	} {
		if got, places := standard().Query(query); got != query {
			t.Errorf("%s became %s: %+v", query, got, places)
		}
	}
}
