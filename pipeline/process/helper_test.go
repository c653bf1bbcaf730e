//go:build cgo

package process_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/pipeline/child"
	"github.com/trivue/trivue/pipeline/demo"
	"github.com/trivue/trivue/pipeline/gstx"
	"github.com/trivue/trivue/pipeline/process"
	"github.com/trivue/trivue/pipeline/stage"
)

// The test binary is its own child: started with "stage" it is what `trivue stage` is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "stage" {
		media := gstx.New()
		os.Exit(child.Main(context.Background(), stage.Stages(media), stage.Preload(media)))
	}
	code := m.Run()
	if generatedDir != "" {
		os.RemoveAll(generatedDir)
	}
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

var generatedDir string

var generate = sync.OnceValues(func() (interview demo.Interview, err error) {
	if generatedDir, err = os.MkdirTemp("", "trivue-process-*"); err != nil {
		return interview, err
	}
	return demo.Generate(context.Background(), gstx.New(), generatedDir, demo.Options{Small: true, Seconds: 30, Seed: 7}, func(float64) {})
})

// interview is the sample that all tests share; it is generated once.
func interview(t testing.TB) demo.Interview {
	t.Helper()
	if testing.Short() {
		t.Skip("decodes and encodes media")
	}
	made, err := generate()
	require.NoError(t, err)
	return made
}

// inputs lists the interview's files of some kinds, in the order of recording.
func inputs(made demo.Interview, kinds ...exam.Kind) (all []process.Input) {
	for _, kind := range kinds {
		for _, path := range made.Files[kind] {
			all = append(all, process.Input{Kind: kind, Path: path})
		}
	}
	return all
}

func options(out string) process.Options {
	return process.Options{Runner: child.New(child.Options{}), Out: out}
}

// assertNoResidue checks that no work folder was left.
func assertNoResidue(t testing.TB, out string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(out, ".trivue", "work*"))
	require.NoError(t, err)
	assert.Empty(t, left, "work files are left")
}

// tree gives the contents of all files under a folder, hashed, by path.
func tree(t testing.TB, root string) map[string]string {
	t.Helper()
	all := map[string]string{}
	require.NoError(t, filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		all[strings.TrimPrefix(path, root)] = fmt.Sprintf("%x", sha256.Sum256(data))
		return err
	}))
	return all
}
