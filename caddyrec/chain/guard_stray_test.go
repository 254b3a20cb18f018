package chain_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/record"
)

// leaks says where below the rig's folders and log a text is.
func (r *rig) leaks(text string) {
	r.Helper()
	for _, folder := range []string{r.dirName, r.logName} {
		err := filepath.WalkDir(filepath.Join(r.dir, folder), func(name string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			held, err := os.ReadFile(name)
			if i := strings.Index(string(held), text); i >= 0 {
				r.Errorf("%s has it: …%s…", name, held[max(0, i-300):i+20])
			}
			return err
		})
		if err != nil {
			r.Error(err)
		}
	}
}

func TestWhatIsOutsideTheDocumentIsMaskedWhole(t *testing.T) {
	const mask = "session_record {\nmask_response\n}\nreverse_proxy UPSTREAM"
	for name, guard := range map[string]string{
		"report":  "mode report",
		"enforce": "mode enforce",
		"shadow":  "mode shadow",
		"pass":    "unknown_route pass\nunknown_status pass\nunknown_media pass",
	} {
		t.Run(name, func(t *testing.T) {
			r := startAPI(t, "json_schema_guard {\nopenapi API\n"+guard+"\n}\n"+mask)
			for _, c := range []struct {
				method, path, kind, body string
				status                   int
				answerKind, answer       string
			}{
				{"GET", "/orders", "", "", 500, "application/json", `{"code":"c-secret"}`},
				{"GET", "/orders", "", "", 200, "text/plain", `{"code":"c-secret"}`},
				{"GET", "/orders", "", "", 200, "text/plain", `see c-secret`},
				{"GET", "/orders", "", "", 200, "text/event-stream", "id: c-secret\ndata: c-secret\n\n"},
				{"GET", "/orders", "", "", 200, "text/html", `<b>c-secret</b>`},
				{"GET", "/other", "", "", 200, "application/json", `{"code":"c-secret"}`},
				{"POST", "/other", "application/json", `{"code":"c-secret"}`, 200, "application/json", `{"code":"c-secret"}`},
				{"POST", "/orders", "text/plain", `{"code":"c-secret"}`, 201, "application/json", `{"amount":1}`},
				{"POST", "/orders", "application/x-www-form-urlencoded", `code=c-secret`, 201, "application/json", `{"amount":1}`},
				{"GET", "/orders/5", "application/json", `{"code":"c-secret"}`, 200, "application/json", `{"amount":1}`},
			} {
				r.answers(c.status, c.answerKind, c.answer)
				a := r.do(c.method, c.path, c.body, "Content-Type", c.kind)
				if strings.Contains(a.text, "c-secret") {
					t.Errorf("%s %s answered with %s %s: the client got %s", c.method, c.path, c.answerKind, c.answer, a.text)
				}
			}
			r.leaks("c-secret")
		})
	}
}

func TestWithFilesAnAnswerOutsideThemIsMaskedWhole(t *testing.T) {
	for _, more := range []string{"", "unknown_status deny\n", "unknown_media pass\n", "mode report\n"} {
		r := start(t, "json_schema_guard {\nresponse 200 DIR/answer.json\n"+more+"}\nsession_record {\nmask_response\n}\nreverse_proxy UPSTREAM")
		for status, kind := range map[int]string{201: "application/json", 500: "text/plain", 200: "text/plain"} {
			r.answers(status, kind, `{"pin_hint":"c-secret"}`)
			if a := r.do("GET", "/", ""); strings.Contains(a.text, "c-secret") {
				t.Errorf("%d %s: the client got %s", status, kind, a.text)
			}
		}
		r.leaks("c-secret")
		stopCaddy(t)
	}
}

func TestADocumentWithoutMarksLetsRecordsTellOfWhatIsOutside(t *testing.T) {
	r := start(t, "json_schema_guard {\nresponse 200 DIR/order.json\n}\nsession_record\nreverse_proxy UPSTREAM")
	r.save("order.json", `{"type":"object"}`)
	r.load("json_schema_guard {\nresponse 200 DIR/order.json\n}\nsession_record\nreverse_proxy UPSTREAM")
	r.answers(404, "application/json", `{"a":1}`)
	r.do("GET", "/", "")
	if got := r.one(record.ExchangeType).Response.Body; content(got) != `{"a":1}` {
		t.Errorf("recorded as %s", content(got))
	}
}

func TestAPartOfAnAnswerIsRecordedByLengthAndDigest(t *testing.T) {
	r := start(t, "session_record\nreverse_proxy UPSTREAM")
	for _, kind := range []string{"text/plain", "application/json", "application/x-ndjson", "text/event-stream"} {
		r.answers(206, kind, `"c-secret"`+"\n\n")
		if a := r.do("GET", "/", "", "Range", "bytes=12-"); a.StatusCode != 206 || a.text != `"c-secret"`+"\n\n" {
			t.Errorf("%s: got %d %s", kind, a.StatusCode, a.text)
		}
	}
	for _, ex := range r.records(ofType(record.ExchangeType)) {
		if b := ex.Response.Body; b.Content != nil || b.Size != 12 || b.Omitted == "" {
			t.Errorf("%s: %+v", b.Type, b)
		}
	}
	r.leaks("c-secret")
}
