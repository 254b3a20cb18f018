package masking

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// detectors is a set of the built-in detectors.
type detectors uint32

const (
	detectCard detectors = 1 << iota
	detectEmail
	detectJWT
	detectPrivateKey
	detectIBAN
	detectSSN
	detectAWS
	detectGitHub
	detectStripe
	detectSlack
	detectGoogle
	detectBearer
	detectVendor
	detectPhone
	detectCredential // has no name of its own: it runs along with any other
)

// detectorNames are the detectors by name, in the order of their bits.
var detectorNames = []string{
	"card", "email", "jwt", "private_key", "iban", "us_ssn", "aws", "github", "stripe", "slack", "google", "bearer",
	"vendor_key", "phone",
}

// defaultDetectors run unless detectors are named. Telephone numbers are not
// among them: too many other numbers are written with a plus sign.
const defaultDetectors = detectCredential | (detectPhone - 1)

func (d detectors) has(one detectors) bool { return d&one != 0 }

// runs says whether the detector of that name is in the set.
func (d detectors) runs(name string) bool {
	if name == "credential" {
		return d.has(detectCredential)
	}
	i := slices.Index(detectorNames, name)
	return i >= 0 && d.has(1<<i)
}

func newDetectors(names []string) (d detectors, err error) {
	if names == nil {
		return defaultDetectors, nil
	}
	if len(names) == 1 && names[0] == "off" {
		return 0, nil
	}
	if len(names) == 0 {
		return 0, errors.New(`detect: no detector is named; leave the list out to run those that run by default, or say "off"`)
	}
	d = detectCredential
	for _, name := range names {
		switch i := slices.Index(detectorNames, name); {
		case name == "default":
			d |= defaultDetectors
		case name == "off":
			return 0, errors.New(`detect: "off" stands alone; leave out the others, or "off"`)
		case i < 0:
			return 0, fmt.Errorf("detect: unknown detector %q; there are %s and default", name, strings.Join(detectorNames, ", "))
		default:
			d |= 1 << i
		}
	}
	return d, nil
}

// run runs those whose gates are open over text.
func (w *work) run(text []byte, found gates, digits int) {
	d := w.p.detect
	if d.has(detectCredential) && found.has(gateURL) {
		w.userinfo(text)
	}
	if d.has(detectEmail) && found.has(gateAt) {
		w.emails(text, len(w.spans))
	}
	if d.has(detectCard) && digits >= minCardDigits {
		w.cards(text)
	}
	if d.has(detectJWT) && found.has(gateBase64) && found.has(gateDot) {
		w.jwts(text)
	}
	// The payload of such a key is JSON in base64.
	if d.has(detectCredential) && found.has(gateBase64) && found.has(gateDot) {
		w.provisioningKeys(text)
	}
	if d.has(detectPrivateKey) && found.has(gatePrivateKey) {
		w.privateKeys(text)
		w.ageKeys(text)
		w.puttyKeys(text)
	}
	if d.has(detectCredential) && found.has(gateBasic) || d.has(detectBearer) && found.has(gateBearer) {
		w.credentials(text)
	}
	if d.has(detectIBAN) && found.has(gateIBAN) {
		w.ibans(text)
	}
	if d.has(detectSSN) && found.has(gateSSN) {
		w.ssns(text)
	}
	if d.has(detectPhone) && found.has(gatePhone) {
		w.phones(text)
	}
	if d.has(detectGitHub|detectStripe) && found.has(gateUnderscore) {
		w.underscored(text)
	}
	if d.has(detectSlack) && (found.has(gateSlack) || found.has(gateURL)) {
		w.slack(text)
	}
	if d.has(detectGoogle) && (found.has(gateAKey) || found.has(gateGoogle) || found.has(gateGoogleSecret)) {
		w.google(text)
	}
	if d.has(detectVendor) && (found.has(gateHyphen) || found.has(gateUnderscore) || found.has(gateGoogle) || found.has(gateURL)) {
		w.vendorKeys(text, found)
	}
	if d.has(detectAWS) && (found.has(gateAKey) || found.has(gateAWS)) {
		w.aws(text)
	}
	if found.has(gateEquals) {
		w.params(text)
	}
	if found.has(gateColon) {
		w.colons(text)
	}
	if found.has(gateAngle) {
		w.elements(text)
	}
	if found.has(gatePercent) {
		w.encoded(text)
	}
	if found.has(gateBase64) || found.has(gateEquals) || found.has(gateColon) || found&wordBit != 0 {
		w.base64s(text, found)
	}
	if len(w.p.patterns) > 0 {
		w.matchPatterns(text)
	}
}
