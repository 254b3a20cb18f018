package record

import "time"

// Time is a point in time as records write it: RFC 3339 in UTC with
// microseconds, always six digits, so that text order is time order.
type Time struct{ time.Time }

const timeLayout = "2006-01-02T15:04:05.000000Z"

// Now returns the present as a [Time].
func Now() Time { return Time{time.Now().UTC()} }

// AppendText appends t in the form of records.
func (t Time) AppendText(dst []byte) ([]byte, error) {
	return t.append(dst), nil
}

// The first and the last time that the layout has: another number of digits in
// the year, and nobody could read the record.
var (
	firstTime = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)
	lastTime  = time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)
)

// append writes what AppendFormat would, without its reading of the layout:
// each record has a time. What is before the first or after the last time is
// written as that.
func (t Time) append(dst []byte) []byte {
	u := t.UTC()
	year, month, day := u.Date()
	if year < 0 {
		return Time{firstTime}.append(dst)
	} else if year > 9999 {
		return Time{lastTime}.append(dst)
	}
	hour, minute, second := u.Clock()
	dst = digits(dst, year, 4)
	dst = digits(append(dst, '-'), int(month), 2)
	dst = digits(append(dst, '-'), day, 2)
	dst = digits(append(dst, 'T'), hour, 2)
	dst = digits(append(dst, ':'), minute, 2)
	dst = digits(append(dst, ':'), second, 2)
	dst = digits(append(dst, '.'), u.Nanosecond()/1000, 6)
	return append(dst, 'Z')
}

// digits appends n, which has no more than width digits, with leading zeros.
func digits(dst []byte, n, width int) []byte {
	dst = append(dst, "000000"[:width]...)
	for i := len(dst) - 1; n > 0; i-- {
		dst[i] = byte('0' + n%10)
		n /= 10
	}
	return dst
}

// MarshalJSON writes t as a JSON string.
func (t Time) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, len(timeLayout)+2)
	b = append(b, '"')
	b = t.append(b)
	return append(b, '"'), nil
}
