package store_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/store"
)

// content is an exam that starts in an hour. Its texts are what would break a statement or a page.
func content() store.ExamContent {
	c := store.ExamContent{
		Exam: anExam,
		Candidates: []exam.Candidate{
			{Ticket: "001", Name: "王小明", IDTail: "12345X", Photo: "exams/exam-1/photos/aa"},
			{Ticket: "002", Name: "O'Neil \\ ?", IDTail: "0000"},
		},
		Questions: []exam.Question{
			{ID: "q1", Text: "请介绍 `'); DROP TABLE questions; --`?", Prepare: time.Minute, Answer: 3 * time.Minute},
			{ID: "q2", Text: "Zweite\nFrage", Answer: 90 * time.Second},
		},
		Attachments: []exam.Attachment{
			{ID: "a1", Title: "考生须知", MIME: "application/pdf", Size: 5 << 20, SHA256: "d1", Key: "exams/exam-1/attachments/d1"},
			{ID: "a2", Title: "平面图", MIME: "image/png", Size: 7, SHA256: "d2", Key: "exams/exam-1/attachments/d2"},
		},
	}
	c.Exam.Pledge = exam.Pledge{Text: "我承诺", SHA256: "ab"}
	for n := range c.Candidates {
		c.Candidates[n].ExamID = c.Exam.ID
	}
	return c
}

func at(when time.Time) store.Import {
	n := 0
	return store.Import{Now: when, NewID: func() string { n++; return fmt.Sprintf("attempt-%d-%d", when.UnixMicro(), n) }}
}

func imported(t testing.TB, s *store.Store, c store.ExamContent, how store.Import) store.Changes {
	t.Helper()
	changes, err := s.ImportExam(t.Context(), c, how)
	require.NoError(t, err)
	return changes
}

// kept reads back all that there is of the content's exam.
func kept(t testing.TB, s *store.Store) (c store.ExamContent, attempts []exam.Attempt) {
	t.Helper()
	ctx := t.Context()
	var err error
	c.Exam, err = s.Exam(ctx, anExam.ID)
	require.NoError(t, err)
	c.Candidates, err = s.Candidates(ctx, anExam.ID)
	require.NoError(t, err)
	c.Attachments, err = s.ExamAttachments(ctx, anExam.ID)
	require.NoError(t, err)
	items, err := s.QuestionItems(ctx, anExam.ID)
	require.NoError(t, err)
	var ids []string
	for _, item := range items {
		ids = append(ids, item.ID)
	}
	c.Questions, err = s.Questions(ctx, anExam.ID, ids)
	require.NoError(t, err)
	require.Len(t, c.Questions, len(items))
	for n, q := range c.Questions {
		require.Equal(t, exam.Item{ID: q.ID, Prepare: q.Prepare, Answer: q.Answer}, items[n])
	}
	attempts, err = s.Attempts(ctx, anExam.ID)
	require.NoError(t, err)
	return c, attempts
}

func TestImportedExamIsKeptAsItWas(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		changes := imported(t, s, content(), at(now))
		require.Equal(t, store.Changes{Created: true,
			Candidates:  store.Difference{Added: []string{"001", "002"}},
			Questions:   store.Difference{Added: []string{"q1", "q2"}},
			Attachments: store.Difference{Added: []string{"考生须知", "平面图"}}}, changes)
		got, attempts := kept(t, s)
		require.Equal(t, content(), got)
		require.Len(t, attempts, 2)
		require.Equal(t, "001", attempts[0].Ticket)
		require.Equal(t, now.UTC(), attempts[1].CreatedAt)

		one, err := s.Candidate(ctx, anExam.ID, "002")
		require.NoError(t, err)
		require.Equal(t, content().Candidates[1], one)
		attempt, err := s.AttemptOf(ctx, anExam.ID, "002")
		require.NoError(t, err)
		require.Equal(t, attempts[1], attempt)
		for _, none := range [][2]string{{anExam.ID, "003"}, {"none", "001"}, {anExam.ID, "0\x0001"}} {
			_, err = s.Candidate(ctx, none[0], none[1])
			require.ErrorIs(t, err, store.ErrNotFound)
			_, err = s.AttemptOf(ctx, none[0], none[1])
			require.ErrorIs(t, err, store.ErrNotFound)
		}
	})
}

func TestOnlyTheQuestionsAskedForAreRead(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		imported(t, s, content(), at(now))
		got, err := s.Questions(ctx, anExam.ID, []string{"q2", "none"})
		require.NoError(t, err)
		require.Equal(t, content().Questions[1:], got)
		for _, none := range []struct {
			exam string
			ids  []string
		}{{anExam.ID, nil}, {anExam.ID, []string{}}, {"none", []string{"q1"}}, {anExam.ID, []string{"q1\x00"}}, {"\xff", []string{"q1"}}} {
			got, err = s.Questions(ctx, none.exam, none.ids)
			require.NoError(t, err)
			require.Empty(t, got)
		}
	})
}

func TestImportingAgainChangesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		imported(t, s, content(), at(now))
		before, attempts := kept(t, s)
		again := content()
		again.Exam.Policy.Skip = []exam.Step{} // as good as none
		again.Exam.StartsAt = again.Exam.StartsAt.In(now.Location()).Add(999)
		changes := imported(t, s, again, at(now.Add(48*time.Hour)))
		require.True(t, changes.None(), "%+v", changes)
		require.Equal(t, 2, changes.Questions.Unchanged)
		require.Equal(t, 2, changes.Candidates.Unchanged)
		require.Equal(t, 2, changes.Attachments.Unchanged)
		after, same := kept(t, s)
		require.Equal(t, before, after)
		require.Equal(t, attempts, same)
	})
}

// revised is the content with something of each kind added, changed and removed.
func revised() store.ExamContent {
	c := content()
	c.Exam.Title, c.Exam.StartsAt, c.Exam.Policy.Timing = "改期", c.Exam.StartsAt.Add(24*time.Hour), exam.ByPaper
	c.Candidates[0].Photo = "exams/exam-1/photos/bb"
	c.Candidates[1] = exam.Candidate{ExamID: c.Exam.ID, Ticket: "003", Name: "新来的", IDTail: "9999"}
	c.Questions[0], c.Questions[1] = c.Questions[1], exam.Question{ID: "q3", Text: "新题", Answer: time.Minute}
	c.Attachments = []exam.Attachment{{ID: "a3", Title: "新须知", MIME: "text/plain", Size: 1, SHA256: "d3", Key: "exams/exam-1/attachments/d3"}, c.Attachments[1]}
	return c
}

func TestImportingAgainChangesWhatDiffers(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		imported(t, s, content(), at(now))
		before, attempts := kept(t, s)
		want := store.Changes{
			Settings:    []string{"title", "starts", "policy"},
			Candidates:  store.Difference{Added: []string{"003"}, Changed: []string{"001"}, Removed: []string{"002"}},
			Questions:   store.Difference{Added: []string{"q3"}, Changed: []string{"q2"}, Removed: []string{"q1"}},
			Attachments: store.Difference{Added: []string{"新须知"}, Removed: []string{"考生须知"}, Unchanged: 1},
			Orphans:     []string{"exams/exam-1/attachments/d1", "exams/exam-1/photos/aa"},
		}
		dry := at(now.Add(time.Minute))
		dry.DryRun = true
		require.Equal(t, want, imported(t, s, revised(), dry))
		got, same := kept(t, s)
		require.Equal(t, before, got, "a dry run changes nothing")
		require.Equal(t, attempts, same)

		changes := imported(t, s, revised(), at(now.Add(time.Minute)))
		require.Equal(t, want, changes)
		require.Equal(t, "added 003; changed 001; removed 002", changes.Candidates.String())
		got, after := kept(t, s)
		require.Equal(t, revised(), got)
		require.Len(t, after, 2)
		require.Equal(t, attempts[0], after[0])
		require.Equal(t, "003", after[1].Ticket)
	})
}

func TestExamThatStaffMadeCanBeImportedOver(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		withAttempt(t, s) // with a ticket that no candidate has
		require.NoError(t, s.CreateAttempt(t.Context(), exam.Attempt{ID: "mine", ExamID: anExam.ID, Ticket: "001", CreatedAt: now}))
		received(t, s, "take")
		// It has begun; but it has no questions of which somebody could have seen one.
		changes := imported(t, s, content(), at(anExam.StartsAt.Add(time.Minute)))
		require.False(t, changes.Created)
		require.Equal(t, []string{"pledge"}, changes.Settings)
		_, attempts := kept(t, s)
		require.Len(t, attempts, 3)
		mine, err := s.AttemptOf(t.Context(), anExam.ID, "001")
		require.NoError(t, err)
		require.Equal(t, "mine", mine.ID)
	})
}

func TestImportRefusesToTakeBackWhatWasSeen(t *testing.T) {
	start := anExam.StartsAt
	question := func(c *store.ExamContent) { c.Questions[1].Text = "Andere Frage" }
	longer := func(c *store.ExamContent) { c.Questions[0].Answer += time.Second }
	swapped := func(c *store.ExamContent) { c.Questions[0], c.Questions[1] = c.Questions[1], c.Questions[0] }
	fewer := func(c *store.ExamContent) { c.Questions = nil }
	moved := func(c *store.ExamContent) { c.Exam.StartsAt = start.Add(time.Hour) }
	timing := func(c *store.ExamContent) { c.Exam.Policy.Timing = exam.ByPaper }
	rehearsal := func(c *store.ExamContent) { c.Exam.Rehearsal = true }
	first := func(c *store.ExamContent) { c.Candidates = c.Candidates[:1] }
	second := func(c *store.ExamContent) { c.Candidates = c.Candidates[1:] }
	title := func(c *store.ExamContent) { c.Exam.Title = "改了" }
	for _, test := range []struct {
		name      string
		rehearsal bool
		recorded  bool // candidate 001 has a take
		entered   bool // candidate 001 has entered, and nothing has come of it
		at        time.Time
		change    func(*store.ExamContent)
		refused   string // what the refusal says; empty where the change is allowed
	}{
		{"a question before the start", false, false, false, start.Add(-1000), question, ""},
		{"a question from the start on", false, false, false, start, question, "candidates may have seen one (changed q2)"},
		{"a question's time", false, false, false, start, longer, "changed q1"},
		{"their order", false, false, false, start, swapped, "changed q2, q1"},
		{"no questions any more", false, false, false, start, fewer, "removed q1, q2"},
		{"a question once somebody has entered", false, true, false, start.Add(-time.Minute), question, "changed q2"},
		{"a question once somebody has entered who records nothing", false, false, true, start.Add(-time.Minute), question, "changed q2"},
		{"the start under somebody who answers and records nothing", false, false, true, start.Add(time.Minute), moved, "its start and timing cannot change"},
		{"a candidate who has entered leaves", false, false, true, start.Add(-time.Minute), second, "candidate 001 cannot be removed: they have entered"},
		{"a question of a rehearsal", true, true, false, start, question, ""},
		{"the start before it, with somebody waiting", false, true, false, start.Add(-time.Minute), moved, ""},
		{"the start when nobody came", false, false, false, start.Add(time.Minute), moved, ""},
		{"the start under somebody who answers", false, true, false, start.Add(time.Minute), moved, "its start and timing cannot change"},
		{"the timing under somebody who answers", false, true, false, start.Add(time.Minute), timing, "its start and timing cannot change"},
		{"an exam into a rehearsal", false, false, false, now, rehearsal, ""},
		{"an exam that somebody entered into a rehearsal", false, true, false, now, rehearsal, "cannot change between rehearsal and exam"},
		{"a candidate without a recording leaves", false, true, false, start.Add(time.Minute), first, ""},
		{"a candidate with a recording leaves", false, true, false, start.Add(time.Minute), second, "candidate 001 cannot be removed: they have entered"},
		{"the title at any time", false, true, false, start.Add(time.Minute), title, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			onEach(t, func(t *testing.T, s *store.Store) {
				c := content()
				c.Exam.Rehearsal = test.rehearsal
				imported(t, s, c, at(now))
				if test.recorded {
					a, err := s.AttemptOf(t.Context(), anExam.ID, "001")
					require.NoError(t, err)
					require.NoError(t, s.CreateTake(t.Context(), exam.Take{ID: "take", AttemptID: a.ID, Kind: exam.Camera, Size: -1, State: exam.Uploading, CreatedAt: now}))
				}
				if test.entered {
					a, err := s.AttemptOf(t.Context(), anExam.ID, "001")
					require.NoError(t, err)
					a.Version, a.Course.Done = 1, map[exam.Step]time.Time{exam.Entry: start.Add(-2 * time.Minute)}
					require.NoError(t, s.ChangeCourse(t.Context(), a, nil, start))
				}
				before, attempts := kept(t, s)
				test.change(&c)
				_, err := s.ImportExam(t.Context(), c, at(test.at))
				if test.refused == "" {
					require.NoError(t, err)
					return
				}
				require.ErrorIs(t, err, store.ErrState)
				require.ErrorContains(t, err, test.refused)
				require.NotContains(t, err.Error(), "Frage", "an error is no way out for a question")
				after, same := kept(t, s)
				require.Equal(t, before, after)
				require.Equal(t, attempts, same)
			})
		})
	}
}

func TestImportSaysAllThatStandsInTheWay(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		imported(t, s, content(), at(now))
		a, err := s.AttemptOf(t.Context(), anExam.ID, "002")
		require.NoError(t, err)
		require.NoError(t, s.CreateTake(t.Context(), exam.Take{ID: "take", AttemptID: a.ID, Kind: exam.Camera, Size: -1, State: exam.Uploading, CreatedAt: now}))
		_, err = s.ImportExam(t.Context(), revised(), at(anExam.StartsAt))
		require.ErrorIs(t, err, store.ErrState)
		for _, said := range []string{"its start and timing", "its questions", "candidate 002"} {
			require.ErrorContains(t, err, said)
		}
	})
}

// A candidate's attempt goes with what was only made for it, and stays where something else hangs on it.
func TestRemovedCandidateLosesTheAttempt(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		imported(t, s, content(), at(now))
		_, attempts := kept(t, s)
		for n, a := range attempts {
			token := store.UploadToken{TokenHash: fmt.Sprint("hash", n), AttemptID: a.ID, CreatedAt: now, ExpiresAt: now.Add(time.Hour)}
			require.NoError(t, s.CreateUploadToken(ctx, token))
		}
		one := content()
		one.Candidates = one.Candidates[:1]
		imported(t, s, one, at(now))
		_, left := kept(t, s)
		require.Equal(t, attempts[:1], left)

		require.NoError(t, s.PutObject(ctx, store.Object{AttemptID: attempts[0].ID, Name: "still", Key: "k", SHA256: "ab", CreatedAt: now}))
		one.Candidates = nil
		_, err := s.ImportExam(ctx, one, at(now))
		require.ErrorIs(t, err, store.ErrState)
		require.ErrorContains(t, err, "candidate 001 cannot be removed: they have begun already")
		_, left = kept(t, s)
		require.Equal(t, attempts[:1], left)
	})
}

func TestImportRefusesWhatCannotBeKept(t *testing.T) {
	for name, change := range map[string]func(*store.ExamContent){
		"no ID":                 func(c *store.ExamContent) { c.Exam.ID = "" },
		"no policy":             func(c *store.ExamContent) { c.Exam.Policy = exam.Policy{} },
		"NUL in a question":     func(c *store.ExamContent) { c.Questions[0].Text = "a\x00" },
		"NUL in a pledge":       func(c *store.ExamContent) { c.Exam.Pledge.Text = "a\x00" },
		"a name not in UTF-8":   func(c *store.ExamContent) { c.Candidates[0].Name = "\xcd\xf5" },
		"no ticket":             func(c *store.ExamContent) { c.Candidates[0].Ticket = "" },
		"a ticket twice":        func(c *store.ExamContent) { c.Candidates[1].Ticket = "001" },
		"a question twice":      func(c *store.ExamContent) { c.Questions[1].ID = "q1" },
		"an attachment twice":   func(c *store.ExamContent) { c.Attachments[1].ID = "a1" },
		"no time to answer":     func(c *store.ExamContent) { c.Questions[0].Answer = 0 },
		"less than no document": func(c *store.ExamContent) { c.Attachments[0].Size = -1 },
	} {
		t.Run(name, func(t *testing.T) {
			onEach(t, func(t *testing.T, s *store.Store) {
				c := content()
				change(&c)
				_, err := s.ImportExam(t.Context(), c, at(now))
				require.ErrorIs(t, err, store.ErrInvalid)
				all, err := s.Exams(t.Context())
				require.NoError(t, err)
				require.Empty(t, all, "nothing is left of it")
			})
		})
	}
}

// Imports of one exam at once end one after the other, and one list of candidates wins as a whole.
func TestImportsAtOnce(t *testing.T) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			if testing.Short() && e.name != "SQLite" {
				t.Skip("needs a server")
			}
			dsn := e.dsn(t)
			stores := []*store.Store{open(t, dsn), open(t, dsn)}
			imported(t, stores[0], content(), at(now))
			results := make(chan error)
			for n, s := range stores {
				go func() {
					c := content()
					c.Candidates = nil
					for k := range 50 {
						c.Candidates = append(c.Candidates, exam.Candidate{Ticket: fmt.Sprintf("%d-%02d", n, k), Name: strings.Repeat("名", n+1), IDTail: "0000"})
					}
					_, err := s.ImportExam(t.Context(), c, at(now.Add(time.Duration(n)*time.Second)))
					results <- err
				}()
			}
			for range stores {
				require.NoError(t, <-results)
			}
			got, attempts := kept(t, stores[0])
			require.Len(t, got.Candidates, 50)
			require.Len(t, attempts, 50)
			for _, c := range got.Candidates {
				require.Equal(t, got.Candidates[0].Ticket[:1], c.Ticket[:1])
			}
		})
	}
}

// Exams from before there was a policy have the default one.
func TestExamWithoutPolicy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trivue.db")
	s := open(t, "sqlite:"+path)
	withAttempt(t, s)
	db, err := sql.Open("sqlite", path)
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), "UPDATE exams SET policy = ''")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	got, err := s.Exam(t.Context(), anExam.ID)
	require.NoError(t, err)
	require.Equal(t, exam.DefaultPolicy(), got.Policy)
}
