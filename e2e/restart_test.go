package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/timeline"
)

// attemptState is what the tests look at of an attempt.
type attemptState struct {
	ID      string `json:"id"`
	Summary struct {
		State    exam.SummaryState `json:"state"`
		Progress float64           `json:"progress"`
	} `json:"summary"`
	Reviewable bool `json:"reviewable"`
	Recordings []struct {
		Kind  exam.Kind `json:"kind"`
		Takes []struct {
			ID       string         `json:"id"`
			Name     string         `json:"name"`
			State    exam.TakeState `json:"state"`
			Received int64          `json:"received"`
			Stages   []struct {
				Name    exam.StageName  `json:"name"`
				State   exam.StageState `json:"state"`
				Problem *exam.Problem   `json:"problem"`
			} `json:"stages"`
		} `json:"takes"`
	} `json:"recordings"`
}

func (c *client) newAttempt(ticket string) string {
	c.t.Helper()
	var e, a struct {
		ID string `json:"id"`
	}
	require.NoError(c.t, json.Unmarshal([]byte(c.text(http.MethodPost, "/api/exams", `{"title":"Restart","startsAt":"2026-11-24T09:00:00Z"}`)), &e))
	require.NoError(c.t, json.Unmarshal([]byte(c.text(http.MethodPost, "/api/exams/"+e.ID+"/attempts", `{"ticket":"`+ticket+`"}`)), &a))
	return a.ID
}

func (c *client) attempt(id string) attemptState {
	c.t.Helper()
	var a attemptState
	require.NoError(c.t, json.Unmarshal([]byte(c.text(http.MethodGet, "/api/attempts/"+id, "")), &a))
	return a
}

// until polls an attempt until a condition holds.
func (c *client) until(id string, what string, holds func(attemptState) bool) attemptState {
	c.t.Helper()
	deadline := time.After(90 * time.Second)
	poll := time.NewTicker(50 * time.Millisecond)
	defer poll.Stop()
	for {
		a := c.attempt(id)
		if holds(a) {
			return a
		}
		select {
		case <-poll.C:
		case <-deadline:
			c.t.Fatalf("waited too long until %s; the attempt is %+v", what, a)
		}
	}
}

func metadata(attempt string, kind exam.Kind, name string) string {
	encode := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	return fmt.Sprintf("attempt %s,kind %s,filename %s", encode(attempt), encode(string(kind)), encode(name))
}

// create begins an upload and gives its path on the server.
func (c *client) create(attempt string, kind exam.Kind, name string, size int) string {
	c.t.Helper()
	answer := c.do(http.MethodPost, "/files/", "", map[string]string{"Tus-Resumable": "1.0.0", "Upload-Length": fmt.Sprint(size), "Upload-Metadata": metadata(attempt, kind, name)})
	defer answer.Body.Close()
	require.Equal(c.t, http.StatusCreated, answer.StatusCode)
	at := answer.Header.Get("Location")
	return at[strings.Index(at, "/files/"):]
}

func (c *client) send(path string, offset int, data []byte) {
	c.t.Helper()
	answer := c.do(http.MethodPatch, path, string(data), map[string]string{"Tus-Resumable": "1.0.0", "Upload-Offset": fmt.Sprint(offset), "Content-Type": "application/offset+octet-stream"})
	defer answer.Body.Close()
	require.Equal(c.t, http.StatusNoContent, answer.StatusCode)
}

// TestAKilledServerGoesOnWhereItWas kills the server during an upload and again during processing. Nothing is lost, and nothing is
// left running.
func TestAKilledServerGoesOnWhereItWas(t *testing.T) {
	made := sample(t)
	data := t.TempDir()
	s := start(t, data)
	c := signIn(t, s.address)
	id := c.newAttempt("KILL-001")
	var files [][]byte
	var paths []string
	for _, take := range made.Takes {
		content, err := os.ReadFile(take.File)
		require.NoError(t, err)
		path := c.create(id, take.Kind, filepath.Base(take.File), len(content))
		c.send(path, 0, content[:len(content)/2])
		files, paths = append(files, content), append(paths, path)
	}
	s.kill(t)

	s = start(t, data)
	c = signIn(t, s.address)
	for i, path := range paths {
		answer := c.do(http.MethodHead, path, "", map[string]string{"Tus-Resumable": "1.0.0"})
		answer.Body.Close()
		require.Equal(t, fmt.Sprint(len(files[i])/2), answer.Header.Get("Upload-Offset"), "what was acknowledged is there")
		c.send(path, len(files[i])/2, files[i][len(files[i])/2:])
	}
	c.until(id, "a stage runs", func(a attemptState) bool {
		for _, r := range a.Recordings {
			for _, take := range r.Takes {
				for _, stage := range take.Stages {
					if stage.State == exam.Running || stage.State == exam.Done {
						return true
					}
				}
			}
		}
		return false
	})
	s.kill(t)

	s = start(t, data)
	c = signIn(t, s.address)
	a := c.until(id, "it is ready", func(a attemptState) bool { return a.Summary.State == exam.Ready || a.Summary.State == exam.Broken })
	require.Equal(t, exam.Ready, a.Summary.State)
	tl, err := timeline.Decode([]byte(c.text(http.MethodGet, "/api/attempts/"+id+"/timeline", "")))
	require.NoError(t, err)
	require.Len(t, tl.Recordings, 3)
	assert.Len(t, tl.Recordings[2].Takes, 2, "the phone's two takes")
	for _, r := range tl.Recordings {
		for _, take := range r.Takes {
			answer := c.do(http.MethodGet, "/media/"+id+"/"+take.File, "", map[string]string{"Range": "bytes=0-99"})
			answer.Body.Close()
			assert.Equal(t, http.StatusPartialContent, answer.StatusCode, take.File)
		}
	}
	require.NoError(t, s.stop(t), "it ends in order when asked to")
}

// TestAnUnusableFileIsToldAndReplaced uploads something that is no recording.
func TestAnUnusableFileIsToldAndReplaced(t *testing.T) {
	made := sample(t)
	s := start(t, t.TempDir())
	c := signIn(t, s.address)
	id := c.newAttempt("BAD-001")
	text := []byte("this is no recording\n")
	c.send(c.create(id, exam.Camera, "camera.webm", len(text)), 0, text)
	a := c.until(id, "it has failed", func(a attemptState) bool { return a.Summary.State == exam.Broken })
	take := a.Recordings[0].Takes[0]
	require.NotNil(t, take.Stages[0].Problem)
	assert.Equal(t, "not-media", take.Stages[0].Problem.Code)
	assert.True(t, take.Stages[0].Problem.Again, "uploading again is what helps")

	c.text(http.MethodDelete, "/api/takes/"+take.ID, "")
	content, err := os.ReadFile(made.Takes[0].File)
	require.NoError(t, err)
	c.send(c.create(id, exam.Camera, "camera.webm", len(content)), 0, content)
	a = c.until(id, "it is ready", func(a attemptState) bool { return a.Summary.State == exam.Ready })
	assert.Len(t, a.Recordings[0].Takes, 1)
	require.NoError(t, s.stop(t))
}
