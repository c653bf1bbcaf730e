package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/store"
)

type decideRequest struct {
	ID   string `path:"id" maxLength:"100"`
	Body struct {
		Reason string `json:"reason" maxLength:"500"`
		LetIn  bool   `json:"letIn"`
	}
}

type reasonRequest struct {
	ID   string `path:"id" maxLength:"100"`
	Body struct {
		Reason string `json:"reason" maxLength:"500"`
	}
}

type waiveRequest struct {
	ID   string `path:"id" maxLength:"100"`
	Body struct {
		Reason string    `json:"reason" maxLength:"500"`
		Step   exam.Step `json:"step" enum:"devices,phone"`
	}
}

type grantRequest struct {
	ID   string `path:"id" maxLength:"100"`
	Body struct {
		Reason  string `json:"reason" maxLength:"500"`
		Seconds int64  `json:"seconds" minimum:"0" maximum:"14400"`
	}
}

type answerRequest struct {
	ID   string `path:"id" maxLength:"100"`
	Body struct {
		Text string `json:"text" maxLength:"4000"`
	}
}

type logView struct {
	Events []eventView `json:"events"`
}

type eventView struct {
	N        int64           `json:"n"`
	At       int64           `json:"at" doc:"Microseconds since 1970, when it was logged."`
	Source   string          `json:"source"`
	Kind     exam.EventKind  `json:"kind"`
	Data     json.RawMessage `json:"data"`
	Previous string          `json:"previous" doc:"SHA-256 of the event before, hexadecimal."`
	ID       string          `json:"id,omitempty"`
	Wall     int64           `json:"wall,omitempty"`
	Server   int64           `json:"server,omitempty"`
}

// registerSupport adds what staff do for candidates. Each of it is in the attempt's log with who did it and why.
func (s *Server) registerSupport(api huma.API) {
	command(s, api, "decide-login", "login", "Let a candidate in, or refuse", func(in *decideRequest, staff string) (string, exam.Command) {
		return in.ID, exam.Decide{Staff: staff, Reason: in.Body.Reason, LetIn: in.Body.LetIn}
	})
	command(s, api, "waive-step", "waive", "Let a candidate go on without a step", func(in *waiveRequest, staff string) (string, exam.Command) {
		return in.ID, exam.Waive{Step: in.Body.Step, Staff: staff, Reason: in.Body.Reason}
	})
	command(s, api, "grant-time", "grant", "Grant extra time", func(in *grantRequest, staff string) (string, exam.Command) {
		return in.ID, exam.GrantTime{Length: time.Duration(in.Body.Seconds) * time.Second, Staff: staff, Reason: in.Body.Reason}
	})
	command(s, api, "readmit", "readmit", "Let a candidate in after the start, or again", func(in *grantRequest, staff string) (string, exam.Command) {
		return in.ID, exam.Readmit{Extra: time.Duration(in.Body.Seconds) * time.Second, Staff: staff, Reason: in.Body.Reason}
	})
	command(s, api, "end-attempt", "end", "End a candidate's answering", func(in *reasonRequest, staff string) (string, exam.Command) {
		return in.ID, exam.End{Staff: staff, Reason: in.Body.Reason}
	})
	tags := []string{"support"}
	huma.Register(api, huma.Operation{OperationID: "release-login", Method: http.MethodPost, Path: "/api/attempts/{id}/release", Summary: "End a candidate's session, so that they can sign in elsewhere", Tags: tags, DefaultStatus: http.StatusNoContent},
		func(ctx context.Context, in *reasonRequest) (*struct{}, error) {
			session, err := s.opts.Store.CandidateSessionOf(ctx, in.ID, s.opts.Now())
			if err == nil {
				staff, _ := staffOf(ctx)
				err = s.closeCandidate(ctx, session, exam.SignOut{Staff: staff.Name, Reason: in.Body.Reason})
			}
			return nil, s.fail(ctx, err)
		})
	huma.Register(api, huma.Operation{OperationID: "answer-help", Method: http.MethodPost, Path: "/api/attempts/{id}/answer", Summary: "Answer a candidate who asked for help", Tags: tags, DefaultStatus: http.StatusNoContent},
		func(ctx context.Context, in *answerRequest) (*struct{}, error) {
			staff, _ := staffOf(ctx)
			return nil, s.fail(ctx, s.opts.Interviews.Answer(ctx, in.ID, staff.Name, in.Body.Text))
		})
	huma.Register(api, huma.Operation{OperationID: "attempt-log", Method: http.MethodGet, Path: "/api/attempts/{id}/log", Summary: "Everything that happened in an attempt", Tags: tags},
		func(ctx context.Context, in *byID) (*body[logView], error) {
			events, err := s.opts.Store.Events(ctx, in.ID, 0)
			view := logView{Events: make([]eventView, len(events))}
			for n, e := range events {
				view.Events[n] = viewEvent(e)
			}
			return &body[logView]{view}, s.fail(ctx, err)
		})
}

// command registers a route that applies a command to an attempt in the name of who is signed in.
func command[In any](s *Server, api huma.API, id, path, summary string, make func(in *In, staff string) (string, exam.Command)) {
	huma.Register(api, huma.Operation{OperationID: id, Method: http.MethodPost, Path: "/api/attempts/{id}/" + path, Summary: summary, Tags: []string{"support"}, DefaultStatus: http.StatusNoContent},
		func(ctx context.Context, in *In) (*struct{}, error) {
			staff, _ := staffOf(ctx)
			attemptID, c := make(in, staff.Name)
			_, err := s.opts.Interviews.Do(ctx, attemptID, c)
			return nil, s.fail(ctx, err)
		})
}

func viewEvent(e exam.Event) eventView {
	view := eventView{N: e.N, At: e.At.UnixMicro(), Source: e.Source, Kind: e.Kind, Data: e.Data, Previous: fmt.Sprintf("%x", e.Previous), ID: e.ID}
	if !e.Wall.IsZero() {
		view.Wall = e.Wall.UnixMicro()
	}
	if !e.Server.IsZero() {
		view.Server = e.Server.UnixMicro()
	}
	return view
}

// registered is the name of the picture that a candidate was registered with, beside the stills' sides.
const registered = "photo"

// picture gives support the pictures that it compares.
func (s *Server) picture(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("side") == string(exam.Phone) {
		s.preview(w, r, r.PathValue("id"))
		return
	}
	key, mime, err := s.pictureKey(r.Context(), r.PathValue("id"), r.PathValue("side"))
	if err != nil {
		s.writeError(w, r, err)
		return
	}
	s.object(w, r, key, mime)
}

func (s *Server) pictureKey(ctx context.Context, attemptID, side string) (key, mime string, err error) {
	if side == registered {
		i, err := s.opts.Interviews.Load(ctx, attemptID)
		if err != nil {
			return "", "", err
		}
		if i.Candidate.Photo == "" {
			return "", "", fmt.Errorf("registered photo: %w", store.ErrNotFound)
		}
		// Its kind is the browser's to find out: photos are JPEG, PNG or WebP.
		return i.Candidate.Photo, "image/*", nil
	}
	stills, err := s.opts.Store.Stills(ctx, attemptID)
	if err != nil {
		return "", "", err
	}
	for _, still := range stills {
		if still.Side == side {
			return still.Key, "image/jpeg", nil
		}
	}
	return "", "", fmt.Errorf("still %s: %w", side, store.ErrNotFound)
}
