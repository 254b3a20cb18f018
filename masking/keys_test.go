package masking

import (
	"fmt"
	"strings"
	"testing"
)

func TestSecretNamesAreKnownHoweverTheyAreWritten(t *testing.T) {
	p := must(New(Config{Keys: []string{"Blood-Type", "密码", "cust.ref", "secret_arn"}}))
	for _, name := range []string{
		"password", "PASSWORD", "Pass_Word", "pass word", "paſſword", "passwordHash", "user_password", "db.password",
		"old-password-2", "user[password]", "passwd", "pwd", "userPwd", "passphrase", "pass", "pin", "PIN", "card.pin",
		"secret", "client_secret", "clientSecret", "stripe_secret_key", "secrets", "SecretAccessKey", "secret_token",
		"token", "access_token", "accessToken", "refresh_token", "id_token", "sessionToken", "csrf-token", "auth.token",
		"user[token]", "X-Amz-Security-Token", "apiKey", "api_key", "X-API-Key", "x.api.key", "apikeys", "to\u212aen",
		"authorization", "Proxy-Authorization", "cookie", "Set-Cookie", "session_cookie", "credential", "credentials",
		"aws_credentials", "private_key", "privateKeyPem", "signingKey", "encryption_key", "cvv", "cvc", "cvv2", "card_cvc",
		"cardNumber", "card_number", "pan", "ssn", "customer_ssn", "iban", "IBAN", "otp", "totp", "assertion",
		"client_assertion", "code_verifier", "jwt", "bearer", "X-Goog-Iap-Jwt-Assertion", "contraseña", "CONTRASEÑA",
		"secretary_password", "bloodtype", "BLOOD_TYPE", "patient.blood type", "密码", "custRef", "cust.ref",
		"token[0]", "cvv[a]", "otp[]", "iban[0][value]", "user[token][0]", "x.api.key[1]", "token.0", "users.0.pin.1", "token.0.x",
		"bloodtype[0]", "blood.type.3", "tokens", "pins", "otps", "ibans", "passwords", "csrfTokens", "device_tokens", "card.pins",
		"Passwörter", "token_value", "tokenValues", "cvvValue", "pin-value", "admin_tokens", "max_token_secret", "otp%5B1%5D",
		"admin_pass", "newPass", "pass1", "ansible_become_pass", "wifiPsk", "psk", "DD-APPLICATION-KEY", "APP_KEY", "X-Auth-Key", "licenseKey",
		"unseal_keys_b64", "client-key-data", "smsCode", "oobCode", "2fa_code", "totp_code", "account_number", "primaryConnectionString",
		"ConnectionStrings", "secret_id", "secretId", "client_secret_id", "password_hint", "passwordHistory", "password_reset_url",
		"secret_policy_password", "password_name_token", "passwords", "access_token_value", "apiKeyNameSecret", "password.value",
		"imagePullSecretContent", "secretArn", "CODESIGN_TOKEN", "codeSignTokens", "passwordField", "$password", "password?", "\"password\"", "next_page_token_secret",
	} {
		if !p.SecretName(name) {
			t.Errorf("%q is not secret", name)
		}
	}
	for _, name := range []string{
		"", "_", "tokens_used", "max_tokens", "total_tokens", "token_type", "token_count", "token.count", "secretary",
		"Secretary", "secretaries", "pinned", "pinterest", "spin", "panel", "company", "japan", "passenger",
		"passport_country", "bypass", "compass", "passwordless", "next_page_token", "nextPageToken", "next_token",
		"continuationToken", "cookies_accepted", "author", "authorized", "authorized_at", "key", "public_key", "keyboard",
		"monkey", "id", "name", "email", "session", "ssnippet", "ribandage", "option", "adopted", "code", "state",
		"completion_tokens", "cache_read_input_tokens", "budget_tokens", "assertions", "value", "values", "pinvalued", "card[0]",
		"cards", "keys", "keys[0]", "items.0", "version.1.2", "tokens_used[0]", "count.token.x", "next_page_tokens", "next_page_token_value",
		"passwordPolicy", "passwordExpiresAt", "password_changed_at", "passwordResetRequired", "client_secret_expires_at",
		"accessTokenLifespan", "access.token.lifespan", "refresh_token_expires_in", "secretName", "password_arn", "secretKeyRef", "secrets_count",
		"apiKeyId", "api_key_name", "privateKeyId", "credentialType", "credential_id", "api_keys_limit", "allowCredentials", "excludeCredentials",
		"imagePullSecrets", "existingSecret", "$skiptoken", "$deltatoken", "pagination_token", "resumeToken", "idempotency_token", "designTokens",
		"ClientRequestToken", "consistencyToken", "bypass", "boarding_pass", "season_pass", "first_pass", "pass_rate", "primary_key",
		"partitionKey", "promo_code", "status_code", "zip_code", "sort_code", "upstream_key", "account_id", "passkeys",
		"bloodtypes", "expires_in", "scope", "signature", "description", "note", "card", "card_brand", "custref.id",
	} {
		if p.SecretName(name) {
			t.Errorf("%q is secret", name)
		}
	}
}

func TestBuiltInNamesCanBeLeftOut(t *testing.T) {
	p := must(New(Config{Keys: []string{"secretary"}, NoDefaults: true}))
	if p.SecretName("password") || !p.SecretName("secretary") {
		t.Error("only the configured names are secret")
	}
}

func TestEveryBuiltInNameMatchesItself(t *testing.T) {
	p := standard()
	for _, list := range [][]string{defaultKeys, defaultSuffixes, defaultStems} {
		for _, k := range list {
			if !p.SecretName(k) || !p.SecretName(strings.ToUpper(k)) || !p.SecretName("x."+k) {
				t.Errorf("%q is not secret", k)
			}
		}
	}
}

func TestConfigurationErrorsNameWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		cfg  Config
		says string
	}{
		{Config{Keys: []string{"__"}}, `"__"`},
		{Config{Paths: []string{"a/b"}}, `"a/b"`},
		{Config{Paths: []string{"/a~2"}}, `"/a~2"`},
		{Config{Paths: []string{"/a~"}}, `"/a~"`},
		{Config{Detect: []string{"fax"}}, `"fax"`},
		{Config{Detect: []string{"off", "card"}}, `"off"`},
		{Config{Detect: []string{}}, `off`},
	} {
		if _, err := New(c.cfg); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v", c.cfg, err)
		}
	}
	var huge []string
	for i := range 3000 {
		huge = append(huge, fmt.Sprintf("%dfield%020d", i, i))
	}
	if _, err := New(Config{Keys: huge}); err == nil {
		t.Error("an automaton without bound was built")
	}
}
