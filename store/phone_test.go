package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/store"
)

// offer offers a code for the attempt of every test, valid for an hour.
func offer(t *testing.T, s *store.Store, code string, at time.Time) string {
	t.Helper()
	got, err := s.EnsurePhoneCode(t.Context(), store.PhoneCode{AttemptID: anAttempt.ID, Code: code, ExpiresAt: at.Add(time.Hour).UTC()}, at)
	require.NoError(t, err)
	return got.Code
}

// bind binds a phone as exam.Bind would have it, from what is there now.
func bind(t *testing.T, s *store.Store, code, token string, at time.Time) error {
	t.Helper()
	a, err := s.Attempt(t.Context(), anAttempt.ID)
	require.NoError(t, err)
	a.Course.Phone = exam.PhoneCourse{BoundAt: at.UTC(), Bindings: a.Course.Phone.Bindings + 1}
	a.Version++
	return s.BindPhone(t.Context(), code, store.PhoneSession{AttemptID: a.ID, TokenHash: token, Binding: a.Course.Phone.Bindings, CreatedAt: at.UTC(), ExpiresAt: at.Add(anyLength).UTC()},
		a, []exam.Event{event(exam.EventPhoneBound, `{}`)})
}

const anyLength = 24 * time.Hour

func TestAPhoneCodeStaysWhileItIsValid(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		withAttempt(t, s)
		assert.Equal(t, "AAAAAA", offer(t, s, "AAAAAA", now))
		assert.Equal(t, "AAAAAA", offer(t, s, "BBBBBB", now.Add(time.Minute)))
		assert.Equal(t, "CCCCCC", offer(t, s, "CCCCCC", now.Add(2*time.Hour)))
		_, err := s.PhoneCodeOf(t.Context(), anAttempt.ID, now.Add(3*time.Hour))
		assert.ErrorIs(t, err, store.ErrNotFound)
		got, err := s.PhoneCode(t.Context(), "CCCCCC", now.Add(2*time.Hour))
		require.NoError(t, err)
		assert.Equal(t, anAttempt.ID, got.AttemptID)
		_, err = s.PhoneCode(t.Context(), "AAAAAA", now)
		assert.ErrorIs(t, err, store.ErrNotFound)
	})
}

func TestAPhoneTakesTheOthersPlace(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		withAttempt(t, s)
		offer(t, s, "AAAAAA", now)
		require.NoError(t, bind(t, s, "AAAAAA", "first", now))
		assert.ErrorIs(t, bind(t, s, "AAAAAA", "again", now), store.ErrNotFound, "a code is used up")
		require.NoError(t, s.SavePhoneStatus(t.Context(), store.PhoneStatus{AttemptID: anAttempt.ID, Status: []byte(`{"a":1}`), HeardAt: now.UTC()}))
		first, err := s.PhoneSession(t.Context(), "first", now)
		require.NoError(t, err)
		assert.Equal(t, store.PhoneSession{AttemptID: anAttempt.ID, TokenHash: "first", Binding: 1, CreatedAt: now.UTC(), ExpiresAt: now.Add(anyLength).UTC()}, first)

		later := now.Add(time.Minute)
		offer(t, s, "BBBBBB", now)
		assert.ErrorIs(t, bind(t, s, "BBBBBB", "late", now.Add(2*time.Hour)), store.ErrNotFound, "it is too old")
		require.NoError(t, bind(t, s, "BBBBBB", "second", later))
		first, err = s.PhoneSession(t.Context(), "first", later)
		require.NoError(t, err, "what was replaced may still send")
		assert.Equal(t, later.UTC(), first.ReplacedAt)
		second, err := s.PhoneSession(t.Context(), "second", later)
		require.NoError(t, err)
		assert.Equal(t, 2, second.Binding)
		assert.Zero(t, second.ReplacedAt)
		_, err = s.PhoneStatus(t.Context(), anAttempt.ID)
		assert.ErrorIs(t, err, store.ErrNotFound, "what the first one said is not of the second")
		log, err := s.Events(t.Context(), anAttempt.ID, 0)
		require.NoError(t, err)
		assert.Len(t, log, 2, "nothing is logged of what did not happen")

		require.NoError(t, s.DeletePhoneSession(t.Context(), "second"))
		_, err = s.PhoneSession(t.Context(), "second", later)
		assert.ErrorIs(t, err, store.ErrNotFound)
		require.NoError(t, s.DeleteExpired(t.Context(), now.Add(anyLength)))
		_, err = s.PhoneSession(t.Context(), "first", now)
		assert.ErrorIs(t, err, store.ErrNotFound)
	})
}

func TestACodeThatLostAgainstAnotherChangeIsNotUsedUp(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		withAttempt(t, s)
		offer(t, s, "AAAAAA", now)
		a, err := s.Attempt(t.Context(), anAttempt.ID)
		require.NoError(t, err)
		a.Version += 2
		err = s.BindPhone(t.Context(), "AAAAAA", store.PhoneSession{AttemptID: a.ID, TokenHash: "x", CreatedAt: now, ExpiresAt: now.Add(time.Hour)}, a, []exam.Event{event(exam.EventPhoneBound, `{}`)})
		assert.ErrorIs(t, err, store.ErrConflict)
		assert.NoError(t, bind(t, s, "AAAAAA", "x", now))
	})
}

func TestOfPhonesThatBindAtOnceOneDoes(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		withAttempt(t, s)
		offer(t, s, "AAAAAA", now)
		const phones = 8
		errs := make([]error, phones)
		var wait sync.WaitGroup
		for n := range phones {
			wait.Go(func() {
				// Whoever is told that somebody was faster tries again with what is there.
				for {
					if errs[n] = bind(t, s, "AAAAAA", fmt.Sprint(n), now); !errors.Is(errs[n], store.ErrConflict) {
						return
					}
				}
			})
		}
		wait.Wait()
		won := 0
		for n, err := range errs {
			if err == nil {
				won++
				_, err := s.PhoneSession(t.Context(), fmt.Sprint(n), now)
				assert.NoError(t, err)
				continue
			}
			assert.ErrorIs(t, err, store.ErrNotFound)
		}
		assert.Equal(t, 1, won)
		a, err := s.Attempt(t.Context(), anAttempt.ID)
		require.NoError(t, err)
		assert.Equal(t, 1, a.Course.Phone.Bindings)
	})
}

func TestTheLastStatusOfAPhoneCounts(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		withAttempt(t, s)
		for n := range 2 {
			want := store.PhoneStatus{AttemptID: anAttempt.ID, Status: fmt.Appendf(nil, `{"n":%d}`, n), HeardAt: now.Add(time.Duration(n) * time.Second).UTC()}
			require.NoError(t, s.SavePhoneStatus(t.Context(), want))
			got, err := s.PhoneStatus(t.Context(), anAttempt.ID)
			require.NoError(t, err)
			assert.Equal(t, want, got)
		}
		assert.ErrorIs(t, s.SavePhoneStatus(t.Context(), store.PhoneStatus{AttemptID: "nobody", Status: []byte(`{}`), HeardAt: now}), store.ErrNotFound)
		require.NoError(t, s.ForgetResults(t.Context(), anAttempt.ID))
		_, err := s.PhoneStatus(t.Context(), anAttempt.ID)
		assert.ErrorIs(t, err, store.ErrNotFound)
	})
}
