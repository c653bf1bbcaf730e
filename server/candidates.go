package server

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/interview"
	"github.com/trivue/trivue/store"
)

type candidateRow struct {
	Attempt  string `json:"attempt" doc:"ID of the candidate's attempt."`
	Ticket   string `json:"ticket"`
	Name     string `json:"name"`
	HasPhoto bool   `json:"hasPhoto"`

	Step         exam.Step        `json:"step"`
	SignedIn     bool             `json:"signedIn" doc:"A session is open on some screen."`
	Login        loginView        `json:"login"`
	LoginAt      int64            `json:"loginAt" doc:"When the login got into its state; 0 where nobody has signed in."`
	Stills       map[string]int64 `json:"stills"`
	Waivable     []exam.Step      `json:"waivable" doc:"Steps that support may let the candidate go on without."`
	Help         []messageView    `json:"help"`
	HelpOpen     bool             `json:"helpOpen" doc:"The candidate's last message has no answer."`
	Reentered    int              `json:"reentered"`
	ExtraSeconds int64            `json:"extraSeconds"`
	LostSeconds  int64            `json:"lostSeconds" doc:"While answering, without a recording of the laptop that there should have been."`
	Gaps         []gapView        `json:"gaps"`
	Ended        *endedView       `json:"ended"`
	Recordings   []recordedView   `json:"recordings"`
	Phone        *boundView       `json:"phone" doc:"The phone that films; null while there is none."`
}

type gapView struct {
	Kind  exam.Kind `json:"kind"`
	From  int64     `json:"from"`
	To    int64     `json:"to"`
	Cause string    `json:"cause"`
}

type recordedView struct {
	Kind     exam.Kind `json:"kind"`
	Takes    int       `json:"takes"`
	Received int       `json:"received" doc:"Takes that are here whole."`
	Bytes    int64     `json:"bytes" doc:"Stored so far."`
}

type candidateList struct {
	ServerTime int64          `json:"serverTime"`
	Times      *timesView     `json:"times"`
	Rehearsal  bool           `json:"rehearsal"`
	Candidates []candidateRow `json:"candidates"`
}

func (s *Server) registerCandidates(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "list-candidates", Method: http.MethodGet, Path: "/api/exams/{id}/candidates", Summary: "An exam's candidates and how far they are", Tags: []string{"support"}},
		func(ctx context.Context, in *byID) (*uncached[candidateList], error) {
			list, err := s.candidates(ctx, in.ID)
			return &uncached[candidateList]{noStore, list}, s.fail(ctx, err)
		})
}

func (s *Server) candidates(ctx context.Context, examID string) (candidateList, error) {
	roster, err := s.opts.Interviews.Roster(ctx, examID)
	if err != nil {
		return candidateList{}, err
	}
	now := s.opts.Now()
	list := candidateList{ServerTime: now.UnixMicro(), Times: viewTimes(exam.Interview{Exam: roster.Exam, Items: roster.Items}.Times()), Rehearsal: roster.Exam.Rehearsal,
		Candidates: make([]candidateRow, len(roster.Standings))}
	for n, standing := range roster.Standings {
		row := viewStanding(standing, now)
		row.Phone, err = s.phoneOfCandidate(standing.Attempt, func() (store.PhoneStatus, error) {
			if kept, ok := roster.Phones[standing.Attempt.ID]; ok {
				return kept, nil
			}
			return store.PhoneStatus{}, store.ErrNotFound
		})
		if err != nil {
			return candidateList{}, err
		}
		list.Candidates[n] = row
	}
	return list, nil
}

func viewStanding(standing interview.Standing, now time.Time) candidateRow {
	row := viewCandidate(standing.Interview, now)
	row.SignedIn, row.Help, row.Recordings = standing.SignedIn, viewMessages(standing.Conversation), viewRecorded(standing.Takes)
	row.HelpOpen = len(row.Help) > 0 && row.Help[len(row.Help)-1].From == "candidate"
	for _, still := range standing.Stills {
		row.Stills[still.Side] = still.CreatedAt.UnixMicro()
	}
	// Time is granted for what the candidate was kept from; the side view keeps nobody from answering.
	answers := slices.DeleteFunc(slices.Clone(standing.Gaps), func(g exam.Gap) bool { return g.Kind == exam.Phone })
	row.LostSeconds = int64(exam.LostTime(answers).Round(time.Second) / time.Second)
	for _, g := range standing.Gaps {
		row.Gaps = append(row.Gaps, gapView{g.Kind, g.From.UnixMicro(), g.To.UnixMicro(), g.Cause})
	}
	return row
}

func viewCandidate(i interview.Interview, now time.Time) candidateRow {
	c := i.Attempt.Course
	row := candidateRow{Attempt: i.Attempt.ID, Ticket: i.Candidate.Ticket, Name: i.Candidate.Name, HasPhoto: i.Candidate.Photo != "", Step: i.Step(now),
		Login: loginView{c.Login.State, c.Login.Reason}, Stills: map[string]int64{}, Waivable: []exam.Step{}, Gaps: []gapView{}, Reentered: c.Reentered,
		ExtraSeconds: int64(c.Granted() / time.Second), Ended: viewEnded(c.Ended)}
	if !c.Login.At.IsZero() {
		row.LoginAt = c.Login.At.UnixMicro()
	}
	for _, step := range exam.Waivable {
		if i.Has(step) && c.Done[step].IsZero() {
			row.Waivable = append(row.Waivable, step)
		}
	}
	return row
}

func viewRecorded(takes []exam.Take) []recordedView {
	views := []recordedView{}
	for _, kind := range exam.Kinds {
		view := recordedView{Kind: kind}
		for _, t := range takes {
			if t.Kind != kind || t.State == exam.Discarded || t.State == exam.Replaced {
				continue
			}
			view.Takes++
			view.Bytes += t.Received
			if t.State == exam.Received {
				view.Received++
			}
		}
		views = append(views, view)
	}
	return views
}

// examEvents pushes an exam's candidates as they change.
func (s *Server) examEvents(w http.ResponseWriter, r *http.Request) {
	ctx, id := r.Context(), r.PathValue("id")
	session, _ := ctx.Value(tokenKey).(string)
	phoned, stopPhones := s.phones.told.watch(allAttempts)
	defer stopPhones()
	signedOut, stopSession := s.sessions.watch(session)
	defer stopSession()
	board, leave := s.boards.join(id)
	defer leave()
	list, err := s.candidates(ctx, id)
	if err != nil {
		s.writeError(w, r, err)
		return
	}
	out := newStream(w)
	send := func(list candidateList) bool {
		known := list
		known.ServerTime, known.Candidates = 0, slices.Clone(list.Candidates)
		for n := range known.Candidates {
			known.Candidates[n].Phone = known.Candidates[n].Phone.lasting()
		}
		return out.send("candidates", list, known)
	}
	if !send(list) {
		return
	}
	told := map[string]saidView{}
	for _, row := range list.Candidates {
		if row.Phone != nil {
			told[row.Attempt] = row.Phone.saidView
		}
	}
	beat := time.NewTicker(s.opts.BeatEvery)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.ending:
			return
		case <-signedOut:
			return
		case <-beat.C:
			if !s.stillMay(ctx, session, exam.Assist) || !out.send("beat", clockView{s.opts.Now().UnixMicro()}, nil) {
				return
			}
		case list = <-board:
			if !s.stillMay(ctx, session, exam.Assist) || !send(list) || !s.sendPhones(out, list.Candidates, told) {
				return
			}
		case <-phoned:
			// Every moment, from some of hundreds: nothing is read for it.
			if !s.sendPhones(out, list.Candidates, told) || !pause(ctx, boardEvery) {
				return
			}
		}
	}
}

type phonesView struct {
	ServerTime int64               `json:"serverTime"`
	Phones     map[string]saidView `json:"phones" doc:"By attempt: those that have said something new."`
}

// sendPhones sends what candidates' phones have said that the reader was not told.
func (s *Server) sendPhones(out *stream, candidates []candidateRow, told map[string]saidView) bool {
	view := phonesView{ServerTime: s.opts.Now().UnixMicro(), Phones: map[string]saidView{}}
	for _, row := range candidates {
		if row.Phone == nil {
			continue
		}
		// What is not in memory was said before the list was read.
		said, err := s.saidOf(row.Attempt, time.UnixMicro(row.Phone.At), func() (store.PhoneStatus, error) { return store.PhoneStatus{}, store.ErrNotFound })
		if err != nil {
			return false
		}
		if said.Heard > told[row.Attempt].Heard || said.Status != nil && !said.sameAs(told[row.Attempt]) {
			view.Phones[row.Attempt], told[row.Attempt] = said, said
		}
	}
	return len(view.Phones) == 0 || out.send("phones", view, nil)
}
