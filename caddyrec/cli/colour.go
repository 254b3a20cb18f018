package cli

// style is how a text is painted on a terminal; the zero style is plain.
type style string

// The styles, as SGR parameters of ECMA-48. They are among the eight colours
// that every terminal's own scheme makes readable.
const (
	plainText style = ""
	bold      style = "1"
	dim       style = "2"
	good      style = "32"
	warn      style = "33"
	bad       style = "31"
	accent    style = "36"
	hidden    style = "7;33" // what was masked
)

// styled paints a clean text, where colours may be used.
func (c *console) styled(s style, text string) string {
	if !c.paint || s == plainText || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// styleOf is the style of an HTTP status.
func styleOf(status int) style {
	switch {
	case status >= 500:
		return bad
	case status >= 400:
		return warn
	case status >= 200 && status < 300:
		return good
	}
	return plainText
}
