package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/store"
)

func TestARosterIsWhatTheSingleRowsSay(t *testing.T) {
	onEach(t, func(t *testing.T, s *store.Store) {
		ctx := t.Context()
		content := store.ExamContent{Exam: anExam}
		for n := range 5 {
			content.Candidates = append(content.Candidates, exam.Candidate{ExamID: anExam.ID, Ticket: fmt.Sprintf("00%d", n), Name: "李明", IDTail: "123X"})
		}
		imported(t, s, content, at(now))
		other := exam.Exam{ID: "other", Title: "Other", CreatedAt: now.UTC()}
		require.NoError(t, s.CreateExam(ctx, other))
		require.NoError(t, s.CreateAttempt(ctx, exam.Attempt{ID: "elsewhere", ExamID: other.ID, Ticket: "001", CreatedAt: now.UTC()}))
		attempts := map[string]exam.Attempt{}
		for n, c := range content.Candidates {
			a, err := s.AttemptOf(ctx, anExam.ID, c.Ticket)
			require.NoError(t, err)
			attempts[c.Ticket] = a
			if n == 0 {
				continue // nothing is known of the first one
			}
			for _, kind := range []exam.Kind{exam.Screen, exam.Camera} {
				id := fmt.Sprintf("%s-%d", kind, n)
				require.NoError(t, s.CreateTake(ctx, exam.Take{ID: id, UploadID: id, AttemptID: a.ID, Kind: kind, State: exam.Uploading, Size: -1, CreatedAt: now.UTC()}))
			}
			require.NoError(t, s.SaveStill(ctx, store.Still{AttemptID: a.ID, Side: "login", Key: "k", SHA256: "d", CreatedAt: now.UTC()}))
			require.NoError(t, s.SavePhoneStatus(ctx, store.PhoneStatus{AttemptID: a.ID, Status: []byte(`{}`), HeardAt: now.UTC()}))
			require.NoError(t, s.OpenCandidateSession(ctx, store.CandidateSession{AttemptID: a.ID, TokenHash: a.ID, CreatedAt: now, ExpiresAt: now.Add(time.Duration(n) * time.Minute)}))
			for _, kind := range []exam.EventKind{exam.EventHelpAsked, exam.EventSignedOut, exam.EventHelpAnswered} {
				_, err := s.Log(ctx, a.ID, []exam.Event{{Source: "candidate", Kind: kind, Data: []byte(`{"text":"x"}`)}}, now)
				require.NoError(t, err)
			}
		}
		when := now.Add(2 * time.Minute)
		roster, err := s.Roster(ctx, anExam.ID, when, exam.EventHelpAsked, exam.EventHelpAnswered)
		require.NoError(t, err)
		require.Len(t, roster.Candidates, 5)
		require.Equal(t, attempts, roster.Attempts)
		for n, c := range roster.Candidates {
			id := attempts[c.Ticket].ID
			require.Equal(t, n > 2, roster.SignedIn[id], "sessions expire")
			phone, said := roster.Phones[id]
			require.Equal(t, n > 0, said)
			if said {
				want, err := s.PhoneStatus(ctx, id)
				require.NoError(t, err)
				require.Equal(t, want, phone)
			}
			for what, same := range map[string]func() (any, any, error){
				"takes":  func() (any, any, error) { want, err := s.Takes(ctx, id); return want, roster.Takes[id], err },
				"stills": func() (any, any, error) { want, err := s.Stills(ctx, id); return want, roster.Stills[id], err },
				"events": func() (any, any, error) {
					want, err := s.EventsOf(ctx, id, exam.EventHelpAsked, exam.EventHelpAnswered)
					return want, roster.Events[id], err
				},
			} {
				want, got, err := same()
				require.NoError(t, err)
				if n == 0 {
					require.Empty(t, got, what)
				} else {
					require.Equal(t, want, got, what)
				}
			}
		}
		none, err := s.Roster(ctx, "none", now, exam.EventHelpAsked)
		require.NoError(t, err)
		require.Empty(t, none.Candidates)
	})
}
