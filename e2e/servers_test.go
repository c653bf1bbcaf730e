package e2e

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam/examfile"
	"github.com/trivue/trivue/internal/pgtest"
)

// TestAPageHearsWhatAnotherServerDid has a candidate's page open at one server, and support at another one of the same database and Redis. What
// support does must not wait for the page's next look by itself, 15 seconds later.
func TestAPageHearsWhatAnotherServerDid(t *testing.T) {
	if testing.Short() {
		t.Skip("needs PostgreSQL")
	}
	database, data := pgtest.DSN(t), t.TempDir()
	first := start(t, data, "--database", database, "--workers", "0")
	second := start(t, t.TempDir(), "--database", database, "--workers", "0", "--redis", "redis-socket://"+filepath.Join(data, "redis", "redis.sock"))
	dir := filepath.Join(t.TempDir(), "exam")
	require.NoError(t, examfile.Sample(dir, examfile.SampleExam{Starts: time.Now().Add(10 * time.Minute)}))
	out, err := exec.Command(binary(t), "exam", "import", dir, "--data", data, "--database", database).CombinedOutput()
	require.NoError(t, err, string(out))

	ticket, tail := examfile.SampleTicket()
	candidate := &client{t: t, address: first.address}
	signedIn := candidate.do(http.MethodPost, "/api/candidate/login", `{"exam":"sample-exam","ticket":"`+ticket+`","idTail":"`+tail+`"}`, nil)
	require.Equal(t, http.StatusCreated, signedIn.StatusCode)
	var state struct {
		Attempt struct {
			ID string `json:"id"`
		} `json:"attempt"`
	}
	require.NoError(t, json.NewDecoder(signedIn.Body).Decode(&state))
	signedIn.Body.Close()
	for _, cookie := range signedIn.Cookies() {
		candidate.cookie = cookie.Name + "=" + cookie.Value
	}
	live := candidate.do(http.MethodGet, "/api/candidate/live", "", nil)
	defer live.Body.Close()
	lines := bufio.NewReader(live.Body)
	until(t, lines, `"state":"waiting"`)

	began := time.Now()
	signIn(t, second.address).text(http.MethodPost, "/api/attempts/"+state.Attempt.ID+"/login", `{"letIn":true,"reason":""}`)
	until(t, lines, `"state":"approved"`)
	assert.Less(t, time.Since(began), 5*time.Second)
	require.NoError(t, second.stop(t))
	require.NoError(t, first.stop(t))
}

// until reads a stream up to a line that has a text.
func until(t *testing.T, lines *bufio.Reader, text string) {
	t.Helper()
	for {
		line, err := lines.ReadString('\n')
		if err == io.EOF || err != nil {
			t.Fatalf("the stream ended before %s: %v", text, err)
		}
		if strings.Contains(line, text) {
			return
		}
	}
}
