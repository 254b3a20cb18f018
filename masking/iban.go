package masking

const ruleIBAN = "detect:iban"

// ibanLengths are the countries' lengths (ISO 13616, SWIFT's registry); n is
// for those whose account numbers are all digits.
const ibanLengths = `
AD24 AE23n AL28 AT20n AZ28 BA20n BE16n BG22 BH22 BI27n BR29 BY28 CH21 CR22n CY28 CZ24n DE22n DJ27n DK18n DO28 EE20n EG29n
ES24n FI18n FK18 FO18n FR27 GB22 GE22 GI23 GL18n GR27 GT28 HN28 HR21n HU28n IE22 IL23n IQ23 IS26n IT27 JO30 KW30 KZ20
LB28 LC32 LI21 LT20n LU20 LV21 LY25n MC27 MD24 ME22n MK19 MN20n MR27n MT31 MU30 NI28 NL18 NO15n OM23 PK24 PL28n PS29 PT25n
QA29 RO24 RS22n RU33 SA24 SC31 SD18n SE24n SI19n SK24n SM27 SO23n ST25n SV28 TL23n TN24n TR26 UA29 VA22n VG24 XK20n YE30 `

type ibanForm struct {
	size   uint8
	digits bool // all but the country
}

var ibanForms = func() (forms [26 * 26]ibanForm) {
	for i := 0; i+5 < len(ibanLengths); i++ {
		if e := ibanLengths[i:]; 'A' <= e[0] && e[0] <= 'Z' {
			forms[country(e[0], e[1])] = ibanForm{(e[2]-'0')*10 + e[3] - '0', e[4] == 'n'}
			i += 3
		}
	}
	return forms
}()

func country(a, b byte) int { return int(a|0x20-'a')*26 + int(b|0x20-'a') }

// ibans adds the bank account numbers in text (ISO 13616) whose length is
// right for their country and whose check digits are (ISO/IEC 7064, MOD
// 97-10): in one piece or in groups of four.
func (w *work) ibans(text []byte) {
	w.root.looked += len(text)
	for i := 0; i+15 <= len(text); i++ {
		if !isDigit(text[i+3]) || !isDigit(text[i+2]) || !isLatin(text[i]) || !isLatin(text[i+1]) || (text[i]^text[i+1])&0x20 != 0 || !startsWord(text, i) {
			continue
		}
		form := ibanForms[country(text[i], text[i+1])]
		if form.size == 0 {
			continue
		}
		end, ok := ibanEnd(text, i, form)
		w.root.looked += end - i
		if ok && !inHex(text, i, end) {
			w.add(i, end, ruleIBAN)
			i = end - 1
		}
	}
}

// ibanEnd is where the account number of that form ends that begins at from.
func ibanEnd(text []byte, from int, form ibanForm) (end int, ok bool) {
	n, i := 0, from
	rest, head := 0, 0 // of the number, and of its first four characters
	for ; i < len(text) && n < int(form.size); i++ {
		c := text[i]
		if sep := separatorAt(text, i); sep > 0 && n > 0 && n%4 == 0 {
			if i += sep; i == len(text) || !isAlnum(text[i]) {
				return i, false
			}
			c = text[i]
		}
		switch {
		case isDigit(c):
			rest = (rest*10 + int(c-'0')) % 97
		case isLatin(c) && (!form.digits || n < 2):
			rest = (rest*100 + int(c|0x20-'a') + 10) % 97
		default:
			return i, false
		}
		if n++; n == 4 {
			head, rest = rest, 0
		}
	}
	if n < int(form.size) || i < len(text) && isAlnum(text[i]) {
		return i, false
	}
	// The first four stand last: two letters and two digits, six decimals.
	return i, (rest*(1_000_000%97)+head)%97 == 1
}

func isLatin(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
