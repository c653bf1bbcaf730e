package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// programEnv makes the test binary be the program itself, so that every test meets its real exit code and real children.
const programEnv = "TRIVUE_TEST_PROGRAM"

func TestMain(m *testing.M) {
	// Children get no environment but GStreamer's; they are known by their argument.
	if os.Getenv(programEnv) != "" || len(os.Args) == 2 && os.Args[1] == "stage" {
		os.Unsetenv(programEnv)
		os.Exit(run(os.Args[1:]))
	}
	os.Exit(m.Run())
}

type ended struct {
	code   int
	stdout string
	stderr string
}

// trivue runs the program to its end, with more environment as KEY=VALUE.
func trivue(t testing.TB, env []string, args ...string) ended {
	t.Helper()
	program, err := os.Executable()
	require.NoError(t, err)
	if given := os.Getenv("TRIVUE_BINARY"); given != "" {
		program = given
	}
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Env = append(append(os.Environ(), programEnv+"=1"), env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	if failed := (*exec.ExitError)(nil); !errors.As(err, &failed) {
		require.NoError(t, err)
	}
	return ended{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

func write(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return path
}

func box(kind string, content ...byte) []byte {
	return append(append(binary.BigEndian.AppendUint32(nil, uint32(8+len(content))), kind...), content...)
}

// headerOnlyWebM is an EBML header of the type webm, and a segment of unknown size with nothing in it (RFC 8794, RFC 9559).
var headerOnlyWebM = append([]byte{0x1a, 0x45, 0xdf, 0xa3, 0x87, 0x42, 0x82, 0x84, 'w', 'e', 'b', 'm'},
	0x18, 0x53, 0x80, 0x67, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)

func TestBadInputIsNamedWithItsCauseAndWhatToDo(t *testing.T) {
	noMoov := append(box("ftyp", []byte("isom\x00\x00\x02\x00isomavc1")...), box("mdat", make([]byte, 4000)...)...)
	noise := bytes.Repeat([]byte{0xe5, 0xf5, 0xb1, 0x19, 0x03, 0x6b, 0x4a, 0xda, 0x77}, 400)
	for _, c := range []struct {
		name        string
		path        string
		cause, todo string
	}{
		{"zero bytes", write(t, "empty.webm", nil), "no bytes", "again"},
		{"text", write(t, "notes.webm", []byte(strings.Repeat("not a recording at all\n", 50))), "text", "right file"},
		{"random bytes", write(t, "noise.mp4", noise), "neither WebM nor MP4", "right file"},
		{"header only", write(t, "header.webm", headerOnlyWebM), "header", "another copy"},
		{"no moov", write(t, "killed.mp4", noMoov), "index is missing", "another copy"},
		{"missing", filepath.Join(t.TempDir(), "nowhere.webm"), "no such file", "Check its path"},
		{"folder", t.TempDir(), "folder", "Check its path"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			got := trivue(t, nil, "process", "--camera", c.path, "--out", out)
			assert.Equal(t, 1, got.code, got.stderr)
			for _, want := range []string{filepath.Base(c.path), c.cause, c.todo} {
				assert.Contains(t, got.stderr, want)
			}
			assert.NotContains(t, got.stderr, "internal")
			left, err := os.ReadDir(out)
			require.NoError(t, err)
			assert.Empty(t, left, "residue")
		})
	}
}

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
}
