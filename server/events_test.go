package server_test

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/server"
)

// stream opens the events of attempt "a", and gives what reads the next state; it gives "" when the stream has ended.
func (b *bench) stream() (next func() string) {
	b.t.Helper()
	answer := b.request(http.MethodGet, "/api/attempts/a/events", "")
	require.Equal(b.t, "text/event-stream", answer.Header.Get("Content-Type"))
	lines := bufio.NewScanner(answer.Body)
	return func() string {
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok && data != "{}" { // that is a sign of life
				return data
			}
		}
		return ""
	}
}

func TestEventsTellAnAttemptsStateAtOnceAndAfterEachChange(t *testing.T) {
	b := newBench(t).signIn()
	next := b.stream()
	assert.Contains(t, next(), `"state":"empty"`)
	require.NoError(t, b.store.CreateTake(t.Context(), exam.Take{ID: "t", AttemptID: "a", Kind: exam.Phone, Name: "p.mp4", UploadID: "u", Size: 5, State: exam.Uploading, CreatedAt: b.now}))
	b.hub.AttemptChanged("a")
	assert.Contains(t, next(), `"p.mp4"`)
	b.server.Close()
	assert.Empty(t, next(), "the stream ends with the server")
}

func TestEventsEndWhenTheirSessionIsEnded(t *testing.T) {
	b := newBenchWith(t, func(o *server.Options) { o.BeatEvery = time.Hour }).signIn()
	next := b.stream()
	require.NotEmpty(t, next())
	status, _ := b.ask(http.MethodDelete, "/api/session", "")
	require.Equal(t, http.StatusNoContent, status)
	assert.Empty(t, next(), "at once, not with the next sign of life")
}

func TestEventsEndWhenTheirSessionExpires(t *testing.T) {
	b := newBench(t).signIn()
	next := b.stream()
	require.NotEmpty(t, next())
	b.clock.Add(int64(13 * time.Hour))
	assert.Empty(t, next(), "at the next sign of life at the latest")
}

// TestEventsTellWhatNobodyTold: the change was made by another process, and the word of it was lost.
func TestEventsTellWhatNobodyTold(t *testing.T) {
	b := newBench(t).signIn()
	next := b.stream()
	assert.Contains(t, next(), `"state":"empty"`)
	require.NoError(t, b.store.CreateTake(t.Context(), exam.Take{ID: "t", AttemptID: "a", Kind: exam.Phone, Name: "p.mp4", UploadID: "u", Size: 5, State: exam.Uploading, CreatedAt: b.now}))
	assert.Contains(t, next(), `"p.mp4"`)
}
