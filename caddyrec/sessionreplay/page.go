package sessionreplay

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/caddyrec/caddyrec/caddyrec"
)

// The page plays a recording in a browser. The key is typed into it and stays in
// its memory; the session is in the address's fragment, which no server sees.
//
//go:embed page
var pageFiles embed.FS

// pagePolicy lets the page load its own script and style and ask its own site,
// and nothing else (CSP level 3). Nothing in it is ever made of text.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// pageFile is one of the page's files.
type pageFile struct {
	name, kind, tag string
	text            []byte
}

const script = "text/javascript; charset=utf-8"

var pages = map[string]*pageFile{
	"watch":           readPage("watch.html", "text/html; charset=utf-8"),
	"watch.js":        readPage("watch.js", script),
	"watch-stream.js": readPage("watch-stream.js", script),
	"watch-frame.js":  readPage("watch-frame.js", script),
	"watch.css":       readPage("watch.css", "text/css; charset=utf-8"),
	"watch.svg":       readPage("watch.svg", "image/svg+xml"),
}

func readPage(name, kind string) *pageFile {
	text, err := pageFiles.ReadFile("page/" + name)
	if err != nil {
		panic(fmt.Sprintf("%s is not in the program: %v", name, err)) // it was built without
	}
	sum := sha256.Sum256(text)
	return &pageFile{name, kind, `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`, text}
}

// page is the file of the page that r asks for; nil: it does not.
func page(r *http.Request) *pageFile {
	name, ok := strings.CutPrefix(r.URL.Path, caddyrec.ReplayPrefix)
	if !ok || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return nil
	}
	return pages[name]
}

func (f *pageFile) write(w http.ResponseWriter, r *http.Request) error {
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-cache") // with each build it is another
	h.Set("Etag", f.tag)
	http.ServeContent(w, r, f.name, time.Time{}, bytes.NewReader(f.text))
	return nil
}
