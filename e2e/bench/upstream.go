//go:build linux

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// upstreamArg makes this program the upstream.
const upstreamArg = "serve-upstream"

// requestBody is what is posted; upstreamAnswer is what comes back, about
// 1.6 KB, as an order with a dozen lines might.
const requestBody = `{"item":"chair","amount":250,"currency":"eur","customer":"c-20417","note":"deliver by noon, please"}`

var upstreamAnswer = func() []byte {
	var b strings.Builder
	b.WriteString(`{"receipt":"r-2041771","state":"accepted","customer":{"id":"c-20417","email":"buyer@example.com","city":"Graz"},"lines":[`)
	for n := range 12 {
		if n > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"position":%d,"item":"chair, oak, number %02d","quantity":%d,"price":%d.50,"currency":"eur","stock":"graz-%d"}`, n, n, n%3+1, 20+n, n%4)
	}
	b.WriteString(`],"total":317.25,"vat":63.45,"due":"30 days","terms":"delivery free of charge","channel":"web"}`)
	return []byte(b.String())
}()

// serveUpstream answers every request alike until stdin ends.
func serveUpstream() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(l.Addr())
	go http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(upstreamAnswer)))
		w.Write(upstreamAnswer)
	}))
	io.Copy(io.Discard, os.Stdin)
}

// startUpstream runs this program as the upstream and returns its address and
// process.
func startUpstream() (address string, pid int, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return "", 0, nil, err
	}
	cmd := exec.Command(self, upstreamArg)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return "", 0, nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", 0, nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", 0, nil, err
	}
	stop = func() { stdin.Close(); cmd.Wait() }
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		stop()
		return "", 0, nil, errors.New("the upstream did not start")
	}
	return strings.TrimSpace(line), cmd.Process.Pid, stop, nil
}
