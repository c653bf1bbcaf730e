package server

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/interview"
	"github.com/trivue/trivue/store"
)

// BenchmarkListOfCandidates makes the list that staff look at, for 500 candidates who have each sent ten takes.
func BenchmarkListOfCandidates(b *testing.B) {
	ctx := b.Context()
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(b.TempDir(), "test.db"))
	require.NoError(b, err)
	defer db.Close()
	starts := time.Now().UTC().Truncate(time.Second)
	content := store.ExamContent{Exam: exam.Exam{ID: "x", Title: "X", StartsAt: starts, CreatedAt: starts, Policy: exam.DefaultPolicy()}, Questions: []exam.Question{{ID: "q", Text: "?", Answer: time.Hour}}}
	for n := range 500 {
		content.Candidates = append(content.Candidates, exam.Candidate{ExamID: "x", Ticket: fmt.Sprintf("%03d", n), Name: "李明", IDTail: "123X"})
	}
	_, err = db.ImportExam(ctx, content, store.Import{Now: starts.Add(-time.Hour), NewID: uuid.NewString})
	require.NoError(b, err)
	attempts, err := db.Attempts(ctx, "x")
	require.NoError(b, err)
	for n, a := range attempts {
		a.Course.Done = map[exam.Step]time.Time{exam.Entry: starts.Add(-time.Minute)}
		a.Version++
		var log []exam.Event
		for m := range 10 {
			id := fmt.Sprintf("%d-%d", n, m)
			require.NoError(b, db.CreateTake(ctx, exam.Take{ID: id, UploadID: id, AttemptID: a.ID, Kind: exam.Kinds[m%2], State: exam.Uploading, Size: -1, CreatedAt: starts}))
			log = append(log, exam.Event{Source: "candidate", Kind: exam.EventTakeBegan, Data: fmt.Appendf(nil, `{"take":"%s","kind":"%s","began":{"reason":"start","wall":%[3]d,"monotonic":0,"server":%[3]d}}`, id, exam.Kinds[m%2], starts.UnixMicro()+int64(m))})
		}
		require.NoError(b, db.ChangeCourse(ctx, a, log, starts))
	}
	s := &Server{opts: Options{Now: func() time.Time { return starts.Add(10 * time.Minute) }, Store: db}}
	s.opts.Interviews = interview.Service{Store: db, Notifier: NewHub(), Now: s.opts.Now}
	for b.Loop() {
		list, err := s.candidates(ctx, "x")
		require.NoError(b, err)
		require.Len(b, list.Candidates, 500)
		require.Len(b, list.Candidates[0].Recordings, 3)
	}
}
