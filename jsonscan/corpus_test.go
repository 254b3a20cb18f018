package jsonscan

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// longest is the one y_ file whose number is longer than the default limit.
const longest = "y_number_double_close_to_zero.json"

func TestEveryTextTheSuiteCallsValidIsAcceptedAndEveryInvalidOneRefused(t *testing.T) {
	dir := filepath.FromSlash("../../shared/corpora/json-test-suite/test_parsing")
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Skipf("not checked is what JSONTestSuite calls valid, and invalid: clone github.com/nst/JSONTestSuite to shared/corpora/json-test-suite beside the checkout: %v", err)
	}
	count := map[string]int{}
	for _, f := range files {
		src, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		lim := Limits{}
		if f.Name() == longest {
			lim.NumberBytes = 128
		}
		_, err = Check(src, lim)
		kind := f.Name()[:1]
		count[kind]++
		switch {
		case kind == "y" && err != nil:
			t.Errorf("%s: %v", f.Name(), err)
		case kind == "n" && err == nil:
			t.Errorf("%s: accepted", f.Name())
		case kind == "i" && err == nil && !json.Valid(src):
			t.Errorf("%s: accepted though encoding/json refuses it", f.Name())
		case kind == "i" && err == nil && strings.Contains(f.Name(), "string"):
			t.Errorf("%s: a doubtful string is accepted", f.Name())
		}
	}
	if count["y"] < 90 || count["n"] < 180 || count["i"] < 30 {
		t.Errorf("read %v files: the corpus is not whole", count)
	}
}
