package cli

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
)

// gatewayFlags say which gateway is asked, and who asks.
type gatewayFlags struct {
	address   string
	tokenFile string
}

func (g *gatewayFlags) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&g.address, "gateway", "", "address of the site, such as https://orders.example.com (default: $CADDYREC_GATEWAY)")
	cmd.Flags().StringVar(&g.tokenFile, "token-file", "", "file with your access token (default: the token in $CADDYREC_TOKEN)")
}

// gatewayHelp is what the help texts of the commands that ask a gateway have in
// common.
const gatewayHelp = `
The gateway is the site that jit_approval guards: --gateway or CADDYREC_GATEWAY.
It is asked over https; over http only on this machine. Its certificate must be
trusted here; where Go reads it, SSL_CERT_FILE names a CA of your own.

You are who your access token says. It is read from --token-file or taken from
CADDYREC_TOKEN, never from the command line, which every user can see.
`

// connect makes a client out of flags and environment.
func (g *gatewayFlags) connect() (*client, error) {
	address := g.address
	if address == "" {
		address = os.Getenv("CADDYREC_GATEWAY")
	}
	if address == "" {
		return nil, errors.New("no gateway: say which with --gateway https://… or in CADDYREC_GATEWAY")
	}
	base, err := parseGateway(address)
	if err != nil {
		return nil, err
	}
	token, err := g.token()
	if err != nil {
		return nil, err
	}
	return newClient(base, token), nil
}

// parseGateway checks that a token may be sent to an address.
func parseGateway(address string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Opaque != "" {
		return nil, fmt.Errorf("the gateway's address must be like https://orders.example.com")
	}
	switch {
	case u.User != nil:
		return nil, errors.New("the gateway's address has a user in it: leave that out, and give a token with --token-file")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("gateway %s: leave out what follows the path", u.Redacted())
	case u.Scheme == "https":
	case u.Scheme != "http":
		return nil, fmt.Errorf("gateway %s: use https", address)
	case !isThisMachine(u.Hostname()):
		return nil, fmt.Errorf("gateway %s: your token would travel in the clear: use https, or http on this machine", address)
	}
	return u, nil
}

// isThisMachine says whether a host's name is one of this machine itself.
func isThisMachine(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") { // RFC 6761 section 6.3
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func (g *gatewayFlags) token() (string, error) {
	token, from := os.Getenv("CADDYREC_TOKEN"), "CADDYREC_TOKEN"
	if g.tokenFile != "" {
		text, err := readSmall(g.tokenFile)
		if err != nil {
			return "", fmt.Errorf("reading the token: %w", err)
		}
		token, from = text, g.tokenFile
	}
	token = strings.TrimSpace(token)
	if token == "" {
		return "", errors.New("no access token: name a file that holds it with --token-file, or put it into CADDYREC_TOKEN")
	}
	if strings.ContainsFunc(token, func(r rune) bool { return r > unicode.MaxASCII || r <= ' ' || r == 0x7f }) {
		return "", fmt.Errorf("what %s holds is no access token: a token is one word", from)
	}
	return token, nil
}
