package openapi

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// routed describes GET on each template.
func routed(t testing.TB, templates ...string) *Document {
	t.Helper()
	var paths strings.Builder
	for _, template := range templates {
		fmt.Fprintf(&paths, "%q: {get: {responses: {}}}\n", template)
	}
	return described(t, withPaths(paths.String()))
}

func TestAPathFitsATemplateSegmentBySegment(t *testing.T) {
	for _, c := range []struct{ template, path, params string }{
		{"/", "/", ""},
		{"/a", "/a", ""},
		{"/a", "/a/", "no"},
		{"/a/", "/a", "no"},
		{"/a/", "/a/", ""},
		{"/a/{x}", "/a/", "no"},
		{"/a/{x}", "/a/b/", "no"},
		{"/a/{x}", "//a/b", "no"},
		{"/a/{x}", "a/b", "no"},
		{"/a/{x}", "", "no"},
		{"/a/{x}", "/A/b", "no"},
		{"/a/{x}", "/a/b", "x@1=b"},
		{"/a/{x}", "/%61/b", "x@1=b"},
		{"/a/{x}", "/a/b%2Fc", "x@1=b%2Fc"},
		{"/a/{x}", "/a/b%2fc", "x@1=b%2Fc"},
		{"/a/{x}", "/a/%zz", "no"},
		{"/a/{x}", "/a/%2", "no"},
		{"/a/{x}", "/a/%e2%82%AC", "x@1=%E2%82%AC"},
		{"/a/{x}", "/a/b;c=d", "x@1=b;c=d"},
		{"/a b/{x}", "/a%20b/c", "x@1=c"},
		{"/a%2fb", "/a%2Fb", ""},
		{"/a%2fb", "/a/b", "no"},
		{"/€", "/%e2%82%ac", ""},
		{"/{x}:cancel", "/b:cancel", "x@0=b"},
		{"/{x}:cancel", "/b%3Acancel", "no"},
		{"/{x}:cancel", "/:cancel", "no"},
		{"/{name}.{ext}", "/a.tar.gz", "name@0=a ext@0=tar.gz"},
		{"/{name}.{ext}", "/a.", "no"},
		{"/{name}.{ext}", "/.a", "no"},
		{"/{name}.{ext}", "/..a", "name@0=. ext@0=a"},
		{"/v{n}/{a}-{b}--{c}/z", "/v1/x-y--z/z", "n@0=1 a@1=x b@1=y c@1=z"},
		{"/v{n}/{a}-{b}--{c}/z", "/v1/x-y-z/z", "no"},
		{"/{a}x{b}y", "/1x2xy", "a@0=1 b@0=2x"},
	} {
		_, params, found := routed(t, c.template).Find("GET", c.path)
		var got []string
		for _, p := range params {
			got = append(got, fmt.Sprintf("%s@%d=%s", p.Name, p.Segment, p.Raw))
		}
		if text := strings.Join(got, " "); found != Yes && c.params != "no" || found == Yes && text != c.params {
			t.Errorf("%s for %s: %q %d, want %s", c.path, c.template, text, found, c.params)
		}
	}
}

func TestDotSegmentsFitNothing(t *testing.T) {
	d := routed(t, "/a/{x}", "/{x}/{y}/{z}", "/a/.hidden", "/a/x..y")
	for _, path := range []string{
		"/a/.", "/a/..", "/a/%2e", "/a/%2E%2e", "/a/.%2e", "/a/../b", "/a/b/..", "/./a/b",
		"/a/..%2fb", "/a/b%2f..%2Fc", "/a/b%2F.", "/a/b%5c..%5cc", "/a/%2F..", "/a/..%5C",
	} {
		if _, _, found := d.Find("GET", path); found != NoPath {
			t.Errorf("%s fits", path)
		}
	}
	for _, path := range []string{"/a/.hidden", "/a/x..y", "/a/...", "/a/b%2Fc", "/a/%252e%252e"} {
		if _, _, found := d.Find("GET", path); found != Yes {
			t.Errorf("%s does not fit", path)
		}
	}
}

func TestConcretePathsGoBeforeTemplatedOnes(t *testing.T) {
	d := routed(t, "/a/b/c", "/a/{x}/d", "/{x}/b/{y}", "/{x}/{y}/{z}", "/p{x}/b/c", "/{x}p/b/e", "/pre{x}/b/c")
	for path, want := range map[string]string{
		"/a/b/c": "/a/b/c", "/a/b/d": "/a/{x}/d", "/a/b/e": "/{x}/b/{y}", "/a/x/e": "/{x}/{y}/{z}", "/z/b/c": "/{x}/b/{y}",
		"/po/b/c": "/p{x}/b/c", "/prey/b/c": "/pre{x}/b/c", "/xp/b/e": "/{x}p/b/e",
	} {
		if op, _ := operation(t, d, "GET", path); op.Template != want {
			t.Errorf("%s came to %s, want %s", path, op.Template, want)
		}
	}
}

func TestThePathDecidesAndThenTheMethod(t *testing.T) {
	d := described(t, withPaths(`
/users/me: {get: {responses: {}}}
/users/{id}: {delete: {responses: {}}, head: {responses: {}}}
/users/{name}: {put: {responses: {}}}`))
	for _, c := range []struct {
		method, path, template string
		found                  Found
	}{
		{"GET", "/users/me", "/users/me", Yes},
		{"HEAD", "/users/me", "/users/me", Yes},
		{"DELETE", "/users/me", "", NoMethod},
		{"get", "/users/me", "", NoMethod},
		{"DELETE", "/users/5", "/users/{id}", Yes},
		{"PUT", "/users/5", "/users/{name}", Yes},
		{"HEAD", "/users/5", "/users/{id}", Yes},
		{"GET", "/users/5", "", NoMethod},
		{"GET", "/users", "", NoPath},
	} {
		op, params, found := d.Find(c.method, c.path)
		if found != c.found || op != nil && op.Template != c.template {
			t.Errorf("%s %s: %v %d", c.method, c.path, op, found)
		}
		if c.method == "PUT" && (len(params) != 1 || params[0].Name != "name") {
			t.Errorf("%v", params)
		}
	}
	for path, want := range map[string][]string{"/users/me": {"GET", "HEAD"}, "/users/5": {"DELETE", "HEAD", "PUT"}, "/x": nil} {
		if got := d.Methods(path); !slices.Equal(got, want) {
			t.Errorf("%s has %v, want %v", path, got, want)
		}
	}
}

func TestServersGiveBasePaths(t *testing.T) {
	for servers, path := range map[string]string{
		"":                       "/a",
		"servers: [{url: /}]":    "/a",
		"servers: [{url: /v1/}]": "/v1/a",
		"servers: [{url: 'https://e.com/x%20y'}]":                                          "/x%20y/a",
		"servers: [{url: 'https://{h}:8443/{v}', variables: {v: {default: v2}}}]":          "/v2/a",
		"servers: [{url: '{s}://e.com/b', variables: {s: {default: https}}}, {url: '/c'}]": "/c/a",
		"servers: [{url: '//e.com'}]":                                                      "/a",
	} {
		d := described(t, withPaths("/a: {get: {responses: {}}}")+servers+"\n")
		if _, _, found := d.Find("GET", path); found != Yes {
			t.Errorf("%s: %s does not fit", servers, path)
		}
	}
	d := described(t, withPaths(`
/a: {servers: [{url: /item}], get: {responses: {}}, put: {servers: [{url: /own}], responses: {}}}`)+"servers: [{url: /all}]\n")
	for path, want := range map[string]string{"/item/a": "GET", "/own/a": "PUT", "/all/a": ""} {
		if got := d.Methods(path); len(got) == 0 != (want == "") || want != "" && got[0] != want {
			t.Errorf("%s has %v", path, got)
		}
	}
}

func TestAPathThatFitsNothingCostsLittle(t *testing.T) {
	d := routed(t, "/a/{x}", "/{x}/b", "/{x}/{y}/c")
	for _, path := range []string{"/a", "/a/b/d", strings.Repeat("/a", 5000), strings.Repeat("/", 100_000)} {
		if n := testing.AllocsPerRun(10, func() { d.Find("GET", path) }); n > 3 {
			t.Errorf("%v allocations for %.20s", n, path)
		}
	}
}

func BenchmarkFind(b *testing.B) {
	var templates []string
	for i := range 1000 {
		templates = append(templates, fmt.Sprintf("/repos/{owner}/{repo}/r%d/{id}", i), fmt.Sprintf("/repos/{owner}/{repo}/r%d/latest", i))
	}
	d := routed(b, templates...)
	for b.Loop() {
		if _, _, found := d.Find("GET", "/repos/a/b/r500/7"); found != Yes {
			b.Fatal(found)
		}
	}
}

func FuzzFindAPath(f *testing.F) {
	d := routed(f, "/", "/a", "/a/", "/a/{x}", "/a/{x}.{y}", "/a/{x}/b", "/a/p{x}-{y}s/{z}", "/{u}/{v}/w", "/%2F/{x}")
	for _, seed := range []string{"/", "/a/b", "/a/b.c", "/a/%2e%2e", "/a/b%2Fc", "/a/p1-2s/3", "/%2f/x", "//", "/a/%", "/\x00/é/w"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		op, params, found := d.Find("GET", path)
		if found != Yes {
			return
		}
		segments := strings.Split(path[1:], "/")
		if len(segments) != strings.Count(op.Template, "/") {
			t.Fatalf("%q has other segments than %s", path, op.Template)
		}
		back := op.Template
		for _, p := range params {
			if p.Raw == "" {
				t.Fatalf("%q: {%s} is empty", path, p.Name)
			}
			if _, ok := decodePath(p.Raw); !ok && strings.IndexByte(p.Raw, '%') < 0 {
				t.Fatalf("%q: {%s} does not decode", path, p.Name)
			}
			back = strings.Replace(back, "{"+p.Name+"}", p.Raw, 1)
		}
		for i, text := range strings.Split(back[1:], "/") {
			want, ok := normal(segments[i])
			if got, _ := normal(text); !ok || got != want || climbs(want) {
				t.Fatalf("%q came to %s, which gives %q", path, op.Template, back)
			}
		}
	})
}
