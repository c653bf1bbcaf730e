package server_test

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
)

func TestSupportSeesItsCandidates(t *testing.T) {
	b := newExamBench(t)
	support := b.signInAs(exam.Invigilator).cookie
	reviewer := b.signInAs(exam.Reviewer).cookie
	b.cookie = ""
	b.at(-20 * time.Minute)
	b.sitDown("001", "123X")
	b.request("POST", "/api/candidate/help", `{"text":"登录不了"}`)
	b.as(reviewer, func() {
		assert.Equal(t, http.StatusForbidden, b.request("GET", "/api/exams/x/candidates", "").StatusCode, "reviewers are blind")
	})
	b.as(support, func() {
		data, _ := io.ReadAll(b.request("GET", "/api/exams/x/candidates", "").Body)
		var list struct {
			Candidates []struct {
				Ticket, Name, Step string
				SignedIn, HelpOpen bool
				LoginAt            int64
			}
		}
		require.NoError(t, json.Unmarshal(data, &list))
		require.Len(t, list.Candidates, 2)
		assert.Equal(t, "王小明", list.Candidates[0].Name)
		assert.True(t, list.Candidates[0].SignedIn)
		assert.True(t, list.Candidates[0].HelpOpen)
		assert.False(t, list.Candidates[1].SignedIn)
		assert.Equal(t, b.now.Add(anHour-20*time.Minute).UnixMicro(), list.Candidates[0].LoginAt, "who waits longest comes first")
		assert.Zero(t, list.Candidates[1].LoginAt)
		assert.Contains(t, b.firstEvents("/api/exams/x/events", support), "登录不了")
	})
}
