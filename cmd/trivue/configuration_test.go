package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConfiguration(t *testing.T) {
	recording := write(t, "empty.webm", nil)
	file := func(dir string) string {
		return write(t, "trivue.yaml", fmt.Appendf(nil, "out: %s\n", dir))
	}
	t.Run("unknown key", func(t *testing.T) {
		got := trivue(t, nil, "process", "--config", write(t, "c.yaml", []byte("lisen: 1\n")), "--camera", recording, "--out", t.TempDir())
		assert.Equal(t, 2, got.code)
		assert.Contains(t, got.stderr, `"lisen"`)
		assert.Contains(t, got.stderr, "listen", "the known ones are named")
	})
	t.Run("precedence", func(t *testing.T) {
		root := t.TempDir()
		inFile, inEnv, inFlag := filepath.Join(root, "file"), filepath.Join(root, "env"), filepath.Join(root, "flag")
		config := file(inFile)
		// The output folder is made before the input is refused: it shows which setting was in force.
		for _, step := range []struct {
			env, args []string
			made      string
		}{
			{nil, nil, inFile},
			{[]string{"TRIVUE_OUT=" + inEnv}, nil, inEnv},
			{[]string{"TRIVUE_OUT=" + inEnv}, []string{"--out", inFlag}, inFlag},
		} {
			for _, dir := range []string{inFile, inEnv, inFlag} {
				require.NoError(t, os.RemoveAll(dir))
			}
			got := trivue(t, step.env, append([]string{"process", "--config", config, "--camera", recording}, step.args...)...)
			require.Equal(t, 1, got.code, got.stderr)
			made, err := filepath.Glob(filepath.Join(root, "*"))
			require.NoError(t, err)
			assert.Equal(t, []string{step.made}, made)
		}
	})
	t.Run("bad usage", func(t *testing.T) {
		for _, args := range [][]string{{"process"}, {"nonsense"}, {"process", "--colour=red"}} {
			assert.Equal(t, 2, trivue(t, nil, args...).code, "%v", args)
		}
		assert.Equal(t, 0, trivue(t, nil, "version").code)
	})
	t.Run("names in the environment", func(t *testing.T) {
		// A bucket that cannot be reached is asked for: the setting was heard.
		for _, name := range []string{"TRIVUE_S3_ENDPOINT", "TRIVUE_S_3_ENDPOINT"} {
			got := trivue(t, []string{name + "=not a URL", "TRIVUE_S3_BUCKET=b", "TRIVUE_S3_REGION=r"}, "serve", "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--ops-listen=")
			assert.Equal(t, 1, got.code, name)
			assert.Contains(t, got.stderr, "object storage", name)
		}
	})
}
