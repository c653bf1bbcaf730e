package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// scripted is a method that runs a shell script in place of the program.
func scripted(t *testing.T, script string) method {
	t.Helper()
	path := filepath.Join(t.TempDir(), "align.sh")
	if err := os.WriteFile(path, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	version, err := hashOf(path)
	if err != nil {
		t.Fatal(err)
	}
	return method{name: "scripted", version: version, command: func(reference, other string) []string {
		return []string{"/bin/sh", path, reference, other}
	}}
}

// writeCase writes a case as sets.py does, with empty files in place of the recordings.
func writeCase(t *testing.T, folder string, c testCase) {
	t.Helper()
	dir := filepath.Join(folder, c.Set)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{c.Name + ".json": string(raw), c.LFile: "l", c.PFile: "p"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReadCases(t *testing.T) {
	folder := t.TempDir()
	other := gappy()
	other.Name, other.Set = "plain000", "plain"
	writeCase(t, folder, gappy())
	writeCase(t, folder, other)
	all, err := readCases(folder, nil)
	if err != nil || len(all) != 2 || all[0].Name != "gappy000" || all[0].length() != 600 {
		t.Fatalf("%v, %v", all, err)
	}
	if one, err := readCases(folder, []string{"plain"}); err != nil || len(one) != 1 || one[0].Name != "plain000" {
		t.Fatalf("%v, %v", one, err)
	}
	if _, err := readCases(folder, []string{"none"}); err == nil {
		t.Error("an unknown set was accepted")
	}
	if _, err := readCases(t.TempDir(), nil); err == nil || !strings.Contains(err.Error(), "sets.py") {
		t.Errorf("no cases: %v", err)
	}
	if err := os.WriteFile(filepath.Join(folder, "plain", "plain001.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readCases(folder, nil); err == nil {
		t.Error("a case without pieces was accepted")
	}
}

func TestAnswersAreKeptForTheSameProgramAndFiles(t *testing.T) {
	folder, kept := t.TempDir(), t.TempDir()
	writeCase(t, folder, gappy())
	cases, err := readCases(folder, nil)
	if err != nil {
		t.Fatal(err)
	}
	asked := filepath.Join(t.TempDir(), "asked")
	m := scripted(t, "echo x >> "+asked+"\necho '{\"verdict\":\"cannot-align\",\"confidence\":0.25,\"reason\":\"silence\"}'\n")
	times := func() int {
		raw, _ := os.ReadFile(asked)
		return strings.Count(string(raw), "x")
	}
	for range 2 {
		o, err := ask(context.Background(), m, cases[0], kept)
		if err != nil || o.Failure != "" || o.Answer.Confidence != 0.25 || o.Answer.Reason != "silence" || o.PeakMB <= 0 {
			t.Fatalf("%+v, %v", o, err)
		}
	}
	if n := times(); n != 1 {
		t.Errorf("asked %d times for the same", n)
	}
	m.version = "another build"
	if _, err := ask(context.Background(), m, cases[0], kept); err != nil || times() != 2 {
		t.Errorf("asked %d times after another build: %v", times(), err)
	}
	if err := os.WriteFile(cases[0].other(), []byte("another recording"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ask(context.Background(), m, cases[0], kept); err != nil || times() != 3 {
		t.Errorf("asked %d times after the file changed: %v", times(), err)
	}
}

func TestFailuresAreOutcomes(t *testing.T) {
	for name, tc := range map[string]struct{ script, want string }{
		"exit":     {"echo 'cannot read it' >&2; exit 1", "cannot read it"},
		"not JSON": {"echo hello", "not JSON"},
		"verdict":  {`echo '{"verdict":"perhaps"}'`, "perhaps"},
		"no piece": {`echo '{"verdict":"exact"}'`, "without pieces"},
		"overlap":  {`echo '{"verdict":"exact","pieces":[{"from":0,"to":9,"rate":1},{"from":8,"to":20,"rate":1}]}'`, "overlaps"},
	} {
		o, err := measure(context.Background(), scripted(t, tc.script).command("a", "b"))
		if err != nil || !strings.Contains(o.Failure, tc.want) {
			t.Errorf("%s: %q, %v", name, o.Failure, err)
		}
	}
	if _, err := measure(context.Background(), []string{"/nonexistent/trivue"}); err == nil {
		t.Error("a program that is not there is no outcome")
	}
	stopped, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := measure(stopped, scripted(t, "exit 1").command("a", "b")); err == nil {
		t.Error("an interruption is no outcome")
	}
}

func TestTheProgramRunsOnOneCore(t *testing.T) {
	o, err := measure(context.Background(), scripted(t, `echo "{\"verdict\":\"cannot-align\",\"reason\":\"$GOMAXPROCS\"}"`).command("a", "b"))
	if err != nil || o.Answer.Reason != "1" {
		t.Errorf("GOMAXPROCS %q, %v", o.Answer.Reason, err)
	}
}
