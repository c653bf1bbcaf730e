package server

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/store"
)

type summaryView struct {
	State    exam.SummaryState `json:"state" enum:"empty,uploading,working,ready,failed"`
	Progress float64           `json:"progress" minimum:"0" maximum:"1"`
}

type stageView struct {
	Name     exam.StageName  `json:"name"`
	State    exam.StageState `json:"state" enum:"pending,running,done,failed"`
	Progress float64         `json:"progress"`
	Tries    int             `json:"tries"`
	Problem  *exam.Problem   `json:"problem,omitempty"`
}

type takeView struct {
	ID        string         `json:"id"`
	Name      string         `json:"name"`
	UploadID  string         `json:"uploadId"`
	Size      int64          `json:"size" doc:"Bytes; -1 while the sender has not said."`
	Received  int64          `json:"received"`
	State     exam.TakeState `json:"state" enum:"uploading,received"`
	CreatedAt time.Time      `json:"createdAt"`
	Stages    []stageView    `json:"stages"`
}

type recordingView struct {
	Kind  exam.Kind  `json:"kind" enum:"camera,screen,phone"`
	Takes []takeView `json:"takes"`
}

type attemptView struct {
	ID         string          `json:"id"`
	Ticket     string          `json:"ticket"`
	Revision   int64           `json:"revision"`
	Exam       examView        `json:"exam"`
	Recordings []recordingView `json:"recordings" doc:"Always the three, in order."`
	Stages     []stageView     `json:"stages" doc:"Of the whole attempt: timeline, archive."`
	Summary    summaryView     `json:"summary"`
	Reviewable bool            `json:"reviewable"`
}

type uploadToken struct {
	Token     string    `json:"token" doc:"For «Authorization: Bearer …»."`
	Endpoint  string    `json:"endpoint"`
	ExpiresAt time.Time `json:"expiresAt"`
}

// uploadTokenLength is how long a token for other programs is valid.
const uploadTokenLength = 24 * time.Hour

type stageOfTake struct {
	ID   string `path:"id" maxLength:"100"`
	Name string `path:"name" enum:"inspect,playback,sound,frames"`
}

type stageOfAttempt struct {
	ID   string `path:"id" maxLength:"100"`
	Name string `path:"name" enum:"timeline,archive"`
}

func (s *Server) registerAttempts(api huma.API) {
	tags := []string{"attempts"}
	huma.Register(api, huma.Operation{OperationID: "get-attempt", Method: http.MethodGet, Path: "/api/attempts/{id}", Summary: "An attempt, its recordings and how far they are", Tags: tags},
		func(ctx context.Context, in *byID) (*body[attemptView], error) {
			view, err := s.attempt(ctx, in.ID)
			return &body[attemptView]{view}, s.fail(ctx, err)
		})
	huma.Register(api, huma.Operation{OperationID: "get-timeline", Method: http.MethodGet, Path: "/api/attempts/{id}/timeline", Summary: "The attempt's timeline.json", Tags: tags},
		func(ctx context.Context, in *byID) (*body[json.RawMessage], error) {
			t, err := s.opts.Media.Timeline(ctx, in.ID)
			return &body[json.RawMessage]{t}, s.fail(ctx, err)
		})
	huma.Register(api, huma.Operation{OperationID: "create-upload-token", Method: http.MethodPost, Path: "/api/attempts/{id}/upload-token",
		Summary: "A token with which any tus client may upload to this attempt", Tags: tags, DefaultStatus: http.StatusCreated},
		func(ctx context.Context, in *byID) (*body[uploadToken], error) {
			token, err := s.createUploadToken(ctx, in.ID)
			return &body[uploadToken]{token}, s.fail(ctx, err)
		})
	huma.Register(api, huma.Operation{OperationID: "retry-take-stage", Method: http.MethodPost, Path: "/api/takes/{id}/stages/{name}/retry", Summary: "Run a take's stage again", Tags: tags, DefaultStatus: http.StatusNoContent},
		func(ctx context.Context, in *stageOfTake) (*struct{}, error) {
			take, err := s.opts.Store.Take(ctx, in.ID)
			if err == nil {
				err = s.retry(ctx, exam.StageKey{AttemptID: take.AttemptID, TakeID: take.ID, Name: exam.StageName(in.Name)})
			}
			return nil, s.fail(ctx, err)
		})
	huma.Register(api, huma.Operation{OperationID: "retry-attempt-stage", Method: http.MethodPost, Path: "/api/attempts/{id}/stages/{name}/retry", Summary: "Run an attempt's stage again", Tags: tags, DefaultStatus: http.StatusNoContent},
		func(ctx context.Context, in *stageOfAttempt) (*struct{}, error) {
			return nil, s.fail(ctx, s.retry(ctx, exam.StageKey{AttemptID: in.ID, Name: exam.StageName(in.Name)}))
		})
	huma.Register(api, huma.Operation{OperationID: "remove-take", Method: http.MethodDelete, Path: "/api/takes/{id}", Summary: "Give up an upload, or put a received take aside", Tags: tags,
		Description: "A received take stays archived; it is not played any more.", DefaultStatus: http.StatusNoContent},
		func(ctx context.Context, in *byID) (*struct{}, error) {
			return nil, s.fail(ctx, s.removeTake(ctx, in.ID))
		})
}

// attempt reads everything that a page shows of an attempt.
func (s *Server) attempt(ctx context.Context, id string) (attemptView, error) {
	a, err := s.opts.Store.Attempt(ctx, id)
	if err != nil {
		return attemptView{}, err
	}
	e, err := s.opts.Store.Exam(ctx, a.ExamID)
	if err != nil {
		return attemptView{}, err
	}
	takes, err := s.opts.Store.Takes(ctx, id)
	if err != nil {
		return attemptView{}, err
	}
	stages, err := s.opts.Store.Stages(ctx, id)
	if err != nil {
		return attemptView{}, err
	}
	return viewAttempt(a, e, takes, stages), nil
}

func viewAttempt(a exam.Attempt, e exam.Exam, takes []exam.Take, stages []exam.Stage) attemptView {
	summary := exam.Summarise(a, takes, stages)
	view := attemptView{ID: a.ID, Ticket: a.Ticket, Revision: a.Revision, Exam: viewExam(e), Stages: viewStages(stages, "", exam.AttemptStages, a.Revision),
		Summary: viewSummary(summary), Reviewable: summary.Reviewable}
	if summary.State == exam.Broken {
		// Nothing can be made of any take, or of all of them together.
		for i := range view.Stages {
			if view.Stages[i].State == exam.Pending {
				view.Stages[i].State = exam.Skipped
			}
		}
	}
	for _, kind := range exam.Kinds {
		r := recordingView{Kind: kind, Takes: []takeView{}}
		for _, t := range takes {
			if t.Kind == kind && (t.State == exam.Uploading || t.State == exam.Received) {
				r.Takes = append(r.Takes, takeView{ID: t.ID, Name: t.Name, UploadID: t.UploadID, Size: t.Size, Received: t.Received, State: t.State,
					CreatedAt: t.CreatedAt, Stages: viewStages(stages, t.ID, exam.TakeStages, 0)})
			}
		}
		view.Recordings = append(view.Recordings, r)
	}
	return view
}

// viewStages lists the stages in their order, also those that have no row yet. A result of an older revision is not shown as
// done: it is not about the recordings that are there now.
func viewStages(rows []exam.Stage, takeID string, names []exam.StageName, revision int64) []stageView {
	views := make([]stageView, len(names))
	for i, name := range names {
		views[i] = stageView{Name: name, State: exam.Pending}
		for _, row := range rows {
			if row.TakeID == takeID && row.Name == name && row.Revision >= revision {
				views[i] = stageView{Name: name, State: row.State, Progress: row.Progress, Tries: row.Tries, Problem: row.Problem}
			}
		}
		if views[i].State == exam.Done {
			views[i].Progress = 1
		}
	}
	for i, name := range names {
		if name.WaitsInVain(func(other exam.StageName) exam.StageState { return views[slices.Index(names, other)].State }) {
			views[i].State = exam.Skipped
		}
	}
	return views
}

func viewSummary(s exam.Summary) summaryView { return summaryView{s.State, s.Progress} }

func (s *Server) createUploadToken(ctx context.Context, attemptID string) (uploadToken, error) {
	if _, err := s.opts.Store.Attempt(ctx, attemptID); err != nil {
		return uploadToken{}, err
	}
	now := s.opts.Now()
	t := uploadToken{Token: newToken(), Endpoint: "/files/", ExpiresAt: now.Add(uploadTokenLength)}
	return t, s.opts.Store.CreateUploadToken(ctx, store.UploadToken{TokenHash: hashToken(t.Token), AttemptID: attemptID, CreatedAt: now, ExpiresAt: t.ExpiresAt})
}

func (s *Server) retry(ctx context.Context, key exam.StageKey) error {
	if err := s.opts.Store.ResetStage(ctx, key); err != nil {
		return err
	}
	s.opts.Hub.AttemptChanged(key.AttemptID)
	s.opts.Wake(key.AttemptID)
	return nil
}

func (s *Server) removeTake(ctx context.Context, id string) error {
	t, err := s.opts.Store.Take(ctx, id)
	if err != nil {
		return err
	}
	to := exam.Discarded
	if t.State == exam.Received {
		to = exam.Replaced
	}
	if err := s.opts.Store.ChangeTakeState(ctx, id, to); err != nil {
		return err
	}
	s.opts.Hub.AttemptChanged(t.AttemptID)
	s.opts.Wake(t.AttemptID)
	if to == exam.Discarded {
		return s.opts.RemoveUpload(t.UploadID)
	}
	return nil
}
