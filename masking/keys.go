package masking

// defaultKeys are the names that are secret unless Config.NoDefaults is set.
// All are compared in canonical form (jsonscan.AppendFolded, and without
// ASCII punctuation), so that apikey stands for API_Key and x.api-key alike.
// The error to fear is the secret that is missed: a name that is sometimes
// harmless is here when it is often enough not.
//
// These match the whole name, or what follows its last punctuation mark:
// token in "auth.token" and "user[token]", or what stands before an index:
// token in "token[0]" and "token.0".
var defaultKeys = []string{
	// passwords
	"pass", "userpass", "dbpass", "smtppass", "ftppass", "pass1", "pass2", "newpass", "oldpass", "currentpass", "confirmpass",
	"repass", "adminpass", "rootpass", "loginpass", "authpass", "mysqlpass", "pgpass", "redispass", "mailpass", "ldappass",
	"proxypass", "wifipass", "keypass", "storepass", "keystorepass", "truststorepass", "ansiblebecomepass", "ansiblesshpass",
	"pw", "userpw", "adminpw", "rootpw", "pin", "pincode", "pinblock", "userpin", "cardpin",
	// tokens and sessions
	"bearer", "cookies", "jsessionid", "phpsessid", "connectsid", "codeverifier", "devicecode", "authcode",
	"authorizationcode", "sig", "saml", "samlresponse", "samlrequest",
	// keys
	"pem", "pkcs12", "pfx", "keystore", "seedphrase", "seedwords", "mnemonic", "mnemonicphrase", "recoveryphrase", "backupphrase",
	"connstr", "appkey", "serverkey", "integrationkey", "instrumentationkey", "serviceaccountkey", "servicerolekey", "adminkey",
	"streamkey", "tlskey", "sslkey", "clientkeydata", "aeskey", "symmetrickey", "activationkey", "manualentrykey", "unsealkeysb64",
	// second factors
	"mfacode", "otpcode", "twofactorcode", "onetimecode", "recoverycode", "recoverycodes", "backupcode",
	"backupcodes", "verificationcode", "verifycode", "smscode", "emailcode", "totpcode", "tfacode", "2facode", "logincode",
	"signincode", "resetcode", "unlockcode", "oobcode", "activationcode", "securityanswer",
	// payment and persons
	"pan", "fpan", "dpan", "cardpan", "cardno", "cardnum", "ccnum", "ccnumber", "ccno", "creditcard", "debitcard",
	"track1", "track2", "trackdata", "securitycode", "cardsecuritycode", "cvv2", "cvc2", "csc",
	"socialsecurity", "socialsecuritynumber", "bankaccountnumber", "accountnumber",
}

// defaultSuffixes match at the end of a name: token in csrfToken, not in
// tokens_used.
var defaultSuffixes = []string{
	"token", "cookie", "authorization", "assertion", "jwt", "otp", "ssn", "iban", "cvv", "cvc", "cardnumber",
	"signingkey", "encryptionkey", "decryptionkey", "accesskey", "accountkey", "sharedkey", "masterkey", "hmackey",
	"sshkey", "subscriptionkey", "functionskey", "recoverykey", "authkey", "applicationkey", "licensekey",
	"sessionkey", "unsealkey", "psk", "connectionstring", "xamzsignature", "xgoogsignature",
	"passwort", "passwörter", "kennwort", "kennwörter", "motdepasse", "motsdepasse", "contrasena", "contraseña", "senha",
	"wachtwoord", "wachtwoorden",
}

// defaultStems match anywhere in a name: password in passwordHash and in
// old_password_2.
var defaultStems = []string{
	"password", "passwd", "passphrase", "passcode", "pwd", "secret", "credential", "apikey", "privatekey", "privkey",
	"accesstoken", "refreshtoken", "apitoken", "authtoken", "sessiontoken", "bearertoken",
}

// forms are how a name of either list above is written: alone, as a list's name,
// and as that of its value.
func forms(name string) []string {
	return []string{name, name + "s", name + "value", name + "values"}
}

// counts end names that are plurals and do not mean them: how many there are,
// as of the pieces of a language model's text.
var counts = []string{
	"maxtokens", "totaltokens", "prompttokens", "completiontokens", "inputtokens", "outputtokens", "cachedtokens",
	"reasoningtokens", "thinkingtokens", "predictiontokens", "audiotokens", "texttokens", "imagetokens", "budgettokens",
	"usedtokens", "remainingtokens", "numtokens", "maxnewtokens", "assertions",
}

// harmless are words that hold one of the above and do not mean it. They are
// taken out of a name before it is compared.
var harmless = []string{
	"secretary", "secretaries", "secretariat", "passwordless",
	"pagetoken", "nexttoken", "previoustoken", "prevtoken", "continuationtoken", "synctoken", "paginationtoken", "continuetoken",
	"skiptoken", "deltatoken", "resumetoken", "scrolltoken", "cursortoken", "startingtoken", "starttoken", "clientrequesttoken",
	"idempotencytoken", "cancellationtoken", "consistencytoken", "designtoken",
	"allowcredentials", "excludecredentials", "publickeycredential", "withcredentials", "existingsecret",
}

// about are words that behind one of the stems name something about the
// secret and not it: passwordPolicy, client_secret_expires_at, apiKeyName.
var about = wordSet(
	// when
	"expires", "expiresat", "expireson", "expiresin", "expired", "expiredat", "expiry", "expirydate", "expirytime", "expiration",
	"expirationdate", "expirationtime", "expirationdays", "lifespan", "lifetime", "ttl", "maxage", "age", "validity", "validuntil",
	"changed", "changedat", "changedon", "changeddate", "changedate", "lastchanged", "lastchangedat", "lastchangeddate",
	"lastchangeddatetime", "lastset", "lastused", "lastusedat", "lastuseddate", "lastupdated", "lastupdatedat", "updatedat",
	"updatedon", "modifiedat", "createdat", "createdon", "createdate", "createddate", "creationtime", "creationdate", "rotatedat",
	"lastrotated", "lastrotatedat", "lastrotateddate", "issuedat", "setat", "resetat", "resetsentat", "timestamp",
	// of what kind
	"policy", "policies", "policyid", "policyname", "required", "enabled", "disabled", "allowed", "supported", "status", "strength",
	"score", "length", "minlength", "maxlength", "count", "limit", "quota", "rules", "requirements", "complexity", "attempts", "resetrequired",
	"resetallowed", "changerequired", "type", "types", "typehint", "kind", "format", "provider", "alg", "algorithm", "claim",
	"signedresponsealg", "encryptedresponsealg", "signingalg", "lastfour", "last4",
	// which
	"id", "name", "names", "displayname", "label", "title", "placeholder", "fieldname", "arn", "ref", "refs", "keyref",
	"refname", "version", "versionid",
)

// references are names of lists of what secrets are called: that in a Pod of
// Kubernetes.
var references = wordSet("imagepullsecret", "imagepullsecrets")

// stillSecret end names that are harmless or about a secret by their words, and
// secret: the id of an AppRole of HashiCorp Vault, a token to sign code with.
var stillSecret = []string{"secretid", "codesigntoken", "codesigntokens"}

func wordSet(words ...string) map[string]bool {
	set := make(map[string]bool, len(words))
	for _, w := range words {
		set[w] = true
	}
	return set
}
