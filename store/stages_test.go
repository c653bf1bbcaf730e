package store_test

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/store"
)

const lease = 30 * time.Second

var inspectKey = exam.StageKey{AttemptID: anAttempt.ID, TakeID: "a", Name: exam.Inspect}

// pending adds a received take "a" and its pending first stage.
func pending(t *testing.T, s *store.Store) {
	t.Helper()
	withAttempt(t, s)
	received(t, s, "a")
	require.NoError(t, s.EnsureStage(t.Context(), exam.Stage{AttemptID: anAttempt.ID, TakeID: "a", Name: exam.Inspect}))
}

func begin(t *testing.T, s *store.Store, key exam.StageKey, owner string, at time.Time) exam.Stage {
	t.Helper()
	st, ok, err := s.BeginStage(t.Context(), key, owner, at, lease)
	require.NoError(t, err)
	require.True(t, ok)
	return st
}

func stageOf(t *testing.T, s *store.Store, key exam.StageKey) exam.Stage {
	t.Helper()
	st, err := s.Stage(t.Context(), key)
	require.NoError(t, err)
	return st
}

func TestStageLife(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		pending(t, s)
		want := exam.Stage{AttemptID: anAttempt.ID, TakeID: "a", Name: exam.Inspect, State: exam.Pending}
		require.Equal(t, want, stageOf(t, s, inspectKey))

		want.State, want.Tries, want.StartedAt = exam.Running, 1, now.UTC()
		require.Equal(t, want, begin(t, s, inspectKey, "me", now))
		require.Equal(t, want, stageOf(t, s, inspectKey))

		for _, progress := range []float64{0.25, 0.5, 0.125, math.NaN(), -1} {
			require.NoError(t, s.RenewStage(ctx, inspectKey, "me", now, lease, progress))
		}
		want.Progress = 0.5
		require.Equal(t, want, stageOf(t, s, inspectKey))
		require.NoError(t, s.RenewStage(ctx, inspectKey, "me", now, lease, 7))
		require.EqualValues(t, 1, stageOf(t, s, inspectKey).Progress)

		problem := &exam.Problem{Code: "damaged", Detail: "3 s are missing: '\x00' \xff", Again: true}
		require.NoError(t, s.FinishStage(ctx, inspectKey, "me", []byte(`{"名": [1, "\u0000'"]}`), problem, now.Add(time.Minute)))
		problem.Detail = "3 s are missing: '\x00' \ufffd"
		want.State, want.Progress, want.Result, want.Problem = exam.Done, 1, []byte(`{"名": [1, "\u0000'"]}`), problem
		want.FinishedAt = now.Add(time.Minute).UTC()
		require.Equal(t, want, stageOf(t, s, inspectKey))
		all, err := s.Stages(ctx, anAttempt.ID)
		require.NoError(t, err)
		require.Equal(t, []exam.Stage{want}, all)

		// Once more: nothing of the first time is left.
		require.NoError(t, s.ResetStage(ctx, inspectKey))
		require.Equal(t, exam.Stage{AttemptID: anAttempt.ID, TakeID: "a", Name: exam.Inspect, State: exam.Pending}, stageOf(t, s, inspectKey))
		begin(t, s, inspectKey, "me", now)
		require.NoError(t, s.FailStage(ctx, inspectKey, "me", exam.Problem{Code: "timeout", Detail: "60 s", Retry: true}, now))
		failed := stageOf(t, s, inspectKey)
		require.Equal(t, exam.Failed, failed.State)
		require.Equal(t, &exam.Problem{Code: "timeout", Detail: "60 s", Retry: true}, failed.Problem)
		require.Equal(t, now.UTC(), failed.FinishedAt)
		require.Equal(t, 1, failed.Tries)
		require.NoError(t, s.ResetStage(ctx, inspectKey))
	})
}

// Of any number of workers exactly one gets a stage.
func TestBeginStageHasOneWinner(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		pending(t, s)
		at := now
		for round := range 5 {
			var won atomic.Int32
			var wg sync.WaitGroup
			for i := range 20 {
				wg.Go(func() {
					_, ok, err := s.BeginStage(t.Context(), inspectKey, fmt.Sprint("worker-", i), at, lease)
					if err != nil {
						t.Errorf("begin: %v", err)
					}
					if ok {
						won.Add(1)
					}
				})
			}
			wg.Wait()
			require.EqualValues(t, 1, won.Load())
			require.Equal(t, round+1, stageOf(t, s, inspectKey).Tries)
			at = at.Add(lease) // from the second round on the lease has just ended
		}
	})
}

func TestLease(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		pending(t, s)
		begin(t, s, inspectKey, "first", now)
		require.NoError(t, s.RenewStage(ctx, inspectKey, "first", now.Add(20*time.Second), lease, 0.5))

		_, ok, err := s.BeginStage(ctx, inspectKey, "second", now.Add(20*time.Second+lease-time.Microsecond), lease)
		require.NoError(t, err)
		require.False(t, ok, "the renewed lease has a microsecond left")
		// Late, but nobody has taken it: still the owner's.
		require.NoError(t, s.RenewStage(ctx, inspectKey, "first", now.Add(time.Hour), lease, 0.6))
		second := begin(t, s, inspectKey, "second", now.Add(time.Hour+lease))
		require.Equal(t, 2, second.Tries)
		require.Zero(t, second.Progress)

		for verb, err := range map[string]error{
			"renew":   s.RenewStage(ctx, inspectKey, "first", now, lease, 0.7),
			"release": s.ReleaseStage(ctx, inspectKey, "first", false),
			"finish":  s.FinishStage(ctx, inspectKey, "first", []byte(`{}`), nil, now),
			"fail":    s.FailStage(ctx, inspectKey, "first", exam.Problem{Code: "x"}, now),
		} {
			require.ErrorIs(t, err, store.ErrConflict, verb)
		}
		require.Equal(t, second, stageOf(t, s, inspectKey), "who lost the lease changes nothing")
		require.NoError(t, s.FinishStage(ctx, inspectKey, "second", nil, nil, now))
		require.ErrorIs(t, s.RenewStage(ctx, inspectKey, "second", now, lease, 1), store.ErrConflict, "it is over")
		none := exam.StageKey{AttemptID: anAttempt.ID, Name: exam.Archive}
		require.ErrorIs(t, s.RenewStage(ctx, none, "first", now, lease, 1), store.ErrNotFound)
		_, ok, err = s.BeginStage(ctx, none, "first", now, lease)
		require.NoError(t, err)
		require.False(t, ok)
	})
}

func TestReleaseStage(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		pending(t, s)
		begin(t, s, inspectKey, "me", now)
		require.NoError(t, s.ReleaseStage(ctx, inspectKey, "me", true))
		require.Equal(t, 1, stageOf(t, s, inspectKey).Tries)
		begin(t, s, inspectKey, "me", now)
		require.NoError(t, s.ReleaseStage(ctx, inspectKey, "me", false))
		require.Equal(t, exam.Stage{AttemptID: anAttempt.ID, TakeID: "a", Name: exam.Inspect, State: exam.Pending, Tries: 1}, stageOf(t, s, inspectKey))
		require.ErrorIs(t, s.ReleaseStage(ctx, inspectKey, "me", true), store.ErrConflict)
	})
}

func TestStageStates(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		pending(t, s)
		require.NoError(t, s.ResetStage(ctx, inspectKey), "pending already")
		begin(t, s, inspectKey, "me", now)
		require.ErrorIs(t, s.ResetStage(ctx, inspectKey), store.ErrState)
		require.ErrorIs(t, s.ResetStage(ctx, exam.StageKey{AttemptID: anAttempt.ID, Name: exam.Archive}), store.ErrNotFound)
		require.ErrorIs(t, s.FinishStage(ctx, inspectKey, "me", []byte(`{"cut": `), nil, now), store.ErrInvalid)
		require.ErrorIs(t, s.FinishStage(ctx, inspectKey, "me", []byte("\"\xff\""), nil, now), store.ErrInvalid)
		require.NoError(t, s.FinishStage(ctx, inspectKey, "me", []byte(`{}`), nil, now))
		_, ok, err := s.BeginStage(ctx, inspectKey, "me", now.Add(time.Hour), lease)
		require.NoError(t, err)
		require.False(t, ok, "what is done is not begun again by itself")
		_, err = s.Stage(ctx, exam.StageKey{AttemptID: "none"})
		require.ErrorIs(t, err, store.ErrNotFound)
		require.ErrorIs(t, s.EnsureStage(ctx, exam.Stage{AttemptID: "none", Name: exam.Archive}), store.ErrNotFound)
	})
}

func TestEnsureStage(t *testing.T) {
	key := exam.StageKey{AttemptID: anAttempt.ID, Name: exam.Timeline}
	ask := func(revision int64) exam.Stage {
		return exam.Stage{AttemptID: anAttempt.ID, Name: exam.Timeline, Revision: revision}
	}
	onEach(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		withAttempt(t, s)
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if err := s.EnsureStage(ctx, ask(1)); err != nil {
					t.Errorf("ensure: %v", err)
				}
			})
		}
		wg.Wait()
		require.Equal(t, exam.Pending, stageOf(t, s, key).State)

		begin(t, s, key, "me", now)
		require.NoError(t, s.EnsureStage(ctx, ask(2)))
		require.Equal(t, exam.Running, stageOf(t, s, key).State, "a running stage is left alone")
		require.EqualValues(t, 1, stageOf(t, s, key).Revision)
		require.NoError(t, s.FinishStage(ctx, key, "me", []byte(`{}`), nil, now))
		done := stageOf(t, s, key)
		require.NoError(t, s.EnsureStage(ctx, ask(1)))
		require.Equal(t, done, stageOf(t, s, key), "done at this revision")
		require.NoError(t, s.EnsureStage(ctx, ask(2)))
		fresh := exam.Stage{AttemptID: anAttempt.ID, Name: exam.Timeline, Revision: 2, State: exam.Pending}
		require.Equal(t, fresh, stageOf(t, s, key), "done at an older revision")
		require.NoError(t, s.EnsureStage(ctx, ask(1)))
		require.Equal(t, fresh, stageOf(t, s, key), "asked for late")
		require.NoError(t, s.EnsureStage(ctx, ask(3)))
		require.EqualValues(t, 3, stageOf(t, s, key).Revision, "not begun yet")
		begin(t, s, key, "me", now)
		require.NoError(t, s.FailStage(ctx, key, "me", exam.Problem{Code: "x"}, now))
		require.NoError(t, s.EnsureStage(ctx, ask(4)))
		require.Equal(t, exam.Pending, stageOf(t, s, key).State, "failed at an older revision")
	})
}

func TestAttemptsWithWork(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		withAttempt(t, s)
		work := func(want bool, when string) {
			t.Helper()
			ids, err := s.AttemptsWithWork(ctx)
			require.NoError(t, err)
			if want {
				require.Equal(t, []string{anAttempt.ID}, ids, when)
			} else {
				require.Empty(t, ids, when)
			}
		}
		do := func(takeID string, name exam.StageName, fail bool) {
			t.Helper()
			key := exam.StageKey{AttemptID: anAttempt.ID, TakeID: takeID, Name: name}
			asked := exam.Stage{AttemptID: anAttempt.ID, TakeID: takeID, Name: name}
			if takeID == "" {
				asked.Revision = revision(t, s)
			}
			require.NoError(t, s.EnsureStage(ctx, asked))
			work(true, fmt.Sprint(name, " is pending"))
			begin(t, s, key, "me", now)
			work(true, fmt.Sprint(name, " runs"))
			if fail {
				require.NoError(t, s.FailStage(ctx, key, "me", exam.Problem{Code: "x"}, now))
			} else {
				require.NoError(t, s.FinishStage(ctx, key, "me", nil, nil, now))
			}
		}
		work(false, "no take")
		uploading(t, s, "a", exam.Camera)
		work(false, "an upload")
		require.NoError(t, s.MarkReceived(ctx, "a", 1, now))
		work(true, "a received take without stages")
		do("a", exam.Inspect, true)
		work(false, "its inspection failed")

		received(t, s, "b")
		work(true, "another take")
		do("b", exam.Inspect, false)
		work(true, "its playback is missing")
		do("b", exam.Playback, false)
		do("b", exam.Sound, true)
		work(true, "its thumbnails are missing, although its sound failed")
		do("b", exam.Frames, false)
		work(true, "the timeline is missing")
		do("", exam.Timeline, false)
		work(true, "the archive is missing")
		do("", exam.Archive, false)
		work(false, "all is done")

		received(t, s, "c")
		do("c", exam.Inspect, true)
		work(true, "the timeline is stale")
		do("", exam.Timeline, true)
		work(false, "the new timeline failed")
		require.NoError(t, s.ChangeTakeState(ctx, "c", exam.Replaced))
		work(true, "the timeline is stale again")
		do("", exam.Timeline, false)
		work(true, "the archive is stale")
		do("", exam.Archive, true)
		work(false, "the archive failed")

		// A pending stage of a take that was put aside is nobody's work.
		received(t, s, "d")
		require.NoError(t, s.EnsureStage(ctx, exam.Stage{AttemptID: anAttempt.ID, TakeID: "d", Name: exam.Inspect}))
		require.NoError(t, s.ChangeTakeState(ctx, "d", exam.Replaced))
		do("", exam.Timeline, false)
		do("", exam.Archive, false)
		work(false, "only a replaced take has stages left")
	})
}
