package child

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/pipeline/child/sandbox"
)

func TestSandbox(t *testing.T) {
	job := newJob(t, "attack")
	outside := filepath.Join(t.TempDir(), "outside")
	require.NoError(t, os.WriteFile(outside, []byte("secret"), 0o600))
	job.Params, _ = json.Marshal(outside)
	result, report, err := New(Options{Env: testEnv, Limits: patient()}).RunReport(t.Context(), job, nil)
	require.NoError(t, err)
	var attempts map[string]string
	require.NoError(t, json.Unmarshal(result, &attempts))

	allowed := []string{
		"read an input", "write into output", "make a folder in output", "rename in output", "remove in output",
		"make a wake-up pair", "signal itself",
	}
	refusedBy := map[string][]string{
		sandbox.Landlock: {"read /etc/passwd", "read /proc", "read beside an input", "write an input", "write outside", "list the root"},
		sandbox.Seccomp: {
			"connect to loopback", "make a TCP socket", "make a UDP socket", "make a local socket", "make a netlink socket",
			"run a program", "fork", "clone a process", "signal its parent", "signal everybody", "trace its parent", "mount",
			"make a namespace", "make a link", "make a device", "change a mode", "change an owner", "become another user",
			"use a keyring", "use bpf", "use io_uring",
		},
	}
	count := 1
	for _, name := range allowed {
		count++
		require.Contains(t, attempts, name)
		assert.Empty(t, attempts[name], name)
	}
	for layer, names := range refusedBy {
		count += len(names)
		if !report.Sandbox.Active(layer) {
			t.Logf("%s is not available here: %v", layer, report.Sandbox)
			continue
		}
		for _, name := range names {
			assert.NotEmpty(t, attempts[name], name)
		}
	}
	assert.NotEmpty(t, attempts["raise a limit"])
	require.Len(t, attempts, count, "each attempt is judged")
}

func TestSandboxSaysWhatIsMissing(t *testing.T) {
	s := sandbox.Status{{Name: "network", Active: true}, {Name: "landlock", Detail: "no kernel support"}}
	require.True(t, s.Active("network"))
	require.False(t, s.Active("landlock"))
	require.False(t, s.Active("seccomp"))
	require.Equal(t, "network, no landlock (no kernel support)", s.String())
}
