package server

import (
	"context"
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/store"
)

// candidateCookie is the session's cookie of a candidate; see docs/interview.md.
const candidateCookie = "trivue_candidate"

// candidateSessionLength is how long a candidate stays signed in: over the interview and the time in which recordings may still be sent.
const candidateSessionLength = 24 * time.Hour

// candidateOf is the candidate's session in which a request was made.
func candidateOf(ctx context.Context) (store.CandidateSession, bool) {
	c, ok := ctx.Value(candidateKey).(store.CandidateSession)
	return c, ok
}

// withCandidate adds to a request's context which candidate is signed in there.
func (s *Server) withCandidate(ctx context.Context, r *http.Request) (context.Context, error) {
	cookie, err := r.Cookie(candidateCookie)
	if err != nil || cookie.Value == "" {
		return ctx, nil
	}
	hash, now, sends := hashToken(cookie.Value), s.opts.Now(), sendsRecording(r)
	if sends {
		if found, ok := s.sending.get(hash, now); ok {
			return context.WithValue(ctx, candidateKey, found.CandidateSession), nil
		}
	}
	session, err := s.opts.Store.CandidateSession(ctx, hash, now)
	switch {
	case err == nil:
		if sends {
			s.sending.put(session, now)
		}
		return context.WithValue(ctx, candidateKey, session), nil
	case notFound(err):
		return ctx, nil
	default:
		return nil, err
	}
}

// CandidateGrant gives the attempt of the candidate who asks; ok is false for everybody else.
func (s *Server) CandidateGrant(r *http.Request) (attemptID string, ok bool) {
	session, ok := candidateOf(r.Context())
	return session.AttemptID, ok
}

func (s *Server) candidateCookie(value string, maxAge int) http.Cookie {
	return http.Cookie{Name: candidateCookie, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: s.opts.Secure}
}

type candidateLogin struct {
	Agent string `header:"User-Agent"`
	Body  struct {
		Exam   string `json:"exam" minLength:"1" maxLength:"100"`
		Ticket string `json:"ticket" minLength:"1" maxLength:"100"`
		IDTail string `json:"idTail" minLength:"1" maxLength:"20" doc:"The last characters of the identity document's number."`
	}
}

type candidateLoggedIn struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      stateView
}

type candidateSignedOut struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
}

func (s *Server) registerCandidate(api huma.API) {
	tags := []string{"candidate"}
	huma.Register(api, huma.Operation{OperationID: "candidate-clock", Method: http.MethodGet, Path: "/api/candidate/clock", Summary: "The server's clock", Tags: tags},
		func(context.Context, *struct{}) (*uncached[clockView], error) {
			return &uncached[clockView]{noStore, clockView{s.opts.Now().UnixMicro()}}, nil
		})
	huma.Register(api, huma.Operation{OperationID: "candidate-exam", Method: http.MethodGet, Path: "/api/candidate/exams/{id}", Summary: "What may be known of an exam before signing in", Tags: tags},
		func(ctx context.Context, in *byID) (*uncached[publicExamView], error) {
			view, err := s.publicExam(ctx, in.ID)
			return &uncached[publicExamView]{noStore, view}, s.fail(ctx, err)
		})
	huma.Register(api, huma.Operation{OperationID: "candidate-login", Method: http.MethodPost, Path: "/api/candidate/login", Summary: "Sign in as a candidate", Tags: tags,
		Description: "Gives a cookie that later requests must carry. Support, or the face check, lets the candidate in.", DefaultStatus: http.StatusCreated},
		func(ctx context.Context, in *candidateLogin) (*candidateLoggedIn, error) {
			out, err := s.signInCandidate(ctx, in)
			return out, s.fail(ctx, err)
		})
	huma.Register(api, huma.Operation{OperationID: "candidate-logout", Method: http.MethodDelete, Path: "/api/candidate/session", Summary: "Sign out", Tags: tags, DefaultStatus: http.StatusNoContent},
		func(ctx context.Context, _ *struct{}) (*candidateSignedOut, error) {
			session, _ := candidateOf(ctx)
			err := s.closeCandidate(ctx, session, exam.SignOut{})
			return &candidateSignedOut{s.candidateCookie("", -1)}, s.fail(ctx, err)
		})
	huma.Register(api, huma.Operation{OperationID: "candidate-state", Method: http.MethodGet, Path: "/api/candidate/state", Summary: "How far the candidate is, and what comes next", Tags: tags},
		func(ctx context.Context, _ *struct{}) (*uncached[stateView], error) {
			session, _ := candidateOf(ctx)
			view, err := s.state(ctx, session.AttemptID)
			return &uncached[stateView]{noStore, view}, s.fail(ctx, err)
		})
	huma.Register(api, huma.Operation{OperationID: "candidate-step", Method: http.MethodPost, Path: "/api/candidate/steps/{step}", Summary: "Do a step", Tags: tags},
		func(ctx context.Context, in *stepRequest) (*uncached[stateView], error) {
			session, _ := candidateOf(ctx)
			view, err := s.doStep(ctx, session.AttemptID, in)
			return &uncached[stateView]{noStore, view}, s.fail(ctx, err)
		})
	huma.Register(api, huma.Operation{OperationID: "candidate-questions", Method: http.MethodGet, Path: "/api/candidate/questions", Summary: "The questions whose time has come", Tags: tags},
		func(ctx context.Context, _ *struct{}) (*uncached[paperView], error) {
			session, _ := candidateOf(ctx)
			view, err := s.paper(ctx, session.AttemptID)
			return &uncached[paperView]{noStore, view}, s.fail(ctx, err)
		})
	huma.Register(api, huma.Operation{OperationID: "candidate-events", Method: http.MethodPost, Path: "/api/candidate/events", Summary: "Report events", Tags: tags, MaxBodyBytes: 2 << 20},
		func(ctx context.Context, in *reportRequest) (*body[reportView], error) {
			session, _ := candidateOf(ctx)
			view, err := s.report(ctx, session.AttemptID, "candidate", in.Body)
			return &body[reportView]{view}, s.fail(ctx, err)
		})
	huma.Register(api, huma.Operation{OperationID: "candidate-phone", Method: http.MethodPost, Path: "/api/candidate/phone", Summary: "Ask for a code for another phone", Tags: tags},
		func(ctx context.Context, _ *struct{}) (*uncached[stateView], error) {
			session, _ := candidateOf(ctx)
			view, err := s.askForPhone(ctx, session.AttemptID)
			return &uncached[stateView]{noStore, view}, s.fail(ctx, err)
		})
	huma.Register(api, huma.Operation{OperationID: "candidate-help", Method: http.MethodPost, Path: "/api/candidate/help", Summary: "Ask for help", Tags: tags, DefaultStatus: http.StatusNoContent},
		func(ctx context.Context, in *textRequest) (*struct{}, error) {
			session, _ := candidateOf(ctx)
			err := s.mayReport("candidate "+session.AttemptID, messageCost)
			if err == nil {
				err = s.opts.Interviews.Ask(ctx, session.AttemptID, in.Body.Text, "")
			}
			return nil, s.fail(ctx, err)
		})
}

// uncached is an answer that is true only at the moment at which it is made.
type uncached[T any] struct {
	CacheControl string `header:"Cache-Control"`
	Body         T
}

const noStore = "no-store"

type clockView struct {
	Now int64 `json:"now" doc:"Microseconds since 1970."`
}

type textRequest struct {
	Body struct {
		Text string `json:"text" maxLength:"4000"`
	}
}

// signInCandidate checks ticket and identity number, and opens the one session that an attempt may have. A browser that has it already
// keeps it.
func (s *Server) signInCandidate(ctx context.Context, in *candidateLogin) (*candidateLoggedIn, error) {
	address, _ := ctx.Value(addressKey).(string)
	ticket := strings.TrimSpace(in.Body.Ticket)
	key := "candidate " + address + " " + in.Body.Exam + " " + ticket
	wait, tries := s.logins.begin(key)
	if wait > 0 {
		return nil, slowDown(wait, "too many failed attempts")
	}
	attempt, err := s.opts.Store.AttemptOf(ctx, in.Body.Exam, ticket)
	if err != nil && !notFound(err) {
		return nil, err
	}
	candidate, err := s.opts.Store.Candidate(ctx, in.Body.Exam, ticket)
	if err != nil && !notFound(err) {
		return nil, err
	}
	tail := strings.ToUpper(strings.TrimSpace(in.Body.IDTail))
	if attempt.ID == "" || candidate.IDTail == "" || subtle.ConstantTimeCompare([]byte(tail), []byte(candidate.IDTail)) != 1 {
		if err := s.loginFailed(ctx, attempt, tries); err != nil {
			return nil, err
		}
		return nil, &apiError{Status: http.StatusUnauthorized, Title: http.StatusText(http.StatusUnauthorized), Code: string(exam.Unknown), Detail: "no candidate of this exam has that ticket and number"}
	}
	s.logins.succeeded(key)
	token, now := newToken(), s.opts.Now()
	session := store.CandidateSession{AttemptID: attempt.ID, TokenHash: hashToken(token), CreatedAt: now, ExpiresAt: now.Add(candidateSessionLength)}
	if own, ok := candidateOf(ctx); ok && own.AttemptID == attempt.ID {
		if err := s.opts.Store.CloseCandidateSession(ctx, attempt.ID); err != nil {
			return nil, err
		}
		s.sending.forget(own.TokenHash)
	}
	if err := s.opts.Store.OpenCandidateSession(ctx, session); errors.Is(err, store.ErrConflict) {
		refusal := exam.Refusal{Code: exam.Elsewhere, Detail: "the candidate is signed in on another screen; support can release it"}
		return nil, errors.Join(refusal, s.opts.Interviews.Note(ctx, attempt.ID, exam.Happening{Source: "server", Kind: exam.EventLoginElsewhere, Data: struct {
			Address string `json:"address"`
			Agent   string `json:"agent"`
		}{address, truncate(in.Agent, 500)}}))
	} else if err != nil {
		return nil, err
	}
	if _, err := s.opts.Interviews.Do(ctx, attempt.ID, exam.SignIn{Address: address, Agent: truncate(in.Agent, 500)}); err != nil {
		// Nobody is to be locked out by a login that was refused.
		return nil, errors.Join(err, s.opts.Store.CloseCandidateSession(context.WithoutCancel(ctx), attempt.ID))
	}
	view, err := s.state(ctx, attempt.ID)
	return &candidateLoggedIn{SetCookie: s.candidateCookie(token, int(candidateSessionLength.Seconds())), Body: view}, err
}

// loginFailed calls support by itself when a candidate has failed as often as the exam allows (R2.3).
func (s *Server) loginFailed(ctx context.Context, attempt exam.Attempt, tries int) error {
	if attempt.ID == "" {
		return nil
	}
	e, err := s.opts.Store.Exam(ctx, attempt.ExamID)
	if err != nil || tries != e.Policy.LoginTries {
		return err
	}
	return s.opts.Interviews.Ask(ctx, attempt.ID, "", "login-failed")
}

// closeCandidate ends a candidate's session wherever it is, and notes who did.
func (s *Server) closeCandidate(ctx context.Context, session store.CandidateSession, command exam.SignOut) error {
	if err := s.opts.Store.CloseCandidateSession(ctx, session.AttemptID); err != nil {
		return err
	}
	s.sending.forget(session.TokenHash)
	s.sessions.tell(session.TokenHash)
	_, err := s.opts.Interviews.Do(ctx, session.AttemptID, command)
	return err
}

func truncate(text string, bytes int) string {
	if len(text) > bytes {
		text = strings.ToValidUTF8(text[:bytes], "")
	}
	return text
}
