package exchange

import (
	"strings"
	"testing"
)

const multipartType = "multipart/form-data; boundary=b0"

// multipartOf is a body of parts, each a head and a value.
func multipartOf(parts ...string) string {
	var b strings.Builder
	for i := 0; i < len(parts); i += 2 {
		b.WriteString("--b0\r\n" + parts[i] + "\r\n\r\n" + parts[i+1] + "\r\n")
	}
	return b.String() + "--b0--\r\n"
}

func TestAMultipartFormIsMaskedFieldByField(t *testing.T) {
	const head = "Content-Disposition: form-data; name="
	for name, c := range map[string]struct{ head, value, want, rule string }{
		"text":                    {head + `"note"`, "hello", "hello", ""},
		"a secret name":           {head + `"password"`, "LEAK", "[masked]", "key:password"},
		"a secret in text":        {head + `"note"`, "card 4111 1111 1111 1111", "card [masked]", "detect:card"},
		"text in another charset": {head + "\"note\"\r\nContent-Type: text/plain; charset=iso-8859-1", "gr\xfc\xdf", "grüß", ""},
		"JSON":                    {head + "\"meta\"\r\nContent-Type: application/json", `{"password":"LEAK","a":1}`, `{"password":"[masked]","a":1}`, "key:password"},
		"JSON by a secret name":   {head + "\"secret\"\r\nContent-Type: application/json", `{"a":"LEAK"}`, "[masked]", "key:secret"},
		"JSON that is not":        {head + "\"meta\"\r\nContent-Type: application/json", `{"a":"LEAK",}`, "[file: 13 bytes, digest]", fileRule},
		"a file":                  {head + `"doc"; filename="LEAK-4111111111111111.txt"`, "LEAK", "[file: 4 bytes, digest]", fileRule},
		"a file without a name":   {head + "\"doc\"\r\nContent-Type: image/png", "LEAK", "[file: 4 bytes, digest]", fileRule},
		"bytes that are no text":  {head + `"note"`, "LEAK\xff", "[file: 5 bytes, digest]", fileRule},
		"an unknown charset":      {head + "\"note\"\r\nContent-Type: text/plain; charset=utf-7", "LEAK", "[file: 4 bytes, digest]", fileRule},
		"a coding of its own":     {head + "\"note\"\r\nContent-Transfer-Encoding: base64", "TEVBSw==", "[file: 8 bytes, digest]", fileRule},
		"a name in two ways":      {head + `"note"; name*=utf-8''password`, "LEAK", "[file: 4 bytes, digest]", fileRule},
		"another form in a field": {head + `"note"`, "x\r\n--b1\r\ncontent-disposition: form-data; name=password\r\n\r\nLEAK", "[file: 62 bytes, digest]", fileRule},
	} {
		got, masked := testMasker.Body("request", ofMedia(multipartType), []byte(multipartOf(c.head, c.value)), nil)
		if got.Content == nil || !strings.HasSuffix(*got.Content, "\r\n\r\n"+c.want+"\r\n--b0--\r\n") || strings.Contains(*got.Content, "4111") {
			t.Errorf("%s: %+v %q", name, got, text(got))
		}
		if c.rule == "" && masked != nil || c.rule != "" && (len(masked) != 1 || masked[0].Rule != c.rule || masked[0].Part != "request" || masked[0].Pointer == "") {
			t.Errorf("%s: the record tells %+v", name, masked)
		}
	}
}

func TestAFormSaysWhereSomethingWasMasked(t *testing.T) {
	got, masked := testMasker.Body("request", ofMedia(multipartType), []byte("preamble LEAK\r\n"+multipartOf(
		`Content-Disposition: form-data; name="a/b"`+"\r\nContent-Type: application/json", `{"token":"LEAK"}`,
		`Content-Disposition: form-data; name="x"`+"\r\nX-Other: LEAK", "y")+"epilogue LEAK"), nil)
	want := "--b0\r\nContent-Disposition: form-data; name=\"a/b\"\r\nContent-Type: application/json\r\n\r\n{\"token\":\"[masked]\"}\r\n" +
		"--b0\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\ny\r\n--b0--\r\n"
	if text(got) != want {
		t.Errorf("recorded as %q", text(got))
	}
	if len(masked) != 1 || masked[0].Pointer != "/a~1b/token" {
		t.Errorf("%+v", masked)
	}
}

func TestWhatCallsItselfMultipartAndIsNotIsRecordedByDigest(t *testing.T) {
	for name, c := range map[string]struct{ media, body string }{
		"no boundary":      {"multipart/form-data", multipartOf("Content-Disposition: form-data; name=a", "LEAK")},
		"another boundary": {"multipart/form-data; boundary=b1", multipartOf("Content-Disposition: form-data; name=a", "LEAK")},
		"no end":           {multipartType, "--b0\r\nContent-Disposition: form-data; name=a\r\n\r\nLEAK"},
		"a broken head":    {multipartType, multipartOf("LEAK", "LEAK")},
		"no disposition":   {multipartType, multipartOf("X: y", "LEAK")},
		"an attachment":    {multipartType, multipartOf("Content-Disposition: attachment; name=a", "LEAK")},
		"a name twice":     {multipartType, multipartOf("Content-Disposition: form-data; name=a; name=password", "LEAK")},
		"nothing in it":    {multipartType, "--b0--\r\n"},
		"too many fields":  {multipartType, multipartOf(strings.Split(strings.Repeat("Content-Disposition: form-data; name=a|LEAK|", maxFields+1), "|")[:2*maxFields+2]...)},
	} {
		got, masked := testMasker.Body("request", ofMedia(c.media), []byte(c.body), nil)
		if got.Content != nil || got.Omitted != "not-multipart" || masked != nil || got.Digest != "digest" {
			t.Errorf("%s: %+v %q", name, got, text(got))
		}
	}
}

func FuzzMultipart(f *testing.F) {
	f.Add([]byte(multipartOf("Content-Disposition: form-data; name=a", "b")))
	f.Add([]byte(multipartOf("Content-Disposition: form-data; name=\"a\\\"\"; filename=x", "b", "Content-Disposition: form-data; name=c\r\nContent-Type: application/json", "{}")))
	f.Fuzz(func(t *testing.T, b []byte) {
		once, _ := testMasker.Body("request", ofMedia(multipartType), b, nil)
		if once == nil || once.Content == nil {
			return
		}
		if again, _ := testMasker.Body("request", ofMedia(multipartType), []byte(*once.Content), nil); again.Content == nil {
			t.Errorf("%q became %q, which is no form", b, *once.Content)
		}
	})
}
