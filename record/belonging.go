package record

import "bytes"

var (
	sessionMark  = []byte(`"session":{"id":`)
	exchangeMark = []byte(`"exchange":"`)
	identityMark = []byte(`"identity":{`)
	issuerMark   = []byte(`"iss":`)
	subjectMark  = []byte(`"sub":`)
)

// Belonging says which session and which exchange a line belongs to, as the
// JSON strings they are in it, quotes and all (see [Quoted]); nil where it tells
// none. It decodes nothing and allocates nothing, so that a segment can be
// indexed while it is sealed. It is for lines with the fields of [Record] in the
// order of [Record.AppendFields]. Of such a line it never misses a session or an
// exchange; of another one it may name something that is none.
func Belonging(line []byte) (session, exchange []byte) {
	// No string has these marks in it: there a quote has a backslash before it.
	if i := bytes.Index(line, sessionMark); i >= 0 {
		session = quoted(line[i+len(sessionMark):])
	}
	if i := bytes.LastIndex(line, exchangeMark); i >= 0 {
		exchange = quoted(line[i+len(exchangeMark)-1:])
	}
	return session, exchange
}

// Whose says which identity a line is of, by the JSON strings that its issuer
// and its subject are in it, as [Belonging] does. The issuer is nil where there
// is none, and both are where the line tells no subject.
func Whose(line []byte) (issuer, subject []byte) {
	_, rest, ok := bytes.Cut(line, identityMark)
	if !ok {
		return nil, nil
	}
	if name, ok := bytes.CutPrefix(rest, issuerMark); ok {
		if issuer = quoted(name); issuer == nil {
			return nil, nil
		}
		rest = bytes.TrimPrefix(name[len(issuer):], []byte(","))
	}
	if name, ok := bytes.CutPrefix(rest, subjectMark); ok {
		subject = quoted(name)
	}
	if subject == nil {
		return nil, nil
	}
	return issuer, subject
}

// quoted is the JSON string that text begins with; nil if it begins with none.
func quoted(text []byte) []byte {
	if len(text) == 0 || text[0] != '"' {
		return nil
	}
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return text[:i+1]
		}
	}
	return nil
}

// Quoted is s as the JSON string that stands for it in a record.
func Quoted(s string) []byte { return appendString(nil, s) }
