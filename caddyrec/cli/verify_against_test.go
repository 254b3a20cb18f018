package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// aNote has the shape of a signed checkpoint.
const aNote = "caddyrec/main\n9\nroot\n\n— caddyrec/main sig\n"

func logged(logger, note string) string {
	line, err := json.Marshal(map[string]any{"level": "info", "ts": 1.5, "logger": logger, "msg": "signed", "note": note})
	if err != nil {
		panic(err)
	}
	return string(line) + "\n"
}

func TestCheckpointsAreTakenAsTheyAreAndFromCaddysLog(t *testing.T) {
	cosigned := aNote + "— witness sig\n"
	access := `{"logger":"http.log.access","note":3}` + "\n"
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"one":                       {aNote, []string{aNote}},
		"one with CRLF":             {strings.ReplaceAll(aNote, "\n", "\r\n"), []string{aNote}},
		"one without a last end":    {strings.TrimSuffix(aNote, "\n"), []string{aNote}},
		"some, one behind another":  {aNote + cosigned + "\n" + aNote, []string{aNote, cosigned, aNote}},
		"logged":                    {logged(checkpointLogger, aNote) + access + logged(checkpointLogger, cosigned), []string{aNote, cosigned}},
		"logged and a torn line":    {logged(checkpointLogger, aNote) + `{"logger":"cadd`, []string{aNote}},
		"both":                      {aNote + logged(checkpointLogger, aNote) + aNote, []string{aNote, aNote, aNote}},
		"another logger's note":     {logged("http", aNote), nil},
		"nothing":                   {"", nil},
		"a torn checkpoint":         {aNote + "caddyrec/main\n9\n", nil},
		"another text":              {"hello\n", nil},
		"a broken line in a log":    {logged(checkpointLogger, aNote) + "{\n" + logged(checkpointLogger, aNote), nil},
		"a checkpoint without note": {logged(checkpointLogger, aNote) + `{"logger":"caddyrec.checkpoint"}` + "\n", nil},
		"a checkpoint without end":  {"caddyrec/main\n" + strings.Repeat("x\n", maxSmall), nil},
	} {
		notes, err := parseAnchors(strings.NewReader(c.text))
		if (err != nil) != (c.want == nil) || fmt.Sprintf("%q", notes) != fmt.Sprintf("%q", c.want) {
			t.Errorf("%s: %q, %v", name, notes, err)
		}
	}
}

func FuzzParseAnchors(f *testing.F) {
	f.Add([]byte(aNote + logged(checkpointLogger, aNote)))
	f.Add([]byte("{\"logger\":\"caddyrec.checkpoint\",\"note\":null}\n\n— \ncaddyrec/"))
	f.Fuzz(func(t *testing.T, text []byte) {
		notes, err := parseAnchors(bytes.NewReader(text))
		if (err == nil) == (len(notes) == 0) {
			t.Errorf("%d checkpoints, %v", len(notes), err)
		}
	})
}

func TestALogIsProvedAgainstCheckpointsKeptElsewhere(t *testing.T) {
	w := newWorld(t)
	w.sample()
	w.close()
	note, err := os.ReadFile(filepath.Join(w.dir(), "checkpoint"))
	mustNot(t, err)
	kept := filepath.Join(t.TempDir(), "kept")
	mustNot(t, os.WriteFile(kept, []byte(logged(checkpointLogger, string(note))), 0o600))
	old := filepath.Join(t.TempDir(), "old")
	mustNot(t, os.CopyFS(old, os.DirFS(w.store)))

	verify := func(store string, args ...string) (int, string) {
		t.Helper()
		code, stdout, stderr := runCaddy(t, nil, append([]string{"rec", "verify", store}, args...)...)
		return code, stdout + stderr
	}
	code, out := verify(w.store, "--against", kept, "--against", filepath.Join(w.dir(), "checkpoint"))
	wantIn(t, out, "2 checkpoints kept elsewhere checked, the largest at 9 records", "the newest at 9 records", "Intact")
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	if _, out = verify(w.store); !strings.Contains(out, "rolled back whole to an older state is found only with --against") {
		t.Errorf("without --against it says %s", out)
	}

	w.open()
	w.sample()
	w.close()
	note, err = os.ReadFile(filepath.Join(w.dir(), "checkpoint"))
	mustNot(t, err)
	mustNot(t, os.WriteFile(kept, note, 0o600))
	if code, out = verify(old); code != 0 {
		t.Errorf("an older copy: exit code %d: %s", code, out)
	}
	code, out = verify(old, "--against", kept)
	wantIn(t, out, "NOT INTACT: 1 problem", "checkpoint", "rolled back", "signed for 18 records, the files hold 9")
	if code != codeNo {
		t.Errorf("exit code %d", code)
	}
	if code, out = verify(old, "--against", filepath.Join(old, "caddyrec.json")); code != codeFailed || !strings.Contains(out, "no checkpoint in it") {
		t.Errorf("with a file that holds none: exit code %d: %s", code, out)
	}
}
