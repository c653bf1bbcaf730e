package store_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/store"
)

func TestTakes(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		withAttempt(t, s)
		phone, camera, screen := uploading(t, s, "a", exam.Phone), uploading(t, s, "b", exam.Camera), uploading(t, s, "c", exam.Screen)
		earlier := camera
		earlier.ID, earlier.UploadID, earlier.CreatedAt = "d", "", now.Add(-time.Hour).UTC()
		require.NoError(t, s.CreateTake(ctx, earlier))

		got, err := s.Take(ctx, "a")
		require.NoError(t, err)
		require.Equal(t, phone, got)
		got, err = s.TakeByUpload(ctx, camera.UploadID)
		require.NoError(t, err)
		require.Equal(t, camera, got)
		all, err := s.Takes(ctx, anAttempt.ID)
		require.NoError(t, err)
		require.Equal(t, []exam.Take{earlier, camera, screen, phone}, all)

		// No upload is not an upload: any number of takes may have none, and it finds none.
		another := earlier
		another.ID = "e"
		require.NoError(t, s.CreateTake(ctx, another))
		_, err = s.TakeByUpload(ctx, "")
		require.ErrorIs(t, err, store.ErrNotFound)

		_, err = s.Take(ctx, "none")
		require.ErrorIs(t, err, store.ErrNotFound)
		twice := camera
		twice.ID = "f"
		require.ErrorIs(t, s.CreateTake(ctx, twice), store.ErrConflict, "two takes of one upload")
		orphan := exam.Take{ID: "g", AttemptID: "none", Kind: exam.Camera, State: exam.Uploading, CreatedAt: now}
		require.ErrorIs(t, s.CreateTake(ctx, orphan), store.ErrNotFound)
		for _, wrong := range []exam.Take{
			{ID: "h", AttemptID: anAttempt.ID, Kind: "drone", State: exam.Uploading, CreatedAt: now},
			{ID: "h", AttemptID: anAttempt.ID, Kind: exam.Camera, State: "lost", CreatedAt: now},
			{ID: "h", AttemptID: anAttempt.ID, Kind: exam.Camera, State: exam.Uploading, Size: -2, CreatedAt: now},
		} {
			require.ErrorIs(t, s.CreateTake(ctx, wrong), store.ErrInvalid)
		}
	})
}

func TestProgressOnlyGrows(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		withAttempt(t, s)
		uploading(t, s, "a", exam.Camera)
		uploading(t, s, "b", exam.Screen)
		numbers := rand.Perm(200)
		var wg sync.WaitGroup
		for worker := range 20 {
			wg.Go(func() {
				seen := int64(-1)
				for _, n := range numbers[worker*10 : worker*10+10] {
					if err := s.SetProgress(ctx, map[string]int64{"a": int64(n), "b": 1}); err != nil {
						t.Errorf("progress: %v", err)
					}
					take, err := s.Take(ctx, "a")
					if err != nil || take.Received < int64(n) || take.Received < seen {
						t.Errorf("received is %d after %d and %d: %v", take.Received, n, seen, err)
					}
					seen = take.Received
				}
			})
		}
		wg.Wait()
		take, err := s.Take(ctx, "a")
		require.NoError(t, err)
		require.EqualValues(t, 199, take.Received)
		take, err = s.Take(ctx, "b")
		require.NoError(t, err)
		require.EqualValues(t, 1, take.Received)

		require.NoError(t, s.MarkReceived(ctx, "a", 150, now))
		require.NoError(t, s.SetProgress(ctx, map[string]int64{"a": 500}), "late progress is ignored")
		take, err = s.Take(ctx, "a")
		require.NoError(t, err)
		require.EqualValues(t, 150, take.Received)
		require.NoError(t, s.SetProgress(ctx, map[string]int64{"none": 1, "b": 2}))
		take, err = s.Take(ctx, "b")
		require.NoError(t, err)
		require.EqualValues(t, 2, take.Received, "one that does not exist is no trouble for the others")
	})
}

func TestMarkReceived(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		withAttempt(t, s)
		want := uploading(t, s, "a", exam.Camera)
		open, err := s.UploadingTakes(ctx)
		require.NoError(t, err)
		require.Equal(t, []exam.Take{want}, open)

		// However often and concurrently it is told, it counts once.
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				if err := s.MarkReceived(ctx, "a", 12345, now); err != nil {
					t.Errorf("mark received: %v", err)
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 1, revision(t, s))
		want.State, want.Size, want.Received, want.ReceivedAt = exam.Received, 12345, 12345, now.UTC()
		got, err := s.Take(ctx, "a")
		require.NoError(t, err)
		require.Equal(t, want, got)
		open, err = s.UploadingTakes(ctx)
		require.NoError(t, err)
		require.Empty(t, open)

		require.NoError(t, s.MarkReceived(ctx, "a", 12345, now.Add(time.Hour)))
		got, err = s.Take(ctx, "a")
		require.NoError(t, err)
		require.Equal(t, want, got, "repeating changes nothing")
		require.ErrorIs(t, s.MarkReceived(ctx, "a", 1, now), store.ErrConflict)
		require.ErrorIs(t, s.MarkReceived(ctx, "none", 1, now), store.ErrNotFound)
		uploading(t, s, "b", exam.Camera)
		require.NoError(t, s.ChangeTakeState(ctx, "b", exam.Discarded))
		require.ErrorIs(t, s.MarkReceived(ctx, "b", 1, now), store.ErrState)
		require.EqualValues(t, 1, revision(t, s))
	})
}

// Every received take of an attempt counts, also when many arrive at once.
func TestRevisionsAreNotLost(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		withAttempt(t, s)
		var wg sync.WaitGroup
		for i := range 20 {
			id := fmt.Sprint("take-", i)
			uploading(t, s, id, exam.Phone)
			wg.Go(func() {
				if err := s.MarkReceived(t.Context(), id, 1, now); err != nil {
					t.Errorf("mark received: %v", err)
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 20, revision(t, s))

		whole := exam.Take{ID: "whole", AttemptID: anAttempt.ID, Kind: exam.Phone, State: exam.Received, Size: 1, Received: 1, CreatedAt: now, ReceivedAt: now}
		require.NoError(t, s.CreateTake(t.Context(), whole))
		require.EqualValues(t, 21, revision(t, s), "a take that comes whole")
		require.ErrorIs(t, s.CreateTake(t.Context(), whole), store.ErrConflict)
		require.EqualValues(t, 21, revision(t, s))
	})
}

// The table of exam.TakeState.CanBecome, in SQL.
func TestTakeStates(t *testing.T) {
	states := []exam.TakeState{exam.Uploading, exam.Received, exam.Replaced, exam.Discarded}
	onEach(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		withAttempt(t, s)
		for _, from := range states {
			for _, to := range append(states, "", "lost") {
				id := fmt.Sprintf("%s-%s", from, to)
				require.NoError(t, s.CreateTake(ctx, exam.Take{ID: id, AttemptID: anAttempt.ID, Kind: exam.Camera, State: from, CreatedAt: now}))
				before := revision(t, s)
				err := s.ChangeTakeState(ctx, id, to)
				take, getErr := s.Take(ctx, id)
				require.NoError(t, getErr)
				if from.CanBecome(to) && to != exam.Received {
					require.NoError(t, err, id)
					require.Equal(t, to, take.State)
				} else {
					require.ErrorIs(t, err, store.ErrState, id)
					require.Equal(t, from, take.State)
				}
				grown := revision(t, s) - before
				if from == exam.Received && to == exam.Replaced {
					require.EqualValues(t, 1, grown, id)
				} else {
					require.Zero(t, grown, id)
				}
			}
		}
		require.ErrorIs(t, s.ChangeTakeState(ctx, "none", exam.Discarded), store.ErrNotFound)
	})
}

// An upload that ends and is given up at the same moment becomes either, with a revision that agrees.
func TestReceivedOrDiscarded(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		withAttempt(t, s)
		var whole int64
		for i := range 20 {
			id := fmt.Sprint("take-", i)
			uploading(t, s, id, exam.Screen)
			var wg sync.WaitGroup
			var marked, discarded error
			wg.Go(func() { marked = s.MarkReceived(ctx, id, 1, now) })
			wg.Go(func() { discarded = s.ChangeTakeState(ctx, id, exam.Discarded) })
			wg.Wait()
			take, err := s.Take(ctx, id)
			require.NoError(t, err)
			if marked == nil {
				whole++
				require.Equal(t, exam.Received, take.State)
				require.ErrorIs(t, discarded, store.ErrState)
			} else {
				require.Equal(t, exam.Discarded, take.State)
				require.ErrorIs(t, marked, store.ErrState)
				require.NoError(t, discarded)
			}
		}
		require.Equal(t, whole, revision(t, s))
	})
}

func TestSHA256IsSetOnce(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		withAttempt(t, s)
		received(t, s, "a")
		require.NoError(t, s.SetSHA256(ctx, "a", "abc"))
		require.NoError(t, s.SetSHA256(ctx, "a", "abc"))
		require.ErrorIs(t, s.SetSHA256(ctx, "a", "def"), store.ErrConflict)
		require.ErrorIs(t, s.SetSHA256(ctx, "none", "abc"), store.ErrNotFound)
		take, err := s.Take(ctx, "a")
		require.NoError(t, err)
		require.Equal(t, "abc", take.SHA256)
	})
}
