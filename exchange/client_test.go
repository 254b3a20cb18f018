package exchange

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/masking"
)

var clientMasker = Masker{Policy: new(masking.Policy).ForClients(), Digest: func([]byte) string { return "digest" }}

func TestAnAnswerIsMaskedForItsClientOrNotReleased(t *testing.T) {
	big := strings.Repeat("x", maxText+1)
	for name, c := range map[string]struct {
		status    int
		header    http.Header
		body      string
		want, why string
	}{
		"JSON keeps its types":    {200, ofMedia("application/json"), `{"password":[1,true,null,"x"],"a":"b"}`, `{"password":[0,false,null,"[masked]"],"a":"b"}`, ""},
		"an error page":           {500, ofMedia("text/plain"), "password=LEAK", "password=[masked]", ""},
		"a form":                  {200, ofMedia("application/x-www-form-urlencoded"), "password=LEAK", "password=%5Bmasked%5D", ""},
		"lines":                   {200, ofMedia("application/x-ndjson"), "{\"password\":1}\n{}\n", "{\"password\":0}\n{}\n", ""},
		"text in another charset": {200, ofMedia("text/plain; charset=iso-8859-1"), "gr\xfc\xdf", "grüß", ""},
		"nothing":                 {200, nil, "", "", ""},
		"coded": {200, http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"gzip"}},
			string(coded("gzip", []byte(`{"password":"LEAK"}`))), `{"password":"[masked]"}`, ""},

		"coded in a way nobody knows": {200, http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {"compress"}}, "LEAK", "", "coding"},
		"a part":                      {206, ofMedia("application/json"), `{"a":1}`, "", "partial"},
		"broken JSON":                 {200, ofMedia("application/json"), `{"password":"LEAK",}`, "", "invalid-json"},
		"a broken line":               {200, ofMedia("application/x-ndjson"), "{}\n{\n", "", "invalid-json"},
		"an image":                    {200, ofMedia("image/png"), "LEAK", "", "not-json"},
		"no type":                     {200, nil, `{"a":1}`, "", "not-json"},
		"a form in parts":             {200, ofMedia(multipartType), multipartOf("Content-Disposition: form-data; name=a", "b"), "", "not-json"},
		"no charset":                  {200, ofMedia("application/json; charset=utf-16"), "LEAK", "", "charset"},
		"too much text":               {200, ofMedia("text/plain"), big, "", "too-large"},
	} {
		got, why := clientMasker.ForClient(c.status, c.header, []byte(c.body), nil)
		if why != c.why || why == "" && string(got) != c.want || why != "" && got != nil {
			t.Errorf("%s: %q, %q", name, got, why)
		}
	}
}

func TestTheHeaderOfAMaskedAnswerSaysNothingOfWhatWasMasked(t *testing.T) {
	h := http.Header{}
	for name, value := range map[string]string{
		"Content-Type": "text/plain; charset=windows-1252", "Content-Length": "7", "Content-Encoding": "gzip",
		"Content-MD5": "x", "Digest": "x", "Content-Digest": "x", "Repr-Digest": "x", "Accept-Ranges": "bytes",
		"X-Amz-Checksum-Sha256": "x", "X-Goog-Hash": "crc32c=x", "X-Ms-Blob-Content-MD5": "x", "X-Checksum-SHA1": "x", "x-content-digest": "x",
		"Signature": "sig=:x:", "Signature-Input": `sig=("content-digest")`, "Oc-Etag": "x", "X-Amz-Meta-Crc32c": "x",
		"Content-Range": "bytes 0-1/2", "Trailer": "X-Sum", "ETag": `"v1"`, "X-Kept": "y",
	} {
		h.Set(name, value)
	}
	clientMasker.MaskedHeader(h)
	want := http.Header{"Content-Type": {"text/plain; charset=utf-8"}, "Etag": {`W/"v1"`}, "X-Kept": {"y"}}
	if !reflect.DeepEqual(h, want) {
		t.Errorf("%v", h)
	}
	if clientMasker.MaskedHeader(h); h.Get("ETag") != `W/"v1"` {
		t.Errorf("a weak tag became %s", h.Get("ETag"))
	}
	late := http.Header{http.TrailerPrefix + "X": {"1"}, "A": {"2"}}
	if DropTrailers(late); !reflect.DeepEqual(late, http.Header{"A": {"2"}}) {
		t.Errorf("%v", late)
	}
}
