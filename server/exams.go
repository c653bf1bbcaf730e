package server

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/trivue/trivue/exam"
)

type examView struct {
	ID       string    `json:"id"`
	Title    string    `json:"title"`
	StartsAt time.Time `json:"startsAt" doc:"Scheduled start; zero of interview time."`
}

type examRow struct {
	examView
	Attempts int `json:"attempts" doc:"Number of attempts."`
}

type examList struct {
	Exams []examRow `json:"exams"`
}

type attemptRow struct {
	ID        string      `json:"id"`
	Ticket    string      `json:"ticket"`
	CreatedAt time.Time   `json:"createdAt"`
	Summary   summaryView `json:"summary"`
}

type examDetail struct {
	examView
	Attempts []attemptRow `json:"attempts"`
}

type byID struct {
	ID string `path:"id" maxLength:"100"`
}

type newExam struct {
	Body struct {
		Title    string    `json:"title" minLength:"1" maxLength:"200"`
		StartsAt time.Time `json:"startsAt"`
	}
}

type newAttempt struct {
	ID   string `path:"id" maxLength:"100"`
	Body struct {
		Ticket string `json:"ticket" minLength:"1" maxLength:"100" doc:"The candidate's ticket number."`
	}
}

func (s *Server) registerExams(api huma.API) {
	tags := []string{"exams"}
	huma.Register(api, huma.Operation{OperationID: "list-exams", Method: http.MethodGet, Path: "/api/exams", Summary: "All exams, latest first", Tags: tags},
		func(ctx context.Context, _ *struct{}) (*body[examList], error) {
			list, err := s.listExams(ctx)
			return &body[examList]{list}, s.fail(ctx, err)
		})
	huma.Register(api, huma.Operation{OperationID: "create-exam", Method: http.MethodPost, Path: "/api/exams", Summary: "Create an exam", Tags: tags, DefaultStatus: http.StatusCreated},
		func(ctx context.Context, in *newExam) (*body[examView], error) {
			title := strings.TrimSpace(in.Body.Title)
			if title == "" {
				return nil, newProblem(http.StatusUnprocessableEntity, "the exam needs a title")
			}
			e := exam.Exam{ID: s.opts.NewID(), Title: title, StartsAt: in.Body.StartsAt.UTC(), CreatedAt: s.opts.Now()}
			err := s.opts.Store.CreateExam(ctx, e)
			return &body[examView]{viewExam(e)}, s.fail(ctx, err)
		})
	huma.Register(api, huma.Operation{OperationID: "get-exam", Method: http.MethodGet, Path: "/api/exams/{id}", Summary: "An exam and its attempts", Tags: tags},
		func(ctx context.Context, in *byID) (*body[examDetail], error) {
			detail, err := s.examDetail(ctx, in.ID)
			return &body[examDetail]{detail}, s.fail(ctx, err)
		})
	huma.Register(api, huma.Operation{OperationID: "create-attempt", Method: http.MethodPost, Path: "/api/exams/{id}/attempts", Summary: "Add a candidate's attempt", Tags: tags, DefaultStatus: http.StatusCreated},
		func(ctx context.Context, in *newAttempt) (*body[attemptView], error) {
			view, err := s.createAttempt(ctx, in.ID, strings.TrimSpace(in.Body.Ticket))
			return &body[attemptView]{view}, s.fail(ctx, err)
		})
}

func viewExam(e exam.Exam) examView { return examView{ID: e.ID, Title: e.Title, StartsAt: e.StartsAt} }

func (s *Server) listExams(ctx context.Context) (examList, error) {
	exams, err := s.opts.Store.Exams(ctx)
	if err != nil {
		return examList{}, err
	}
	list := examList{Exams: []examRow{}}
	for _, e := range exams {
		attempts, err := s.opts.Store.Attempts(ctx, e.ID)
		if err != nil {
			return list, err
		}
		list.Exams = append(list.Exams, examRow{viewExam(e), len(attempts)})
	}
	return list, nil
}

func (s *Server) examDetail(ctx context.Context, id string) (examDetail, error) {
	e, err := s.opts.Store.Exam(ctx, id)
	if err != nil {
		return examDetail{}, err
	}
	attempts, err := s.opts.Store.Attempts(ctx, id)
	if err != nil {
		return examDetail{}, err
	}
	detail := examDetail{examView: viewExam(e), Attempts: []attemptRow{}}
	for _, a := range attempts {
		takes, err := s.opts.Store.Takes(ctx, a.ID)
		if err != nil {
			return detail, err
		}
		stages, err := s.opts.Store.Stages(ctx, a.ID)
		if err != nil {
			return detail, err
		}
		detail.Attempts = append(detail.Attempts, attemptRow{ID: a.ID, Ticket: a.Ticket, CreatedAt: a.CreatedAt, Summary: viewSummary(exam.Summarise(a, takes, stages))})
	}
	return detail, nil
}

func (s *Server) createAttempt(ctx context.Context, examID, ticket string) (attemptView, error) {
	if ticket == "" {
		return attemptView{}, newProblem(http.StatusUnprocessableEntity, "the attempt needs a ticket number")
	}
	if _, err := s.opts.Store.Exam(ctx, examID); err != nil {
		return attemptView{}, err
	}
	a := exam.Attempt{ID: s.opts.NewID(), ExamID: examID, Ticket: ticket, CreatedAt: s.opts.Now()}
	if err := s.opts.Store.CreateAttempt(ctx, a); err != nil {
		return attemptView{}, err
	}
	return s.attempt(ctx, a.ID)
}
