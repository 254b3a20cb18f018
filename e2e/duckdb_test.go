package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/e2e/duckdb"
	"github.com/caddyrec/caddyrec/e2e/wait"
)

// sealedStory is a store whose log is sealed and has a record of nearly every
// kind: orders with secrets, refused and approved ones, and one that was under
// way when the gateway was killed.
func sealedStory(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, issuer(t)).start()
	ana, ben := w.login("ana"), w.login("ben")
	for i := range 5 {
		w.want(w.post("/orders", ana, fmt.Sprintf(`{"item":"chair","amount":%d,"shoe":"size 4%d","password":"p"}`, i, i)), http.StatusOK, "")
	}
	w.get("/orders?token=abc", ben)
	w.post("/orders", ana, `{"item":1}`)
	w.post("/orders", "no token", order("x", 1))
	held := w.async(w.request(http.MethodPost, "/orders", ana, order("castle", 5000)))
	w.vote(w.pending(ben), ben, "approve", "seen the contract")
	wait.For(t, "answer", held)
	arrived, release := make(chan struct{}), make(chan struct{})
	w.up.answers(func(http.ResponseWriter, *http.Request) {
		close(arrived)
		<-release
	})
	t.Cleanup(func() { close(release) })
	orphan := w.async(w.request(http.MethodPost, "/orders", ben, order("lost", 7)))
	wait.For(t, "arrival", arrived)
	w.Kill()
	wait.For(t, "answer", orphan)
	w.start()
	wait.Until(t, "the log is sealed", func() bool {
		sealed, err := filepath.Glob(filepath.Join(w.LedgerFolder("main"), "sealed", "*", "*", "*.gz"))
		return err == nil && len(sealed) > 0
	})
	return w
}

// sqlIn are the statements in a page's code blocks.
var sqlIn = regexp.MustCompile("(?s)```sql\n(.*?)```")

func TestSealedSegmentsOpenInDuckDBAsTheyAre(t *testing.T) {
	w := sealedStory(t)
	files := filepath.Join(w.LedgerFolder("main"), "sealed", "*", "*", "*.ndjson.gz")
	columns, err := duckdb.Query(t.Context(), `DESCRIBE FROM read_json('`+files+`', sample_size = -1)`)
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]string{}
	for _, c := range columns {
		types[fmt.Sprint(c["column_name"])] = fmt.Sprint(c["column_type"])
	}
	for name, kind := range types {
		if strings.Contains(kind, "JSON") { // which it takes for values of different types
			t.Errorf("%s is of several types: %s", name, kind)
		}
	}
	for name, want := range map[string]string{"seq": "BIGINT", "time": "TIMESTAMP", "id": "UUID", "masked": "STRUCT(part VARCHAR, pointer VARCHAR, \"rule\" VARCHAR, \"action\" VARCHAR, count BIGINT)[]"} {
		if types[name] != want {
			t.Errorf("%s is %s, want %s", name, types[name], want)
		}
	}
	for _, part := range []string{"request", "response"} {
		if !strings.Contains(types[part], `body STRUCT("content" VARCHAR`) {
			t.Errorf("a body is no text: %s is %s", part, types[part])
		}
	}
	rows, err := duckdb.Query(t.Context(), `SELECT count(*) AS n, max(seq) AS last FROM read_json('`+files+`')`)
	if err != nil {
		t.Fatal(err)
	}
	if n, last := fmt.Sprint(rows[0]["n"]), fmt.Sprint(rows[0]["last"]); len(rows) != 1 || n == "0" {
		t.Errorf("%s records, the last is %s", n, last)
	}
}

func TestTheQueriesInTheDocsGiveWhatTheySay(t *testing.T) {
	w := sealedStory(t)
	page, err := os.ReadFile(filepath.Join("..", "docs", "querying.md"))
	if err != nil {
		t.Fatal(err)
	}
	all := sqlIn.FindAllStringSubmatch(string(page), -1)
	if len(all) != 7 {
		t.Fatalf("the page has %d statements", len(all))
	}
	view := strings.ReplaceAll(all[0][1], "/var/lib/caddyrec", w.Store())
	ask := func(i int) []map[string]any {
		t.Helper()
		rows, err := duckdb.Query(t.Context(), view+all[i][1])
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	has := func(rows []map[string]any, want string) {
		t.Helper()
		for _, row := range rows {
			if strings.Contains(fmt.Sprint(row), want) {
				return
			}
		}
		t.Errorf("no row has %s: %v", want, rows)
	}

	did := ask(1)
	if len(did) < 7 {
		t.Errorf("who did what: %v", did)
	}
	has(did, "method:POST status:200")
	has(did, "who:ana")
	masked := ask(2)
	has(masked, "rule:key:password times:")
	has(masked, "rule:schema")
	orphans := ask(3)
	if len(orphans) != 1 || orphans[0]["who"] != "ben" {
		t.Errorf("orphans: %v", orphans)
	}
	stdout, _, _ := w.Command(t.Context(), "rec", "ls", "--orphans", "--json", "--store", w.Store())
	if n := strings.Count(stdout, "\n"); n != 1 {
		t.Errorf("caddy rec finds %d of them:\n%s", n, stdout)
	}
	has(ask(4), "by:json_schema_guard")
	has(ask(5), "requester:ana")
	has(ask(6), "item:chair orders:5")
}
