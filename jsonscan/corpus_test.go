package jsonscan

import (
	"archive/zip"
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"
)

// longest is the one y_ file whose number is longer than the default limit.
const longest = "y_number_double_close_to_zero.json"

func TestEveryTextTheSuiteCallsValidIsAcceptedAndEveryInvalidOneRefused(t *testing.T) {
	packed, err := zip.OpenReader("testdata/json-test-suite.zip")
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	readsAsTheSuiteSays(t, packed)
	const beside = "../../shared/corpora/json-test-suite" // it may be newer
	if _, err := os.Stat(beside); err == nil {
		t.Run("beside", func(t *testing.T) { readsAsTheSuiteSays(t, os.DirFS(beside)) })
	}
}

// readsAsTheSuiteSays holds what is read against nst/JSONTestSuite (MIT; its
// license stands beside the archive).
func readsAsTheSuiteSays(t *testing.T, suite fs.FS) {
	files, err := fs.ReadDir(suite, "test_parsing")
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, f := range files {
		src, err := fs.ReadFile(suite, path.Join("test_parsing", f.Name()))
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
