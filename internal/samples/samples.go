// Package samples finds the real recordings that tests are run on. They are kept beside the repository, not in it; where they
// are absent, tests skip and say so.
package samples

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Path gives the path of a file or folder below shared/, and skips the test where shared/ is absent. A file that is missing
// although shared/ is there fails the test: a moved sample must not hide one.
func Path(t testing.TB, elements ...string) string {
	t.Helper()
	root := os.Getenv("TRIVUE_SHARED")
	if root == "" {
		_, here, _, _ := runtime.Caller(0)
		root = filepath.Join(filepath.Dir(here), "..", "..", "..", "shared")
	}
	if _, err := os.Stat(root); err != nil {
		t.Skipf("no shared recordings at %s (set TRIVUE_SHARED): %v", root, err)
	}
	path := filepath.Join(append([]string{root}, elements...)...)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("sample: %v", err)
	}
	return path
}

// All lists the usable sample recordings.
func All(t testing.TB) []string {
	t.Helper()
	dir := Path(t, "samples")
	var all []string
	for _, pattern := range []string{"*.webm", "*.mp4", "whip-killed/*.mkv"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found...)
	}
	return all
}
