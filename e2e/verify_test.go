package e2e

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyrec/caddyrec/e2e/wait"
)

func TestACopyOfALogIsProvedWithThePublicKeyUntilAWordInItIsChanged(t *testing.T) {
	w := newWorld(t, issuer(t)).start()
	token := w.service("service")
	for range 5 {
		w.want(w.post("/orders", token, order("chair", 1)), http.StatusOK, "")
	}
	w.stop()
	w.start() // seals what was written so far
	w.want(w.post("/orders", token, order("sofa", 1)), http.StatusOK, "")
	wait.Until(t, "what the first start wrote is sealed", func() bool {
		sealed, err := filepath.Glob(filepath.Join(w.LedgerFolder("main"), "sealed", "*", "*", "*"))
		return err == nil && len(sealed) > 0
	})
	w.stop()

	key, err := os.ReadFile(filepath.Join(w.Store(), "keys", "main.public"))
	if err != nil {
		t.Fatal(err)
	}
	proved := func(folder string) (code int, out string) {
		t.Helper()
		out, problems, err := w.Command(t.Context(), "rec", "verify", folder, "--key", strings.TrimSpace(string(key)))
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		if exit != nil {
			code = exit.ExitCode()
		}
		return code, out + problems
	}
	const intact, no = 0, 2
	for word, segments := range map[string]string{"chair": "sealed", "sofa": ""} {
		copied := filepath.Join(t.TempDir(), "copy")
		if err := os.CopyFS(copied, os.DirFS(w.LedgerFolder("main"))); err != nil {
			t.Fatal(err)
		}
		if code, out := proved(copied); code != intact {
			t.Fatalf("an unchanged copy gives %d: %s", code, out)
		}
		if n := exchangeWord(t, copied, segments, word); n == 0 {
			t.Fatalf("there is no %s in the copy", word)
		}
		if code, out := proved(copied); code != no {
			t.Errorf("with another word in place of %s it gives %d: %s", word, code, out)
		}
	}
}

// exchangeWord writes another word of the same length over one in all segments
// below a folder, also packed ones, and returns how many of them had it.
func exchangeWord(t *testing.T, log, folder, word string) (files int) {
	t.Helper()
	other := []byte(strings.Repeat("x", len(word)))
	err := filepath.WalkDir(filepath.Join(log, folder), func(name string, d fs.DirEntry, err error) error {
		if err != nil || !strings.Contains(name, ".ndjson") {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		packed := strings.HasSuffix(name, ".gz")
		if packed {
			r, err := gzip.NewReader(bytes.NewReader(text))
			if err != nil {
				return err
			}
			if text, err = io.ReadAll(r); err != nil {
				return err
			}
		}
		if !bytes.Contains(text, []byte(word)) {
			return nil
		}
		files++
		text = bytes.ReplaceAll(text, []byte(word), other)
		if packed {
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			z.Write(text)
			z.Close()
			text = b.Bytes()
		}
		if err := os.Chmod(name, 0o600); err != nil {
			return err
		}
		return os.WriteFile(name, text, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
