package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/store"
)

func TestRehearsalsAreForgottenTakeByTake(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		withAttempt(t, s)
		received(t, s, "real")
		require.NoError(t, s.CreateExam(t.Context(), exam.Exam{ID: "practice", Title: "模拟面试", Rehearsal: true, Policy: exam.DefaultPolicy(), CreatedAt: now.UTC()}))
		require.NoError(t, s.CreateAttempt(t.Context(), exam.Attempt{ID: "p", ExamID: "practice", Ticket: "1", CreatedAt: now.UTC()}))
		for id, at := range map[string]time.Time{"old": now.Add(-time.Hour), "new": now} {
			require.NoError(t, s.CreateTake(t.Context(), exam.Take{ID: id, AttemptID: "p", Kind: exam.Camera, UploadID: id, Name: "x", Size: 1, State: exam.Uploading, CreatedAt: at.UTC()}))
			require.NoError(t, s.MarkReceived(t.Context(), id, 1, now))
			require.NoError(t, s.SaveUploadInfo(t.Context(), id, []byte("{}")))
			require.NoError(t, s.BeginChain(t.Context(), "p", id, "video/webm", ""))
			require.NoError(t, s.EnsureStage(t.Context(), exam.Stage{AttemptID: "p", TakeID: id, Name: exam.Inspect}))
		}
		require.NoError(t, s.EnsureStage(t.Context(), exam.Stage{AttemptID: "p", Name: exam.Timeline, Revision: 2}))
		require.NoError(t, s.PutObject(t.Context(), store.Object{AttemptID: "p", Name: "timeline.json", Key: "k", SHA256: "s", MIME: "m", CreatedAt: now}))
		require.NoError(t, s.SaveStill(t.Context(), store.Still{AttemptID: "p", Side: "login", Key: "k", SHA256: "s", CreatedAt: now}))

		due, err := s.RehearsedTakes(t.Context(), now.Add(-time.Minute))
		require.NoError(t, err)
		require.Len(t, due, 1)
		assert.Equal(t, "old", due[0].ID)
		before, err := s.Attempt(t.Context(), "p")
		require.NoError(t, err)
		require.NoError(t, s.ForgetTake(t.Context(), "old"))
		require.NoError(t, s.ForgetTake(t.Context(), "old"), "twice does no harm")
		after, err := s.Attempt(t.Context(), "p")
		require.NoError(t, err)
		assert.Equal(t, before.Revision+1, after.Revision)
		_, err = s.Take(t.Context(), "old")
		assert.ErrorIs(t, err, store.ErrNotFound)
		_, err = s.UploadInfo(t.Context(), "old")
		assert.ErrorIs(t, err, store.ErrNotFound)
		stages, err := s.Stages(t.Context(), "p")
		require.NoError(t, err)
		assert.Len(t, stages, 2, "of the other take, and of the attempt")

		require.NoError(t, s.ForgetTake(t.Context(), "new"))
		require.NoError(t, s.ForgetResults(t.Context(), "p"))
		objects, err := s.Objects(t.Context(), "p")
		require.NoError(t, err)
		assert.Empty(t, objects)
		stages, err = s.Stages(t.Context(), "p")
		require.NoError(t, err)
		assert.Empty(t, stages)
		stills, err := s.Stills(t.Context(), "p")
		require.NoError(t, err)
		assert.Empty(t, stills)
		_, err = s.Take(t.Context(), "real")
		assert.NoError(t, err, "of an exam that is no rehearsal nothing goes")
	})
}
