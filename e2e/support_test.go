package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type supportReport struct {
	Shown    string   `json:"shown"`    // how long after the sign-in the page showed who waits, in milliseconds
	Waiting  string   `json:"waiting"`  // the count of who waits, then
	Next     string   `json:"next"`     // who was shown after the first was let in
	Extra    string   `json:"extra"`    // what was granted, as the page says it
	Log      []string `json:"log"`      // kinds of events that the log shows
	Conflict string   `json:"conflict"` // what the page says of what the server refuses
	Faults   []string `json:"faults"`
}

// TestSupportLetsCandidatesIn goes through what support does for a candidate, in a real browser: it sees who waits, lets them in, answers, grants
// time, and reads all of it in the log.
func TestSupportLetsCandidatesIn(t *testing.T) {
	needsBrowser(t)
	data, pictures := t.TempDir(), t.TempDir()
	if keep := os.Getenv("TRIVUE_PICTURES"); keep != "" {
		pictures = keep
	}
	s := start(t, data)
	folder := examFolder(t)
	out, err := exec.Command(binary(t), "exam", "import", folder, "--data", data).CombinedOutput()
	require.NoError(t, err, "%s", out)

	// Two wait already; the third signs in while support looks.
	first := sitDown(t, s.address, "2026001", "123X")
	sitDown(t, s.address, "2026002", "4567")
	still := filepath.Join(t.TempDir(), "still.jpg")
	require.NoError(t, os.WriteFile(still, face(t, color.RGBA{96, 128, 160, 255}), 0o600))

	cmd := exec.Command("node", "support.mjs", s.address, password, pictures, still)
	var said bytes.Buffer
	cmd.Stderr = &said
	answer, err := cmd.Output()
	require.NoError(t, err, said.String())
	var report supportReport
	require.NoError(t, json.Unmarshal(answer, &report))
	assert.Empty(t, report.Faults, "errors in the page")
	assert.Equal(t, "3", report.Waiting)
	assert.Contains(t, report.Next, "2026002", "who waits longest comes next")
	assert.Equal(t, "+5:00", report.Extra)
	assert.Subset(t, report.Log, []string{"signed-in", "still", "login-approved", "help-asked", "help-answered", "time-granted"})
	assert.Contains(t, report.Conflict, "不能", "a refusal is told in words")
	t.Logf("a candidate who signed in was on the page after %s ms", report.Shown)

	var state struct {
		Attempt struct {
			Login        struct{ State string }
			ExtraSeconds int
		}
		Help []struct{ From, Text string }
	}
	require.NoError(t, json.Unmarshal([]byte(first.text("GET", "/api/candidate/state", "")), &state))
	assert.Equal(t, "approved", state.Attempt.Login.State)
	assert.Equal(t, 300, state.Attempt.ExtraSeconds)
	require.Len(t, state.Help, 2)
	assert.Equal(t, "support", state.Help[1].From)
}

// examFolder is an exam that starts in twenty minutes: signing in is open, entering is not.
func examFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, content []byte) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), content, 0o600))
	}
	write("exam.yaml", fmt.Appendf(nil, "title: 综合岗位面试（上午场）\nid: morning\nstarts: %s\nquestions:\n  - text: 请介绍一次合作的经历。\n    prepare: 60\n    answer: 180\npledge:\n  text: 我承诺。\n",
		time.Now().Add(20*time.Minute).Format(time.RFC3339)))
	list := "ticket,name,id_tail,photo\n2026001,王小明,123X,photos/1.jpg\n2026002,欧阳静,4567,\n2026003,李雷,8901,photos/1.jpg\n"
	for n := 4; n <= 12; n++ {
		list += fmt.Sprintf("2026%03d,考生%d,%04d,\n", n, n, n)
	}
	write("candidates.csv", []byte(list))
	write("photos/1.jpg", face(t, color.RGBA{180, 190, 200, 255}))
	return dir
}

// face is a picture with something in the middle.
func face(t *testing.T, back color.Color) []byte {
	t.Helper()
	picture := image.NewRGBA(image.Rect(0, 0, 480, 360))
	draw.Draw(picture, picture.Bounds(), image.NewUniform(back), image.Point{}, draw.Src)
	draw.Draw(picture, image.Rect(170, 80, 310, 260), image.NewUniform(color.RGBA{224, 188, 160, 255}), image.Point{}, draw.Src)
	var out bytes.Buffer
	require.NoError(t, jpeg.Encode(&out, picture, nil))
	return out.Bytes()
}

// sitDown signs a candidate in, who sends a picture and asks for help.
func sitDown(t *testing.T, address, ticket, tail string) *client {
	t.Helper()
	c := &client{t: t, address: address}
	answer := c.do("POST", "/api/candidate/login", fmt.Sprintf(`{"exam":"morning","ticket":%q,"idTail":%q}`, ticket, tail), nil)
	defer answer.Body.Close()
	require.Equal(t, http.StatusCreated, answer.StatusCode)
	for _, cookie := range answer.Cookies() {
		c.cookie = cookie.Name + "=" + cookie.Value
	}
	put := c.do("PUT", "/api/candidate/stills/login", string(face(t, color.RGBA{120, 90, 80, 255})), map[string]string{"Content-Type": "image/jpeg"})
	defer put.Body.Close()
	require.Equal(t, http.StatusNoContent, put.StatusCode)
	if strings.HasSuffix(ticket, "1") {
		c.text("POST", "/api/candidate/help", `{"text":"摄像头画面是黑的，怎么办？"}`)
	}
	return c
}
