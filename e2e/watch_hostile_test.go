package e2e

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func TestABrowserShowsWhateverAClientSent(t *testing.T) {
	w, _ := watched(t)
	w.post("/orders", w.login("ana"), `{"item":"</script><script>alert(1)</script>","amount":2,"shoe":"size 43 secret","__proto__":{"n":1},"`+
		strings.Repeat("k", 400_000)+`":[`+strings.Repeat("1,", 150_000)+`1]}`)
	var session string
	for _, line := range w.records() {
		if line.Session != nil && line.Identity.Subject == "ana" {
			session = line.Session.ID // of this login, which is the last
		}
	}
	b := newBrowser(t)
	var stop context.CancelFunc
	b.Context, stop = context.WithTimeout(b.Context, time.Minute)
	t.Cleanup(stop)
	b.do(t, chromedp.Navigate("http://"+w.Address+"/.caddyrec/replay/watch#"+session))
	b.unlock(t, w.issueKey(session, 5*time.Minute))
	b.until(t, `document.getElementById("list").children.length > 1`)
	b.do(t, chromedp.KeyEvent(kb.End))
	b.until(t, `document.getElementById("frame").textContent.includes("kkk")`)
	frame := ask[string](t, b, `document.getElementById("frame").textContent`)
	for _, want := range []string{"</script><script>alert(1)</script>", `"__proto__"`} {
		if !strings.Contains(frame, want) {
			t.Errorf("the frame shows no %s", want)
		}
	}
	if n := ask[int](t, b, `document.querySelectorAll("#frame script").length`); n != 0 {
		t.Errorf("%d scripts are in the frame", n)
	}
	b.check(t, w)
}
