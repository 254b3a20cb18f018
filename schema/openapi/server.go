package openapi

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// bases are the base paths of an operation's servers, each once, without a
// slash at the end.
func (b *builder) bases(item *openapi3.PathItem, op *openapi3.Operation) ([]string, error) {
	servers := b.model.Servers
	if len(item.Servers) > 0 {
		servers = item.Servers
	}
	if op.Servers != nil && len(*op.Servers) > 0 {
		servers = *op.Servers
	}
	var all []string
	for _, s := range servers {
		base, err := basePath(s)
		if err != nil {
			return nil, placeOf(s.Extensions).at("url").errorf("%w", err)
		}
		if !slices.Contains(all, base) {
			all = append(all, base)
		}
	}
	if all == nil {
		all = []string{""}
	}
	return all, nil
}

// basePath is the path of a server's URL, its variables at their defaults.
func basePath(s *openapi3.Server) (string, error) {
	text := s.URL
	for name, v := range s.Variables {
		text = strings.ReplaceAll(text, "{"+name+"}", v.Default)
	}
	if _, rest, ok := strings.Cut(text, "://"); ok { // the host does not matter
		host := strings.IndexAny(rest, "/?#")
		if host < 0 {
			return "", nil
		}
		text = rest[host:]
	}
	if strings.ContainsAny(text, "{}") {
		return "", errors.New("the path has a variable without a default: write one under variables")
	}
	u, err := url.Parse(text)
	if err != nil {
		return "", errors.New("it is not a URL: write one, or its path alone")
	}
	base := strings.TrimRight(u.EscapedPath(), "/")
	if base == "" || base == "." {
		return "", nil
	}
	if !strings.HasPrefix(base, "/") {
		return "", errors.New("the URL is relative to where the description is served, which is not known: begin it with / or a scheme")
	}
	return base, nil
}
