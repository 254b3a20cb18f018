package maskedlog_test

import (
	"bytes"
	"log"
	"net"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/zap"
)

func TestWhatGosOwnPackagesLogHoldsNoSecret(t *testing.T) {
	before, flags := log.Writer(), log.Flags()
	defer func() {
		log.SetOutput(before)
		log.SetFlags(flags)
	}()
	lines := make(chan string, 8)
	log.SetOutput(lineWriter(lines))
	log.SetFlags(0)
	for range 2 { // two logs of this format
		logged(t, "masked", func(*zap.Logger) {})
	}
	log.Print("dial http://u:s3cr3t@upstream for ana@example.com: no route")
	if got, want := <-lines, "dial http://u:[masked]@upstream for [masked]: no route\n"; got != want {
		t.Errorf("logged is %q", got)
	}

	// An upstream that sends a body where there can be none.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		c.Read(make([]byte, 4096))
		c.Write([]byte("HTTP/1.1 204 No Content\r\nContent-Length: 29\r\n\r\n{\"note\":\"s3cr3t-of-an-answer\"}"))
		c.Read(make([]byte, 1)) // until the client has gone
	}()
	transport := new(http.Transport)
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Get("http://" + l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got := <-lines; strings.Contains(got, "s3cr3t") || !strings.HasPrefix(got, "Unsolicited response") || !strings.Contains(got, "[masked]; err=") {
		t.Errorf("logged is %q", got)
	}
}

// Caddy redirects the standard library's log to a sink after it has provisioned
// the sink's encoder.
func TestASinkHoldsNothingAnUpstreamSentUnasked(t *testing.T) {
	before := log.Writer()
	defer log.SetOutput(before)
	got := logged(t, "masked", func(l *zap.Logger) {
		defer zap.RedirectStdLog(l)()
		log.Print(`Unsolicited response received on idle HTTP channel starting with "s3cr3t-of-an-answer"; err=<nil>`)
	})
	if strings.Contains(got, "s3cr3t") || !strings.Contains(got, "[masked]; err=") {
		t.Errorf("logged is %q", got)
	}
}

// lineWriter sends what is written.
type lineWriter chan string

func (w lineWriter) Write(p []byte) (int, error) {
	w <- string(bytes.Clone(p))
	return len(p), nil
}
