package store_test

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/store"
)

func event(kind exam.EventKind, data string) exam.Event {
	return exam.Event{Source: "server", Kind: kind, Data: json.RawMessage(data)}
}

func reported(id string) exam.Event {
	return exam.Event{Source: "candidate", Kind: exam.EventFocus, Data: json.RawMessage(`{"focused": true}`), ID: id, Wall: now.UTC(), Server: now.Add(time.Second).UTC()}
}

func TestACourseChangesTogetherWithItsLog(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		withAttempt(t, s)
		a, err := s.Attempt(t.Context(), anAttempt.ID)
		require.NoError(t, err)
		assert.Zero(t, a.Version)
		a.Course = exam.Course{Done: map[exam.Step]time.Time{exam.Entry: now.UTC()}, SignedName: "王小明", Extra: []exam.Extra{{At: now.UTC(), Length: time.Minute, By: "root", Reason: "停电"}}}
		a.Version++
		require.NoError(t, s.ChangeCourse(t.Context(), a, []exam.Event{event(exam.EventEntered, `{"run":"1"}`)}, now))
		again, err := s.Attempt(t.Context(), a.ID)
		require.NoError(t, err)
		assert.Equal(t, a.Course, again.Course)
		assert.EqualValues(t, 1, again.Version)
		ongoing, err := s.OngoingAttempts(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []string{a.ID}, ongoing)

		err = s.ChangeCourse(t.Context(), a, []exam.Event{event(exam.EventEntered, `{}`)}, now)
		assert.ErrorIs(t, err, store.ErrConflict, "somebody was faster")
		log, err := s.Events(t.Context(), a.ID, 0)
		require.NoError(t, err)
		assert.Len(t, log, 1, "nothing is logged of what did not happen")
	})
}

func TestALogIsAddedToInOrderAndOnce(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		withAttempt(t, s)
		added, err := s.Log(t.Context(), anAttempt.ID, []exam.Event{reported("a"), reported("b"), reported("a")}, now)
		require.NoError(t, err)
		assert.Len(t, added, 2)
		added, err = s.Log(t.Context(), anAttempt.ID, []exam.Event{reported("b"), reported("c"), event(exam.EventSignedIn, `{"z":1,"a":"中"}`)}, now)
		require.NoError(t, err)
		assert.Len(t, added, 2)
		log, err := s.Events(t.Context(), anAttempt.ID, 0)
		require.NoError(t, err)
		require.Len(t, log, 4)
		require.NoError(t, exam.CheckLog(log), "what comes back has the hashes of what went in")
		assert.Equal(t, now.Add(time.Second).UTC(), log[0].When())
		assert.JSONEq(t, `{"a":"中","z":1}`, string(log[3].Data))

		later, err := s.Events(t.Context(), anAttempt.ID, 2)
		require.NoError(t, err)
		assert.Equal(t, log[2:], later)
		signedIn, err := s.EventsOf(t.Context(), anAttempt.ID, exam.EventSignedIn, exam.EventEntered)
		require.NoError(t, err)
		assert.Equal(t, log[3:], signedIn)

		log[1].Data = json.RawMessage(`{"focused":false}`)
		assert.ErrorContains(t, exam.CheckLog(log), "event 2")

		_, err = s.Log(t.Context(), "nobody", []exam.Event{reported("a")}, now)
		assert.ErrorIs(t, err, store.ErrNotFound)
	})
}

func TestManyMayAddToALogAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		withAttempt(t, s)
		const writers, each = 8, 5
		var wait sync.WaitGroup
		errs := make([]error, writers)
		for w := range writers {
			wait.Go(func() {
				for n := range each {
					if _, err := s.Log(t.Context(), anAttempt.ID, []exam.Event{reported(fmt.Sprintf("%d-%d", w, n))}, now); err != nil {
						errs[w] = err
					}
				}
			})
		}
		wait.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
		log, err := s.Events(t.Context(), anAttempt.ID, 0)
		require.NoError(t, err)
		assert.Len(t, log, writers*each)
		assert.NoError(t, exam.CheckLog(log))
	})
}

func TestACandidateIsSignedInOnOneScreen(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		withAttempt(t, s)
		session := store.CandidateSession{AttemptID: anAttempt.ID, TokenHash: "first", CreatedAt: now.UTC(), ExpiresAt: now.Add(time.Hour).UTC()}
		require.NoError(t, s.OpenCandidateSession(t.Context(), session))
		second := session
		second.TokenHash = "second"
		assert.ErrorIs(t, s.OpenCandidateSession(t.Context(), second), store.ErrConflict)
		got, err := s.CandidateSession(t.Context(), "first", now)
		require.NoError(t, err)
		assert.Equal(t, session, got)

		require.NoError(t, s.CloseCandidateSession(t.Context(), anAttempt.ID))
		_, err = s.CandidateSession(t.Context(), "first", now)
		assert.ErrorIs(t, err, store.ErrNotFound)
		require.NoError(t, s.OpenCandidateSession(t.Context(), second))

		third := session
		third.TokenHash, third.CreatedAt, third.ExpiresAt = "third", now.Add(2*time.Hour).UTC(), now.Add(3*time.Hour).UTC()
		require.NoError(t, s.OpenCandidateSession(t.Context(), third), "an expired session is in nobody's way")
		_, err = s.CandidateSessionOf(t.Context(), anAttempt.ID, now.Add(4*time.Hour))
		assert.ErrorIs(t, err, store.ErrNotFound)
		require.NoError(t, s.DeleteExpired(t.Context(), now.Add(4*time.Hour)))
	})
}

func TestTheLatestStillOfASideCounts(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		withAttempt(t, s)
		still := store.Still{AttemptID: anAttempt.ID, Side: "a4-front", Key: "k1", Size: 5, SHA256: "aa", CreatedAt: now.UTC()}
		require.NoError(t, s.SaveStill(t.Context(), still))
		still.Key = "k2"
		require.NoError(t, s.SaveStill(t.Context(), still))
		all, err := s.Stills(t.Context(), anAttempt.ID)
		require.NoError(t, err)
		assert.Equal(t, []store.Still{still}, all)
	})
}
