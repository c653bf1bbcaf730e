package child

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/elastic/go-seccomp-bpf"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/pipeline/child/sandbox"
	"github.com/trivue/trivue/pipeline/child/spawn"
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
			"run a program", "clone a process", "signal its parent", "signal everybody", "trace its parent", "mount",
			"make a namespace", "make a link", "make a device", "change a mode", "change an owner", "become another user",
			"use a keyring", "use bpf", "use io_uring",
		},
	}
	abi, err := ll.LandlockGetABIVersion()
	available := map[string]bool{sandbox.Landlock: err == nil && abi > 0, sandbox.Seccomp: seccomp.Supported()}
	isolated := exec.Command("/bin/true")
	isolated.SysProcAttr = spawn.Attributes(true)
	available[sandbox.Network] = isolated.Run() == nil
	require.Equal(t, available[sandbox.Network], report.Sandbox.Active(sandbox.Network), report.Sandbox)
	count := 2
	for _, name := range allowed {
		count++
		require.Contains(t, attempts, name)
		assert.Empty(t, attempts[name], name)
	}
	for layer, names := range refusedBy {
		count += len(names)
		require.Equal(t, available[layer], report.Sandbox.Active(layer), "%s: %v", layer, report.Sandbox)
		if !available[layer] {
			t.Logf("this machine has no %s", layer)
			continue
		}
		for _, name := range names {
			assert.NotEmpty(t, attempts[name], name)
		}
	}
	assert.NotEmpty(t, attempts["raise a limit"])
	assert.NotEmpty(t, attempts["keep a capability"])
	require.Len(t, attempts, count, "each attempt is judged")
}

func TestSandboxSaysWhatIsMissing(t *testing.T) {
	s := sandbox.Status{{Name: "network", Active: true}, {Name: "landlock", Detail: "no kernel support"}}
	require.True(t, s.Active("network"))
	require.False(t, s.Active("landlock"))
	require.False(t, s.Active("seccomp"))
	require.Equal(t, "network, no landlock (no kernel support)", s.String())
}
