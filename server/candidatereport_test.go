package server_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
)

func TestReportsAreLoggedOnceAndBadOnesDoNotKeepOthersOut(t *testing.T) {
	b := newExamBench(t)
	b.at(-20 * time.Minute)
	_, said := b.sitDown("001", "123X")
	id := said.Attempt.ID
	reports := `[{"id":"a","kind":"focus","wall":1795600000000000,"server":1795600000000000,"data":{"focused":true}},
		{"id":"b","kind":"no-such-kind","wall":1795600000000000,"server":null,"data":{}},
		{"id":"c","kind":"focus","wall":1795600000000000,"server":null,"data":{"focused":"yes"}},
		{"id":"e","kind":"focus","wall":"yesterday","server":null,"data":{}}, 7,
		{"id":"d","kind":"visibility","wall":1795600000000000,"server":null,"data":{"visible":false}}]`
	for range 2 {
		status, said := b.tell("POST", "/api/candidate/events", reports)
		require.Equal(t, http.StatusOK, status)
		assert.Equal(t, []string{"a", "d"}, said.Taken)
		var ids []string
		for _, r := range said.Refused {
			ids = append(ids, r.ID)
		}
		assert.Equal(t, []string{"e", "", "b", "c"}, ids)
		assert.Contains(t, said.Refused[2].Why, "no-such-kind")
	}
	logged, err := b.store.EventsOf(t.Context(), id, exam.EventFocus, exam.EventVisibility)
	require.NoError(t, err)
	assert.Len(t, logged, 2)
}

func TestACandidateCannotFillTheLog(t *testing.T) {
	b := newExamBench(t)
	b.at(-20 * time.Minute)
	b.sitDown("001", "123X")
	sent := 0
	for ; b.request("PUT", "/api/candidate/stills/login", picture(t)).StatusCode == http.StatusNoContent; sent++ {
		require.Less(t, sent, 100)
	}
	assert.Equal(t, 30, sent)
	answer := b.request("POST", "/api/candidate/help", `{"text":"x"}`)
	assert.Equal(t, http.StatusTooManyRequests, answer.StatusCode)
	assert.NotEmpty(t, answer.Header.Get("Retry-After"))
	assert.Equal(t, http.StatusTooManyRequests, b.request("POST", "/api/candidate/events", `[{}]`).StatusCode)
	b.at(-19 * time.Minute)
	assert.Equal(t, http.StatusNoContent, b.request("POST", "/api/candidate/help", `{"text":"x"}`).StatusCode, "a minute later")
}
