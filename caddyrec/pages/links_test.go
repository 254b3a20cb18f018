package pages_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

func TestLinksBetweenPagesResolve(t *testing.T) {
	for _, name := range pages(t) {
		for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(page(t, name), ""), -1) {
			target := m[1]
			if strings.Contains(target, "://") {
				continue
			}
			file, heading, _ := strings.Cut(target, "#")
			to := name
			if file != "" {
				to = filepath.Join(filepath.Dir(name), filepath.FromSlash(file))
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s: %s leads nowhere", name, target)
				continue
			}
			if heading != "" && !slices.Contains(headings(t, to), heading) {
				t.Errorf("%s: %s has no heading %s", name, to, heading)
			}
		}
	}
}

// headings are a page's anchors, as GitHub makes them.
func headings(t *testing.T, name string) (anchors []string) {
	for line := range strings.Lines(fence.ReplaceAllString(page(t, name), "")) {
		text, ok := strings.CutPrefix(strings.TrimLeft(line, "#"), " ")
		if !ok || line[0] != '#' {
			continue
		}
		anchors = append(anchors, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, strings.TrimSpace(text)))
	}
	return anchors
}

var (
	makes = regexp.MustCompile("(?m)(?:^|`)make ([a-z0-9]+)")
	rule  = regexp.MustCompile(`(?m)^([a-z0-9]+):`)
	usage = regexp.MustCompile(`Use: +"(\w+)`)
	recs  = regexp.MustCompile(`caddy rec ([a-z]+)`)
)

func TestCommandsInTheDocsExist(t *testing.T) {
	var targets, commands []string
	for _, m := range rule.FindAllStringSubmatch(page(t, "Makefile"), -1) {
		targets = append(targets, m[1])
	}
	for _, pattern := range []string{"caddyrec/cli/*.go", "caddyrec/demo/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range files {
			for _, m := range usage.FindAllStringSubmatch(page(t, f), -1) {
				commands = append(commands, m[1])
			}
		}
	}
	commands = append(commands, "approve", "deny") // one function makes both
	for _, name := range pages(t) {
		for _, m := range makes.FindAllStringSubmatch(page(t, name), -1) {
			if !slices.Contains(targets, m[1]) {
				t.Errorf("%s: the Makefile has no %s", name, m[1])
			}
		}
		for _, m := range recs.FindAllStringSubmatch(page(t, name), -1) {
			if !slices.Contains(commands, m[1]) {
				t.Errorf("%s: there is no caddy rec %s", name, m[1])
			}
		}
	}
	for _, want := range []string{"run", "test", "bench", "lint"} {
		if !slices.Contains(targets, want) {
			t.Errorf("the Makefile has no %s", want)
		}
	}
}
