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
	"pass", "userpass", "dbpass", "smtppass", "ftppass", "pw", "pin", "pincode", "pinblock", "userpin", "cardpin",
	// tokens and sessions
	"bearer", "cookies", "jsessionid", "phpsessid", "connectsid", "codeverifier", "devicecode", "authcode",
	"authorizationcode", "sig", "saml", "samlresponse", "samlrequest",
	// keys
	"pem", "pkcs12", "pfx", "keystore", "seedphrase", "mnemonic", "connectionstring",
	// second factors
	"mfacode", "otpcode", "twofactorcode", "onetimecode", "recoverycode", "recoverycodes", "backupcode",
	"backupcodes", "verificationcode", "securityanswer",
	// payment and persons
	"pan", "fpan", "dpan", "cardpan", "cardno", "cardnum", "ccnum", "ccnumber", "ccno", "creditcard", "debitcard",
	"track1", "track2", "trackdata", "securitycode", "cardsecuritycode", "cvv2", "cvc2", "csc",
	"socialsecurity", "socialsecuritynumber",
}

// defaultSuffixes match at the end of a name: token in csrfToken, not in
// tokens_used.
var defaultSuffixes = []string{
	"token", "cookie", "authorization", "assertion", "jwt", "otp", "ssn", "iban", "cvv", "cvc", "cardnumber",
	"signingkey", "encryptionkey", "decryptionkey", "accesskey", "accountkey", "sharedkey", "masterkey", "hmackey",
	"sshkey", "subscriptionkey", "functionskey", "recoverykey", "xamzsignature", "xgoogsignature",
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
	"pagetoken", "nexttoken", "previoustoken", "prevtoken", "continuationtoken", "synctoken",
}
