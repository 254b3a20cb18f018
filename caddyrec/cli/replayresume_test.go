package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// breaking is a target for tests that takes requests, and answers none.
func breaking(t *testing.T) *testInstance {
	t.Helper()
	in := newTestInstance(t, 201, `{}`)
	in.breaks.Store(true)
	return in
}

// change replaces a text in a file of the one replay in a folder, and gives the
// replay's id.
func change(t *testing.T, folder, file, old, now string) (id string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder, "*", file))
	if err != nil || len(found) != 1 {
		t.Fatalf("%v, %v", found, err)
	}
	text, err := os.ReadFile(found[0])
	mustNot(t, err)
	if !strings.Contains(string(text), old) {
		t.Fatalf("%s has no %s: %s", file, old, text)
	}
	mustNot(t, os.Remove(found[0]))
	mustNot(t, os.WriteFile(found[0], []byte(strings.Replace(string(text), old, now, 1)), 0o600))
	return filepath.Base(filepath.Dir(found[0]))
}

func TestAResumedReplaySendsOnlyWhereItsRecordSays(t *testing.T) {
	w := newWorld(t)
	w.sample()
	w.close()
	without := filepath.Join(t.TempDir(), "store") // the same log, before the replay
	mustNot(t, os.CopyFS(without, os.DirFS(w.store)))
	mustNot(t, filepath.WalkDir(filepath.Join(without, "keys"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return os.Chmod(path, 0o600)
	}))
	in, other, folder := breaking(t), newTestInstance(t, 201, `{}`), t.TempDir()
	args := func(store string, more ...string) []string {
		return append([]string{"rec", "replay", "--store", store, "--address", "127.0.0.1:1", "--replays", folder}, more...)
	}
	code, stdout, stderr := runCaddy(t, nil, args(w.store, "s_1", "--to", in.URL, "--unsafe", "--give-up", "1")...)
	if code != 1 || !strings.Contains(stderr, "go on later with --resume") {
		t.Fatalf("exit code %d: %s%s", code, stdout, stderr)
	}
	for _, c := range []struct{ old, now string }{
		{`"to":"` + in.URL, `"to":"` + other.URL},
		{`"to":"` + in.URL, `"to":"` + in.URL + `/elsewhere`},
		{`"log":"main"`, `"log":"main","host":"other.example.com"`},
		{`"records":[{`, `"records":[{"seq":1,"exchange":"x"},{`},
		{`"compare":{`, `"compare":{"baseline":["` + other.URL + `","` + other.URL + `"],`},
	} {
		id := change(t, folder, "plan.json", c.old, c.now)
		code, stdout, stderr = runCaddy(t, nil, args(w.store, "--resume", id)...)
		if code != 1 || !strings.Contains(stderr, "somebody has changed plan.json") {
			t.Errorf("%s: exit code %d: %s%s", c.now, code, stdout, stderr)
		}
		change(t, folder, "plan.json", c.now, c.old)
	}
	id := change(t, folder, "plan.json", "", "")
	for _, c := range []struct {
		store  string
		more   []string
		stderr string
		code   int
	}{
		{w.store, []string{"--to", other.URL}, "was begun otherwise", 1},
		{without, nil, "nothing vouches for where it sends to", 1},
		{without, []string{"--to", in.URL}, "was begun otherwise", 1}, // nor for --unsafe
		{without, []string{"--to", in.URL, "--unsafe"}, "Report: ", 2},
	} {
		code, stdout, stderr = runCaddy(t, nil, args(c.store, append(c.more, "--resume", id)...)...)
		if code != c.code || !strings.Contains(stderr, c.stderr) {
			t.Errorf("%v: exit code %d: %s%s", c.more, code, stdout, stderr)
		}
	}
	if len(other.got()) > 0 {
		t.Errorf("elsewhere came %v", other.got())
	}
}

func TestAnUnsafeReplayRunsItsBaselinesOnce(t *testing.T) {
	w := newWorld(t)
	w.sample()
	w.close()
	in, one, two, folder := newTestInstance(t, 201, `{}`), newTestInstance(t, 201, `{}`), breaking(t), t.TempDir()
	begun := []string{"rec", "replay", "--store", w.store, "--address", "127.0.0.1:1", "--replays", folder}
	code, stdout, stderr := runCaddy(t, nil, append(begun, "s_1", "--to", in.URL, "--unsafe", "--baseline", one.URL, "--baseline", two.URL)...)
	if code != 1 || len(one.got()) != 1 || !strings.Contains(stderr, "it tells nothing") {
		t.Fatalf("exit code %d, sent %v: %s%s", code, one.got(), stdout, stderr)
	}
	id := change(t, folder, "plan.json", "", "")
	code, stdout, stderr = runCaddy(t, nil, append(begun, "--resume", id)...)
	if code != 1 || len(one.got()) != 1 || len(in.got()) != 0 || !strings.Contains(stderr, "not sent to them twice") {
		t.Errorf("exit code %d, sent %v and %v: %s%s", code, one.got(), in.got(), stdout, stderr)
	}
}

func TestAResumedReplayTakesUpOnlyWhatItsRecordIsOf(t *testing.T) {
	w := newWorld(t)
	w.sample()
	w.close()
	in, folder := breaking(t), t.TempDir()
	args := func(more ...string) []string {
		return append([]string{"rec", "replay", "--store", w.store, "--address", "127.0.0.1:1", "--replays", folder}, more...)
	}
	code, stdout, stderr := runCaddy(t, nil, args("s_1", "--to", in.URL, "--unsafe", "--give-up", "1")...)
	if code != 1 || !strings.Contains(stderr, "go on later with --resume") {
		t.Fatalf("exit code %d: %s%s", code, stdout, stderr)
	}
	id := change(t, folder, "plan.json", "", "")
	before := len(in.got())
	step := filepath.Join(folder, id, "steps", "000001.json")
	text, err := os.ReadFile(step)
	mustNot(t, err)
	for name, do := range map[string]func(){
		"changed": func() {
			mustNot(t, os.Remove(step))
			mustNot(t, os.WriteFile(step, []byte(strings.Replace(string(text), `"state":"failed"`, `"state":"matched"`, 1)), 0o600))
		},
		"gone":  func() { mustNot(t, os.Remove(step)) },
		"noise": func() { mustNot(t, os.WriteFile(filepath.Join(folder, id, "noise.json"), []byte(`{}`), 0o600)) },
	} {
		do()
		if code, stdout, stderr := runCaddy(t, nil, args("--resume", id)...); code != 1 || !strings.Contains(stderr, "somebody has changed files in") {
			t.Errorf("%s: exit code %d: %s%s", name, code, stdout, stderr)
		}
		for _, left := range []string{step, filepath.Join(folder, id, "noise.json")} {
			if err := os.Remove(left); err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
		}
		mustNot(t, os.WriteFile(step, text, 0o600))
	}
	if n := len(in.got()); n != before {
		t.Errorf("%d requests were sent", n-before)
	}
	code, stdout, stderr = runCaddy(t, nil, args("--resume", id)...)
	if code != 2 || strings.Contains(stdout+stderr, "vouches") || strings.Contains(stdout, "read back") {
		t.Errorf("as it was: exit code %d: %s%s", code, stdout, stderr)
	}
}

// asIfKilled is a copy of the store, as it is if the process is killed later.
func asIfKilled(t *testing.T, w *world) string {
	t.Helper()
	killed := filepath.Join(t.TempDir(), "store")
	mustNot(t, os.CopyFS(killed, os.DirFS(w.store)))
	mustNot(t, filepath.WalkDir(filepath.Join(killed, "keys"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return os.Chmod(path, 0o600)
	}))
	return killed
}

// resumedAfterKill gives a replay up after its first failure, changes a file of
// it, and goes on where the log has no record of how it ended. It returns what is
// told then, and the report's page.
func resumedAfterKill(t *testing.T, edit func(folder string) (id string), more ...string) (stdout, stderr, page string) {
	t.Helper()
	w := newWorld(t)
	w.sample()
	w.close()
	killed := asIfKilled(t, w)
	in, folder := breaking(t), t.TempDir()
	args := func(store string, begin ...string) []string {
		return append(append([]string{"rec", "replay", "--store", store, "--address", "127.0.0.1:1", "--replays", folder, "--to", in.URL, "--unsafe"}, more...), begin...)
	}
	code, stdout, stderr := runCaddy(t, nil, args(w.store, "s_1", "--give-up", "1")...)
	if code != 1 {
		t.Fatalf("exit code %d: %s%s", code, stdout, stderr)
	}
	id := edit(folder)
	code, stdout, stderr = runCaddy(t, nil, args(killed, "--resume", id)...)
	if code != 2 {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
	text, err := os.ReadFile(filepath.Join(folder, id, "report.html"))
	mustNot(t, err)
	return stdout, stderr, string(text)
}

func TestAResumedReplaySaysWhatNothingVouchesFor(t *testing.T) {
	stdout, stderr, page := resumedAfterKill(t, func(folder string) string { return change(t, folder, "plan.json", "", "") })
	wantIn(t, stderr, "What came of 1 request before is taken up from the replay's folder")
	wantIn(t, stdout, "1 of these results was read back")
	wantIn(t, page, "read back from a run that ended without a record")
}

func TestAResumedReplaySaysThatNothingVouchesForWhatIsNotCompared(t *testing.T) {
	one, two := newTestInstance(t, 201, `{}`), newTestInstance(t, 201, `{}`)
	stdout, stderr, page := resumedAfterKill(t, func(folder string) string { return change(t, folder, "noise.json", "{", "{") },
		"--baseline", one.URL, "--baseline", two.URL)
	wantIn(t, stderr, "What the baselines have shown to be noise is taken up")
	wantIn(t, stdout, "What was not compared as noise was read back")
	wantIn(t, page, "What was not compared as noise")
}

func TestDiffSaysThatAReportIsNotTheOneOnRecord(t *testing.T) {
	w := newWorld(t)
	w.sample()
	w.close()
	in, folder := newTestInstance(t, 201, `{}`), t.TempDir()
	code, stdout, stderr := runCaddy(t, nil, "rec", "replay", "s_1", "--store", w.store, "--address", "127.0.0.1:1", "--replays", folder, "--to", in.URL, "--unsafe")
	if code != 2 {
		t.Fatalf("exit code %d: %s%s", code, stdout, stderr)
	}
	id := change(t, folder, "report.json", "", "")
	mustNot(t, os.CopyFS(filepath.Join(w.store, "ledger", "other"), os.DirFS(filepath.Join(w.store, "ledger", "main", "open")))) // somebody else's log
	diff := func(store string, more ...string) (int, string) {
		code, _, stderr := runCaddy(t, nil, append([]string{"rec", "diff", id, "--replays", folder, "--store", store}, more...)...)
		return code, stderr
	}
	if code, stderr := diff(w.store); code != 2 || !strings.Contains(stderr, "It is the report that log main has on record") || !strings.Contains(stderr, "\nReport: ") {
		t.Errorf("as it was written: exit code %d: %s", code, stderr)
	}
	change(t, folder, "report.html", "<h1", "<h1 ")
	if code, stderr := diff(w.store); code != 2 || !strings.Contains(stderr, "Do not go by ") {
		t.Errorf("another page: exit code %d: %s", code, stderr)
	}
	change(t, folder, "report.json", `"outcome":"differs"`, `"outcome":"matched"`)
	for _, c := range []struct {
		store, stderr string
		more          []string
	}{
		{t.TempDir(), "is not compared with the record", nil},
		{w.store, "this report is not the one on record", nil},
		{w.store, "has no record of replay " + id + ", and the report says that it is of log main", []string{"--log", "other"}},
	} {
		if code, stderr := diff(c.store, c.more...); code != 2 || !strings.Contains(stderr, c.stderr) {
			t.Errorf("changed: exit code %d: %s", code, stderr)
		}
	}
	// Whatever log it says that it is of.
	change(t, folder, "report.json", `"log":"main"`, `"log":"other"`)
	if code, stderr := diff(w.store); code != 2 || !strings.Contains(stderr, "this report is not the one on record") {
		t.Errorf("of another log: exit code %d: %s", code, stderr)
	}
}
