package chain_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/record"
)

func TestARequestTargetWithoutAPathIsRefusedByWhicheverDirectiveSeesIt(t *testing.T) {
	for name, site := range map[string]string{
		"session_record":    "session_record",
		"json_schema_guard": "json_schema_guard {\nrequest SCHEMA\n}",
		"jit_approval":      "jit_approval {\napprovers groups security\n}",
	} {
		t.Run(name, func(t *testing.T) {
			schema := filepath.Join(t.TempDir(), "schema.json")
			if err := os.WriteFile(schema, []byte(`{"type":"object"}`), 0o600); err != nil {
				t.Fatal(err)
			}
			r := start(t, strings.ReplaceAll(site, "SCHEMA", schema)+"\nreverse_proxy UPSTREAM")
			for _, target := range []string{"http:orders", "x:a/b?password=secret"} {
				host := strings.TrimPrefix(r.url, "http://")
				conn, err := net.Dial("tcp", host)
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}", target, host)
				resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
				if err != nil {
					t.Fatal(err)
				}
				body, _ := io.ReadAll(resp.Body)
				conn.Close()
				if resp.StatusCode != http.StatusBadRequest || !strings.Contains(string(body), `"ambiguous-target"`) {
					t.Errorf("%s: %d %s", target, resp.StatusCode, body)
				}
			}
			denied := r.records(ofType(record.Denied))
			if len(denied) != 2 || denied[0].Denial.Reason != "ambiguous-target" || denied[0].Denial.By != "caddyrec" {
				t.Errorf("records: %+v", denied)
			}
		})
	}
}
