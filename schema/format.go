package schema

import (
	"encoding/json"
	"unsafe"
)

// format is the check the compiler was set up with; nil for a format that is
// not asserted. Formats are about scalars. What is plainly of a usual format is
// seen without it.
func format(name string) func(t *tape, value int32) bool {
	if check := ourFormats[name]; check != nil {
		return func(t *tape, i int32) bool {
			if t.cells[i].is != text {
				return true
			}
			b := t.bytes(i) // which stays as it is while the check runs
			return check(unsafe.String(unsafe.SliceData(b), len(b)))
		}
	}
	check := formats[name]
	if check == nil {
		return nil
	}
	plainly := plainFormats[name]
	return func(t *tape, i int32) bool {
		switch c := &t.cells[i]; c.is {
		case text:
			return plainly != nil && plainly(t.bytes(i)) || check(string(t.bytes(i)))
		case number:
			return check(json.Number(t.bytes(i)))
		case boolean:
			return check(t.src[c.start] == 't')
		case null:
			return check(nil)
		}
		return true
	}
}

// plainFormats say of a text that it is of a format for sure. The others are
// for the compiler's own check to decide.
var plainFormats = map[string]func(text []byte) bool{
	"uuid": isPlainUUID, "date": isPlainDate, "date-time": isPlainDateTime, "email": isPlainEmail,
}

func isPlainUUID(text []byte) bool {
	if len(text) != 36 {
		return false
	}
	for i, c := range text {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if c != '-' {
				return false
			}
		} else if !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'f') {
			return false
		}
	}
	return true
}

// isPlainDate leaves the 29th of February to the calendar.
func isPlainDate(text []byte) bool {
	if !isShape(text, "dddd-dd-dd") || !within(text[5:7], 1, 12) {
		return false
	}
	most := 31
	switch string(text[5:7]) {
	case "02":
		most = 28
	case "04", "06", "09", "11":
		most = 30
	}
	return within(text[8:10], 1, most)
}

// isPlainDateTime is no leap second.
func isPlainDateTime(text []byte) bool {
	if len(text) < 20 || !isPlainDate(text[:10]) || !isShape(text[10:19], "Tdd:dd:dd") ||
		!within(text[11:13], 0, 23) || !within(text[14:16], 0, 59) || !within(text[17:19], 0, 59) {
		return false
	}
	zone := 19
	if text[zone] == '.' {
		for zone++; zone < len(text) && isDigit(text[zone]); zone++ {
		}
		if zone == 20 {
			return false
		}
	}
	switch offset := text[zone:]; {
	case len(offset) == 1:
		return offset[0] == 'Z'
	case len(offset) == 6 && (offset[0] == '+' || offset[0] == '-'):
		return isShape(offset[1:], "dd:dd") && within(offset[1:3], 0, 23) && within(offset[4:6], 0, 59)
	}
	return false
}

// isShape says that d stands for a digit and all else for itself.
func isShape(text []byte, shape string) bool {
	if len(text) != len(shape) {
		return false
	}
	for i, c := range text {
		if shape[i] == 'd' && !isDigit(c) || shape[i] != 'd' && c != shape[i] {
			return false
		}
	}
	return true
}

func within(two []byte, least, most int) bool {
	n := int(two[0]-'0')*10 + int(two[1]-'0')
	return least <= n && n <= most
}

// isPlainEmail is of letters, digits, '_', '-' and '+', with dots between.
func isPlainEmail(text []byte) bool {
	at := -1
	label := 0 // how long the one being read is
	for i, c := range text {
		switch {
		case isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'z':
			label++
		case (c == '_' || c == '+' || c == '-') && at < 0, c == '-' && label > 0 && i+1 < len(text) && text[i+1] != '.':
			label++
		case (c == '.' || c == '@' && at < 0) && label > 0:
			if c == '@' {
				at = i
			}
			label = 0
		default:
			return false
		}
		if label > 63 {
			return false
		}
	}
	return at > 0 && at <= 64 && label > 0 && len(text) <= 254
}

// isPlainIPv4 is four numbers up to 255 without a 0 in front.
func isPlainIPv4(text []byte) bool {
	dots, n := 0, -1 // -1: no digit yet
	for _, c := range text {
		switch {
		case c == '.' && n >= 0:
			dots, n = dots+1, -1
		case isDigit(c) && n != 0:
			n = max(n, 0)*10 + int(c-'0')
		default:
			return false
		}
		if n > 255 {
			return false
		}
	}
	return dots == 3 && n >= 0
}

func isDigit(c byte) bool { return c-'0' < 10 }
