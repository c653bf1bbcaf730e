package store_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/internal/pgtest"
	"github.com/trivue/trivue/store"
)

// engines are the databases that every test runs on. Each gives the DSN of a new, empty one.
var engines = []struct {
	name string
	dsn  func(testing.TB) string
}{
	{"SQLite", func(t testing.TB) string { return "sqlite:" + filepath.Join(t.TempDir(), "trivue.db") }},
	{"PostgreSQL", pgtest.DSN},
}

// onEach runs a test on every engine, each time with an empty database.
func onEach(t *testing.T, test func(t *testing.T, s *store.Store)) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			if testing.Short() && e.name != "SQLite" {
				t.Skip("needs a server")
			}
			test(t, open(t, e.dsn(t)))
		})
	}
}

func open(t testing.TB, dsn string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), dsn)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// now has microseconds, which are kept, and a zone, which is not.
var now = time.Date(2026, 11, 24, 9, 30, 0, 123456000, time.FixedZone("CST", 8*3600))

var (
	anExam    = exam.Exam{ID: "exam-1", Title: "复试 · 计算机", StartsAt: now.Add(time.Hour).UTC(), CreatedAt: now.UTC(), Policy: exam.DefaultPolicy()}
	anAttempt = exam.Attempt{ID: "attempt-1", ExamID: anExam.ID, Ticket: "2026-001", CreatedAt: now.UTC()}
)

// withAttempt fills an empty store with an exam and an attempt.
func withAttempt(t testing.TB, s *store.Store) {
	t.Helper()
	require.NoError(t, s.CreateExam(t.Context(), anExam))
	require.NoError(t, s.CreateAttempt(t.Context(), anAttempt))
}

// uploading adds a take whose upload has begun.
func uploading(t testing.TB, s *store.Store, id string, kind exam.Kind) exam.Take {
	t.Helper()
	take := exam.Take{
		ID: id, AttemptID: anAttempt.ID, Kind: kind, Name: "我的录像 '1'.webm", UploadID: "upload-of-" + id,
		Size: -1, State: exam.Uploading, CreatedAt: now.UTC(), StartedAt: now.Add(-time.Minute).UTC(),
	}
	require.NoError(t, s.CreateTake(t.Context(), take))
	return take
}

// received adds a take that is whole.
func received(t testing.TB, s *store.Store, id string) {
	t.Helper()
	uploading(t, s, id, exam.Camera)
	require.NoError(t, s.MarkReceived(t.Context(), id, 1000, now))
}

func revision(t testing.TB, s *store.Store) int64 {
	t.Helper()
	a, err := s.Attempt(t.Context(), anAttempt.ID)
	require.NoError(t, err)
	return a.Revision
}
