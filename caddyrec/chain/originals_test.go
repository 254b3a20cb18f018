package chain_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/caddyrec/caddyrec/encryption"
	"github.com/caddyrec/caddyrec/record"
)

func TestOriginalsAreKeptForTheirRecipientOnly(t *testing.T) {
	investigator, recipient := ageIdentity(t)
	r := startEncrypted(t, "originals {\nto "+recipient+"\nmax_body 100\n}", `
	json_schema_guard {
		request DIR/order.json
	}
	session_record {
		max_body 1KB
	}
	reverse_proxy UPSTREAM
`)
	r.upstream.answer = func(w http.ResponseWriter, q *http.Request) {
		switch q.URL.Path {
		case "/events":
			w.Header().Set("Content-Type", "text/event-stream")
			for range 3 {
				io.WriteString(w, `data: {"password":"canary-7 `+strings.Repeat("x", 30)+`"}`+"\n\n")
				w.(http.Flusher).Flush()
			}
		case "/binary":
			w.Header().Set("Content-Type", "image/png")
			io.WriteString(w, "\x00\xff canary-6")
		case "/moved":
			w.Header().Set("Location", "/?token=canary-5")
			w.WriteHeader(303)
		default:
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, `{"password":"canary-4"}`)
		}
	}
	nothing := `{"amount":1,"note":"nothing secret"}`
	asked := `{"amount":1, "code":"canary-1"}`
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	post := func(path, body string) {
		t.Helper()
		q, _ := http.NewRequest("POST", r.url+path, strings.NewReader(body))
		q.Header.Set("Content-Type", "application/json")
		q.Header.Set("Authorization", "Bearer canary-8")
		q.Header.Set("Cookie", "session=canary-9")
		resp, err := client.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	post("/?token=canary-2", asked)
	post("/binary", nothing)
	post("/moved", nothing)
	post("/events", nothing)
	post("/", `{"canary-3":`+strings.Repeat(" ", 200)) // refused, and no JSON
	r.isNowhere("canary-", r.dirName)                  // Caddy's own log has the address: see masked_log
	stopCaddy(t)
	r.isNowhere("canary-", r.dirName) // Caddy's own log has the address: see masked_log
	r.verifies()

	o := encryption.NewOpener([]age.Identity{investigator})
	var told []string
	r.lines(func(line []byte) {
		rec, err := record.Parse(line)
		if err != nil {
			t.Fatal(err)
		}
		u, err := o.Originals(line)
		if errors.Is(err, encryption.ErrNoOriginals) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		text := string(rec.Type)
		for _, side := range []*record.Original{u.Request, u.Response} {
			text += " |"
			if side == nil {
				continue
			}
			if side.URL != "" {
				text += " url=" + strings.TrimPrefix(side.URL, r.url)
			}
			for name, value := range side.Headers {
				text += " " + name + "=" + value
			}
			if side.Body != nil {
				text += " body=" + strings.ReplaceAll(string(side.Body), "  ", "")
			}
			if side.Cut {
				text += " cut"
			}
		}
		told = append(told, text)
	})
	event := `data: {"password":"canary-7 ` + strings.Repeat("x", 30) + `"}` + "\n\n"
	want := []string{
		"intent | url=/?token=canary-2 body=" + asked + " |",
		"exchange | url=/?token=canary-2 body=" + asked + ` | body={"password":"canary-4"}`,
		"exchange | | body=\x00\xff canary-6",
		"exchange | | location=/?token=canary-5",
		"chunk | | body=" + event,
		"chunk | | body=" + event[:100-len(event)] + " cut",
		`denied | body={"canary-3": cut |`,
	}
	if strings.Join(told, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
	}
}
