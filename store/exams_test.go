package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/store"
)

func TestExams(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		all, err := s.Exams(ctx)
		require.NoError(t, err)
		require.Empty(t, all)

		require.NoError(t, s.CreateExam(ctx, anExam))
		later := exam.Exam{ID: "exam-2", Title: `it's "quoted" \ and ? 100%`, StartsAt: anExam.StartsAt.Add(time.Hour), CreatedAt: now.UTC(), Policy: exam.DefaultPolicy()}
		later.Policy.Skip, later.Policy.Face, later.Policy.Support = []exam.Step{exam.BindPhone}, exam.FaceBlurred, "010-'1234'"
		require.NoError(t, s.CreateExam(ctx, later))
		unscheduled := exam.Exam{ID: "exam-3", CreatedAt: now.UTC(), Rehearsal: true, Pledge: exam.Pledge{Text: "我承诺", SHA256: "ab"}}
		require.NoError(t, s.CreateExam(ctx, unscheduled))
		unscheduled.Policy = exam.DefaultPolicy() // is given where there is none

		got, err := s.Exam(ctx, anExam.ID)
		require.NoError(t, err)
		require.Equal(t, anExam, got)
		all, err = s.Exams(ctx)
		require.NoError(t, err)
		require.Equal(t, []exam.Exam{later, anExam, unscheduled}, all)

		require.ErrorIs(t, s.CreateExam(ctx, anExam), store.ErrConflict)
		impossible := exam.Exam{ID: "exam-4", Policy: exam.Policy{Face: "hidden"}}
		require.ErrorIs(t, s.CreateExam(ctx, impossible), store.ErrInvalid)
		_, err = s.Exam(ctx, "none")
		require.ErrorIs(t, err, store.ErrNotFound)
		require.NoError(t, s.Ping(ctx))
	})
}

func TestTimesAreKeptToTheMicrosecond(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		for id, at := range map[string]time.Time{
			"nanoseconds": now.Add(789),
			"epoch":       time.Unix(0, 0),
			"before":      time.Date(1969, 12, 31, 23, 59, 59, 999999000, time.UTC),
			"none":        {},
		} {
			require.NoError(t, s.CreateExam(t.Context(), exam.Exam{ID: id, StartsAt: at, CreatedAt: now}))
			got, err := s.Exam(t.Context(), id)
			require.NoError(t, err)
			require.Equal(t, at.UTC().Truncate(time.Microsecond), got.StartsAt, id)
			require.Equal(t, at.IsZero(), got.StartsAt.IsZero(), id)
		}
	})
}

func TestAttempts(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		withAttempt(t, s)
		got, err := s.Attempt(ctx, anAttempt.ID)
		require.NoError(t, err)
		require.Equal(t, anAttempt, got)

		same := anAttempt
		same.ID = "attempt-2"
		require.ErrorIs(t, s.CreateAttempt(ctx, same), store.ErrConflict, "a ticket twice in one exam")
		same.Ticket, same.CreatedAt = "2026-002", now.Add(-time.Hour).UTC()
		require.NoError(t, s.CreateAttempt(ctx, same))
		require.NoError(t, s.CreateExam(ctx, exam.Exam{ID: "other", CreatedAt: now}))
		require.NoError(t, s.CreateAttempt(ctx, exam.Attempt{ID: "attempt-3", ExamID: "other", Ticket: anAttempt.Ticket, CreatedAt: now}), "the ticket in another exam")
		require.ErrorIs(t, s.CreateAttempt(ctx, exam.Attempt{ID: "attempt-4", ExamID: "none", Ticket: "1", CreatedAt: now}), store.ErrNotFound)

		all, err := s.Attempts(ctx, anExam.ID)
		require.NoError(t, err)
		require.Equal(t, []exam.Attempt{same, anAttempt}, all)
		all, err = s.Attempts(ctx, "none")
		require.NoError(t, err)
		require.Empty(t, all)
		_, err = s.Attempt(ctx, "none")
		require.ErrorIs(t, err, store.ErrNotFound)
	})
}

// What requests bring must never become an internal error, nor end a statement early.
func TestTextThatCannotBeKept(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		withAttempt(t, s)
		for _, bad := range []string{"a\x00b", "a\xffb"} {
			require.ErrorIs(t, s.CreateExam(ctx, exam.Exam{ID: "x", Title: bad, CreatedAt: now}), store.ErrInvalid)
			require.ErrorIs(t, s.CreateAttempt(ctx, exam.Attempt{ID: "x", ExamID: anExam.ID, Ticket: bad, CreatedAt: now}), store.ErrInvalid)
			take := exam.Take{ID: "x", AttemptID: anAttempt.ID, Kind: exam.Camera, Name: bad, State: exam.Uploading, CreatedAt: now}
			require.ErrorIs(t, s.CreateTake(ctx, take), store.ErrInvalid)
			_, err := s.Exam(ctx, bad)
			require.ErrorIs(t, err, store.ErrNotFound)
			_, err = s.StaffByName(ctx, bad)
			require.ErrorIs(t, err, store.ErrNotFound)
			takes, err := s.Takes(ctx, bad)
			require.NoError(t, err)
			require.Empty(t, takes)
			require.ErrorIs(t, s.ChangeTakeState(ctx, bad, exam.Discarded), store.ErrNotFound)
			require.NoError(t, s.SetProgress(ctx, map[string]int64{bad: 1}))
			require.ErrorIs(t, s.ResetStage(ctx, exam.StageKey{AttemptID: bad, Name: exam.Archive}), store.ErrNotFound)
			require.NoError(t, s.DeleteSession(ctx, bad))
		}
		require.ErrorIs(t, s.CreateExam(ctx, exam.Exam{CreatedAt: now}), store.ErrInvalid, "no ID")
		injection := `'); DROP TABLE exams; --`
		require.NoError(t, s.CreateExam(ctx, exam.Exam{ID: injection, Title: injection + `\`, CreatedAt: now}))
		got, err := s.Exam(ctx, injection)
		require.NoError(t, err)
		require.Equal(t, injection+`\`, got.Title)
	})
}
