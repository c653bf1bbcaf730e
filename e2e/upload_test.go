package e2e

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
)

// scenario is what the browser's script says of one case.
type scenario struct {
	Attempt  string          `json:"attempt"`
	Stayed   bool            `json:"stayed"`
	At       int64           `json:"at"`       // the server's offset when the upload stood still
	Requests int             `json:"requests"` // how many requests there had been then
	Journal  []uploadRequest `json:"journal"`
	Dialogs  int             `json:"dialogs"`
}

type uploadReport struct {
	Drop, Pause, Again, Reload, Session, Away scenario

	Roles map[string]struct {
		Manage, Upload, Review int
		Faults                 []string
	}
	Faults []string
}

// largeSize is more than the buffers between browser and server hold.
const largeSize = 24 << 20

// TestUploadsOfTheStaffPage does in a real browser what happens to uploads in life, on a slow network, and proves from what came
// by on that network that nothing began again.
func TestUploadsOfTheStaffPage(t *testing.T) {
	needsBrowser(t)
	made := sample(t)
	data, pictures := t.TempDir(), t.TempDir()
	if keep := os.Getenv("TRIVUE_PICTURES"); keep != "" {
		pictures = keep
	}
	s := start(t, data)
	for _, role := range []string{"reviewer", "invigilator"} {
		addStaff(t, data, role, role)
	}
	path := newSlowPath(t, s.address)
	large := make([]byte, largeSize)
	_, _ = rand.NewChaCha8([32]byte{7}).Read(large)
	largeFile := filepath.Join(t.TempDir(), "large.webm")
	require.NoError(t, os.WriteFile(largeFile, large, 0o600))

	given, err := json.Marshal(map[string]any{"address": path.address, "server": s.address, "control": path.control, "password": password, "pictures": pictures,
		"large": largeFile, "files": made.Files})
	require.NoError(t, err)
	cmd := exec.Command("node", "upload.mjs", string(given))
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	require.NoError(t, err, said.String())
	t.Logf("%s", said.String())
	var report uploadReport
	require.NoError(t, json.Unmarshal(out, &report))
	assert.Empty(t, report.Faults, "errors in the page")
	c := signIn(t, s.address)

	t.Run("files dropped on a recording's place become its takes", func(t *testing.T) {
		assert.True(t, report.Drop.Stayed, "a file dropped beside the places is neither opened nor sent")
		a := c.attempt(report.Drop.Attempt)
		for _, r := range a.Recordings {
			var want, got []string
			for _, f := range made.Files[r.Kind] {
				want = append(want, filepath.Base(f))
			}
			for _, take := range r.Takes {
				got = append(got, take.Name)
			}
			assert.ElementsMatch(t, want, got, string(r.Kind))
		}
	})
	t.Run("a pause stops the bytes, and the upload goes on from there", func(t *testing.T) {
		goesOn(t, report.Pause)
		for _, entry := range report.Pause.Journal[:report.Pause.Requests] {
			assert.False(t, entry.Running, "%s runs in spite of the pause", entry.Method)
		}
	})
	t.Run("upload again takes the bad file's place", func(t *testing.T) {
		a := c.attempt(report.Again.Attempt)
		require.Len(t, a.Recordings[0].Takes, 1)
		assert.Equal(t, filepath.Base(made.Files[exam.Camera][0]), a.Recordings[0].Takes[0].Name)
		assert.Equal(t, exam.Ready, a.Summary.State)
	})
	t.Run("the same file chosen after a reload goes on where it stopped", func(t *testing.T) { goesOn(t, report.Reload) })
	t.Run("the end of the session is not the end of the upload", func(t *testing.T) {
		goesOn(t, report.Session)
		var refused bool
		for _, entry := range report.Session.Journal {
			refused = refused || entry.Status == http.StatusUnauthorized
		}
		assert.True(t, refused, "the test must have met a session that is over")
		assert.Zero(t, report.Session.Dialogs, "the dialog is gone")
	})
	t.Run("a server that is away for a while is no new beginning", func(t *testing.T) { goesOn(t, report.Away) })
	t.Run("what came in pieces is the file", func(t *testing.T) {
		for name, s := range map[string]scenario{"pause": report.Pause, "reload": report.Reload, "session": report.Session, "away": report.Away} {
			stored, err := os.ReadFile(filepath.Join(data, "uploads", filepath.Base(s.Journal[1].Path)))
			require.NoError(t, err, name)
			assert.True(t, bytes.Equal(large, stored), name)
		}
	})
	t.Run("the page offers what the role may do", func(t *testing.T) {
		for role, seen := range report.Roles {
			assert.Zero(t, seen.Manage, role)
			assert.Zero(t, seen.Upload, role)
			assert.Empty(t, seen.Faults, role)
		}
		assert.Equal(t, 1, report.Roles["reviewer"].Review)
		assert.Zero(t, report.Roles["invigilator"].Review)
	})
	require.NoError(t, s.stop(t))
}

// goesOn proves that an upload was created once, and that the part that finished it began where the server had got to.
func goesOn(t *testing.T, s scenario) {
	t.Helper()
	var created int
	var patches []uploadRequest
	for _, entry := range s.Journal {
		switch entry.Method {
		case http.MethodPost:
			created++
		case http.MethodPatch:
			patches = append(patches, entry)
		}
	}
	assert.Equal(t, 1, created, "uploads created: %+v", s.Journal)
	require.GreaterOrEqual(t, len(patches), 2)
	last := patches[len(patches)-1]
	assert.Positive(t, last.Offset, "it began again")
	if s.At > 0 {
		assert.Equal(t, s.At, last.Offset, "it goes on where the server says it is")
	}
	assert.Equal(t, int64(largeSize), last.Offset+last.Passed, "nothing is sent twice")
	assert.Zero(t, patches[0].Offset)
	assert.Less(t, patches[0].Passed, int64(largeSize), "the first part was interrupted")
}

// addStaff makes a member of staff by the command line, while the server runs.
func addStaff(t *testing.T, data, name, role string) {
	t.Helper()
	cmd := exec.Command(binary(t), "staff", "add", name, "--role", role, "--data", data)
	cmd.Stdin = strings.NewReader(password + "\n")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}
