package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// browser is headless Chromium, and what its pages complained of and asked for.
type browser struct {
	context.Context
	mu       sync.Mutex
	problems []string
	asked    []string
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	options := []chromedp.ExecAllocatorOption{chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.NoSandbox, chromedp.Headless, chromedp.DisableGPU,
		chromedp.WindowSize(1280, 860), chromedp.UserDataDir(t.TempDir())}
	for _, flag := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync", "disable-dev-shm-usage", "hide-scrollbars"} {
		options = append(options, chromedp.Flag(flag, true))
	}
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, stopPage := chromedp.NewContext(ctx)
	t.Cleanup(stopPage)
	b := &browser{Context: ctx}
	err := chromedp.Listen(ctx, func(event any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			b.problems = append(b.problems, e.ExceptionDetails.Text)
		case *log.EventEntryAdded:
			// A refused key is told of as a failed load, which it is.
			if e.Entry.Source != log.EntrySourceNetwork {
				b.problems = append(b.problems, string(e.Entry.Source)+": "+e.Entry.Text)
			}
		case *network.EventRequestWillBeSent:
			b.asked = append(b.asked, e.Request.URL)
		}
	})
	if err != nil {
		t.Fatalf("starting Chromium, which apt-get install chromium brings: %v", err)
	}
	return b
}

func (b *browser) do(t *testing.T, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(b, actions...); err != nil {
		b.fail(t, err.Error())
	}
}

func (b *browser) fail(t *testing.T, what string) {
	t.Helper()
	b.picture(t, "failed.png")
	t.Fatalf("%s; the page complained of %q", what, b.problems)
}

// ask evaluates an expression in the page.
func ask[T any](t *testing.T, b *browser, expression string) T {
	t.Helper()
	v, err := chromedp.Run(b, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.fail(t, expression+": "+err.Error())
	}
	return v
}

// until waits for an expression to be true in the page.
func (b *browser) until(t *testing.T, expression string) {
	t.Helper()
	for late := time.Now().Add(20 * time.Second); !ask[bool](t, b, "!!("+expression+")"); {
		if time.Now().After(late) {
			b.fail(t, "never came: "+expression)
		}
		ask[bool](t, b, `new Promise(next => requestAnimationFrame(() => next(true)))`)
	}
}

// unlock types a key into the page.
func (b *browser) unlock(t *testing.T, key string) {
	t.Helper()
	b.do(t, chromedp.WaitVisible("#key"), chromedp.SendKeys("#key", key+kb.Enter))
}

// picture takes one, and puts it where go test -artifacts says.
func (b *browser) picture(t *testing.T, name string) {
	t.Helper()
	p, err := chromedp.Run(b, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(t.ArtifactDir(), name), p, 0o644)
	}
	if err != nil {
		t.Error(err)
	}
}

func TestASessionIsPlayedInABrowser(t *testing.T) {
	w, session := watched(t)
	key := w.issueKey(session, time.Minute)
	b := newBrowser(t)
	page := "http://" + w.Address + "/.caddyrec/replay/watch"
	b.do(t, chromedp.Navigate(page+"#"+session), chromedp.WaitVisible("#key"))
	b.picture(t, "door.png")
	b.unlock(t, key)
	// Nothing is between the frames but seconds: all of them are shown soon.
	b.until(t, `document.querySelector("#list li:nth-child(10)[aria-current]")`)
	b.do(t, chromedp.KeyEvent(kb.Home))
	b.until(t, `document.querySelector("#list li:first-child[aria-current]")`)
	b.do(t, chromedp.KeyEvent(kb.ArrowRight), chromedp.KeyEvent(kb.ArrowRight))
	b.until(t, `document.querySelector("#list li:nth-child(3)[aria-current]")`)
	b.picture(t, "stage.png")
	list, frame := ask[string](t, b, `document.getElementById("list").textContent`), ask[string](t, b, `document.getElementById("frame").textContent`)
	address := ask[string](t, b, "location.href")
	kept := ask[string](t, b, `JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, document.getElementById("key").value])`)
	for _, want := range []string{"session observed", "POST /orders", "approval approve by ben", "422"} {
		if !strings.Contains(list, want) {
			t.Errorf("the list has no %q:\n%s", want, list)
		}
	}
	for _, want := range []string{"POST /orders", `"item": "boot"`, "signed", "[masked"} {
		if !strings.Contains(frame, want) {
			t.Errorf("the frame shows no %q:\n%s", want, frame)
		}
	}
	if strings.Contains(frame, "secret") || address != page+"#"+session || strings.Contains(kept, "crk1") {
		t.Errorf("at %s, kept %s, shown:\n%s", address, kept, frame)
	}
	if ask[int](t, b, `document.querySelectorAll("#frame pre mark").length`) == 0 {
		t.Error("no masked place is marked")
	}
	b.check(t, w)
}

// check fails the test on what the page complained of, and on any address
// elsewhere or with a key in it.
func (b *browser) check(t *testing.T, w *world) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.problems) > 0 {
		t.Errorf("the page complained of %q", b.problems)
	}
	for _, address := range b.asked {
		if !strings.HasPrefix(address, "http://"+w.Address+"/.caddyrec/replay/") || strings.Contains(address, "crk1") {
			t.Errorf("the page asked for %s", address)
		}
	}
}

func TestAKeyThatExpiresInABrowserIsAskedForAgain(t *testing.T) {
	w, session := watched(t)
	b := newBrowser(t)
	b.do(t, chromedp.Navigate("http://"+w.Address+"/.caddyrec/replay/watch"))
	b.unlock(t, "crk1.0011223344556677.AAAA.AAAA")
	b.do(t, chromedp.WaitVisible("#door-fault"))
	// The key is for one session: it need not be named.
	b.unlock(t, w.issueKey(session, 4*time.Second))
	b.until(t, `document.querySelectorAll("#list li").length === 10`)
	b.until(t, `document.getElementById("door-title").textContent === "The key has expired"`)
	b.do(t, chromedp.WaitVisible("#door.over-stage"))
	b.picture(t, "expired.png")
	if !ask[bool](t, b, `document.getElementById("stage").inert && getComputedStyle(document.getElementById("panes")).visibility === "hidden"`) {
		t.Error("the recording is shown when its key has expired")
	}
	b.unlock(t, w.issueKey(session, time.Minute))
	b.do(t, chromedp.WaitNotVisible("#door"))
	b.until(t, `document.getElementById("state").textContent === "live"`)
	if n := ask[int](t, b, `document.querySelectorAll("#list li").length`); n != 10 {
		t.Errorf("%d frames are left", n)
	}
	b.check(t, w)
}
