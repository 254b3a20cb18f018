package e2e

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/e2e/orders"
	"github.com/caddyrec/caddyrec/record"
)

func TestAReplayOnAFreshCopyMatches(t *testing.T) {
	s := recordStory(t)
	copied, target := fresh(t, orders.None)
	_, good1 := fresh(t, orders.None)
	_, good2 := fresh(t, orders.None)
	out, _ := s.replay(0, s.session, "--to", target, "--unsafe", "--json", "--baseline", good1, "--baseline", good2)
	r := readReport(t, out)
	if r.Outcome != "matched" || r.Counts.Matched != 12 {
		t.Errorf("%+v", r.Counts)
	}
	if copied.Orders() != 1 || len(copied.Asked()) != 12 {
		t.Errorf("the copy has %d orders after %d requests: %v", copied.Orders(), len(copied.Asked()), copied.Asked())
	}
	if learned := r.Steps[1].Learned; len(learned) == 0 || !strings.HasPrefix(learned[0].Replayed, "ord_") || learned[0].Recorded == learned[0].Replayed {
		t.Errorf("learned from the new order: %+v", learned)
	}

	// Shown again, and on record.
	shown, _ := s.rec(0, "diff", r.Replay, "--store", s.Store(), "--replays", s.replays)
	for _, want := range []string{"All 12 matched.", "POST /orders", "1 by answer", "2 by secrets"} {
		if !strings.Contains(shown, want) {
			t.Errorf("%q is not in\n%s", want, shown)
		}
	}
	lines := s.recorded(record.ReplayStarted, record.ReplayFinished)
	if len(lines) != 2 || lines[0].Replay.Allowed != "marked" || lines[0].Replay.Session != s.session || lines[1].Replay.Outcome != "matched" || lines[1].Replay.Matched != 12 {
		t.Errorf("on record: %+v", lines)
	}
	if again, _ := s.rec(0, "diff", r.Replay, "--store", s.Store(), "--replays", s.replays, "--json"); sha(strings.TrimSpace(again)) != lines[1].Replay.Report {
		t.Errorf("the report is not the one on record, %s", lines[1].Replay.Report)
	}
	s.nothingSecret()
}

// nothingSecret wants nothing secret in what replays have left behind. The store
// is looked at by every test's end.
func (s *story) nothingSecret() {
	s.t.Helper()
	n := 0
	for _, folder := range []string{s.replays, s.Store()} {
		err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			n++
			text, err := os.ReadFile(path)
			for _, secret := range []string{payPassword, payCard, "correct%20horse"} {
				if strings.Contains(string(text), secret) {
					s.t.Errorf("%s has %s in it", path, secret)
				}
			}
			return err
		})
		if err != nil {
			s.t.Fatal(err)
		}
	}
	if n < 20 {
		s.t.Errorf("only %d files were looked at", n)
	}
}

func TestAReplayNamesExactlyWhatABugChanges(t *testing.T) {
	s := recordStory(t)
	issued := "GET /orders/…/receipt body/issued_at changed"
	for bug, want := range map[orders.Bug][]string{
		orders.None: {issued},
		orders.Rounding: {"POST /orders body/price/total changed", "GET /orders body/orders/0/price/total changed", "GET /orders/… body/price/total changed",
			"PATCH /orders/… body/price/total changed", "GET /orders/… body/price/total changed", "POST /orders/…/payment body/price/total changed",
			issued, "GET /orders/…/receipt body/price/total changed"},
		orders.TextTotal: {"POST /orders body/price/total type", "GET /orders body/orders/0/price/total type", "GET /orders/… body/price/total type",
			"PATCH /orders/… body/price/total type", "GET /orders/… body/price/total type", "POST /orders/…/payment body/price/total type",
			issued, "GET /orders/…/receipt body/price/total type"},
		orders.NoTax: {issued, "GET /orders/…/receipt body/tax removed"},
		orders.NoMatch: {"PATCH /orders/… status changed", "PATCH /orders/… body changed",
			"GET /orders/… body/quantity changed", "GET /orders/… body/price/total changed",
			"POST /orders/…/payment body/quantity changed", "POST /orders/…/payment body/price/total changed",
			issued, "GET /orders/…/receipt body/quantity changed", "GET /orders/…/receipt body/price/total changed"},
	} {
		_, target := fresh(t, bug)
		out, _ := s.replay(2, s.session, "--to", target, "--unsafe", "--json")
		r := readReport(t, out)
		got := r.places()
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("bug %q:\n%s\nwant\n%s", bug, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if r.Counts.Requests != r.Counts.Sent {
			t.Errorf("bug %q: %+v", bug, r.Counts)
		}
	}
	_, target := fresh(t, orders.None)
	s.replay(0, s.session, "--to", target, "--unsafe", "--ignore", "GET /orders/*/receipt /issued_at")
	s.nothingSecret()
}

func TestAReplayRefusesWhatIsNotForTests(t *testing.T) {
	s := recordStory(t)
	before := len(s.recorded(record.ReplayStarted))
	var plain *orders.Service
	serve := func(word string) string {
		plain = newOrders(t)
		return "http://" + host(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/.caddyrec/replay-target" && word != "" {
				fmt.Fprint(w, "caddyrec-replay-target "+word)
				return
			}
			plain.ServeHTTP(w, r)
		}))
	}
	refused := func(reason string, args ...string) {
		t.Helper()
		if _, stderr := s.replay(1, append([]string{s.session}, args...)...); !strings.Contains(stderr, reason) {
			t.Errorf("%v: %s", args, stderr)
		}
	}
	refused("does not say that it is for tests", "--to", serve(""), "--unsafe")
	refused("does not say that it is for tests", "--to", serve("some-nonce"), "--unsafe")
	if n := len(plain.Asked()); n > 0 {
		t.Errorf("%d requests were sent", n)
	}
	production := serve("production")
	refused("says that it is production", "--to", production)
	list := write(t, "targets", "# for tests\n"+strings.TrimPrefix(production, "http://")+"\n")
	refused("says that it is production", "--to", production, "--unsafe", "--targets", list)
	refused("is what was recorded", "--to", "http://"+s.Address)
	refused("this machine's port", "--to", "http://localhost:"+s.Address[strings.LastIndex(s.Address, ":")+1:])
	refused("is what was recorded", "--to", "http://"+s.vars["UPSTREAM"])
	dead := httptest.NewServer(http.NotFoundHandler())
	dead.Close()
	refused("does not answer", "--to", dead.URL)
	if got := len(s.recorded(record.ReplayStarted)); got != before {
		t.Errorf("%d replays that were refused are on record as started", got-before)
	}

	// One that says nothing gets the safe requests, one that is listed all.
	listed := serve("")
	out, _ := s.replay(2, s.session, "--to", listed, "--json")
	if r := readReport(t, out); r.Counts.Skipped != 6 || r.Counts.Sent != 6 || slices.ContainsFunc(plain.Asked(), func(l string) bool { return !strings.HasPrefix(l, "GET ") }) {
		t.Errorf("%+v %v", r.Counts, plain.Asked())
	}
	listed = serve("")
	list = write(t, "targets", strings.TrimPrefix(listed, "http://")+"\n")
	s.replay(0, s.session, "--to", listed, "--unsafe", "--targets", list, "--ignore", "/issued_at")
}

func TestAReplayThatCannotBeRecordedDoesNotRun(t *testing.T) {
	s := recordStory(t)
	api, target := fresh(t, orders.None)
	// The gateway writes the log, and its admin endpoint is another's.
	_, stderr := s.rec(1, "replay", s.session, "--store", s.Store(), "--address", "127.0.0.1:1", "--replays", s.replays, "--to", target)
	if !strings.Contains(stderr, "could not be recorded") || len(api.Asked()) > 0 {
		t.Errorf("%d requests were sent: %s", len(api.Asked()), stderr)
	}
	// Without a gateway the command writes the log itself.
	s.stop()
	s.rec(2, "replay", s.session, "--store", s.Store(), "--address", "127.0.0.1:1", "--replays", s.replays, "--to", target, "--speed", "max")
	lines := s.recorded(record.ReplayStarted, record.ReplayFinished)
	if len(lines) != 2 || lines[1].Replay.Outcome != "differs" || lines[1].Replay.Skipped != 6 {
		t.Errorf("on record: %+v", lines)
	}
	s.rec(0, "verify", s.Store())
}

func TestASlowTargetIsNotWaitedForWithoutEnd(t *testing.T) {
	s := recordStory(t)
	release := make(chan struct{})
	target := "http://" + host(t, forTests(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release })))
	t.Cleanup(func() { close(release) }) // before the server waits for its handlers
	out, stderr := s.replay(1, s.session, "--to", target, "--unsafe", "--json", "--timeout", "100ms", "--give-up", "3")
	r := readReport(t, out)
	if r.Outcome != "given-up" || r.Counts.Failed < 3 || r.Steps[0].Why != "timeout" || !strings.Contains(stderr, "--resume") {
		t.Errorf("%+v %s", r, stderr)
	}
	if lines := s.recorded(record.ReplayFinished); len(lines) != 1 || lines[0].Replay.Outcome != "given-up" {
		t.Errorf("on record: %+v", lines)
	}
}

func TestATestInstanceBehindPlainCaddySaysSoWithOneLine(t *testing.T) {
	s := recordStory(t)
	api := newOrders(t)
	front := newWorld(t, nil)
	front.vars["UPSTREAM"] = host(t, api)
	front.start(`
http://{$ADDRESS} {
	respond /.caddyrec/replay-target "caddyrec-replay-target {query.nonce}"
	reverse_proxy {$UPSTREAM}
}
`)
	s.replay(0, s.session, "--to", "http://"+front.Address, "--unsafe", "--ignore", "/issued_at")

	// A site that records is not for tests by accident: the path is caddyrec's.
	front.vars["ISSUER"] = s.provider.Issuer
	mustReload(t, front, recordedSite)
	if _, stderr := s.replay(1, s.session, "--to", "http://"+front.Address, "--unsafe"); !strings.Contains(stderr, "does not say that it is for tests") {
		t.Errorf("a site that records is taken for a test instance: %s", stderr)
	}
}

func mustReload(t *testing.T, w *world, site string) {
	t.Helper()
	if err := w.Reload(t.Context(), w.caddyfile(site)); err != nil {
		t.Fatal(err)
	}
}

func sha(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
