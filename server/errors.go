package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/trivue/trivue/archive"
	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/store"
)

// apiError is an error as a program is told it (RFC 9457), with a code that does not change when texts do.
type apiError struct {
	Status int       `json:"status"`
	Title  string    `json:"title"`
	Detail string    `json:"detail,omitempty"`
	Code   string    `json:"code"`
	From   int64     `json:"from,omitempty" doc:"With too-early: from when, in microseconds since 1970."`
	Step   exam.Step `json:"step,omitempty" doc:"With not-yet: what comes first."`
	// RetryAfter is told as the header of that name, in whole seconds.
	RetryAfter time.Duration       `json:"-"`
	Errors     []*huma.ErrorDetail `json:"errors,omitempty"`
}

func (p *apiError) Error() string { return p.Detail }

// GetHeaders are those that an answer with this error carries.
func (p *apiError) GetHeaders() http.Header {
	h := http.Header{}
	if p.RetryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(p.RetryAfter.Seconds())+1))
	}
	return h
}

// slowDown is the answer to who asks too often.
func slowDown(wait time.Duration, what string) *apiError {
	return &apiError{Status: http.StatusTooManyRequests, Title: http.StatusText(http.StatusTooManyRequests), Code: "slow-down", RetryAfter: wait,
		Detail: fmt.Sprintf("%s; try again in %d seconds", what, int(wait.Seconds())+1)}
}

// refusal is a rule's refusal as a program is told it.
func refusal(r exam.Refusal) *apiError {
	p := &apiError{Status: http.StatusConflict, Title: http.StatusText(http.StatusConflict), Code: string(r.Code), Detail: r.Error(), Step: r.Step}
	if !r.From.IsZero() {
		p.From = r.From.UnixMicro()
	}
	return p
}

func (p *apiError) GetStatus() int { return p.Status }

// ContentType is that of problem details.
func (p *apiError) ContentType(string) string { return "application/problem+json" }

var codes = map[int]string{
	http.StatusBadRequest: "bad-request", http.StatusUnauthorized: "unauthorized", http.StatusForbidden: "forbidden",
	http.StatusNotFound: "not-found", http.StatusConflict: "conflict", http.StatusUnprocessableEntity: "invalid",
	http.StatusTooManyRequests: "too-many-requests", http.StatusInternalServerError: "internal", http.StatusServiceUnavailable: "unavailable",
}

// newProblem makes huma's own errors (validation, unknown content types) look like ours.
func newProblem(status int, detail string, errs ...error) huma.StatusError {
	p := &apiError{Status: status, Title: http.StatusText(status), Detail: detail, Code: codes[status]}
	for _, err := range errs {
		var d *huma.ErrorDetail
		if errors.As(err, &d) {
			p.Errors = append(p.Errors, d)
		}
	}
	return p
}

// fail is the one place where errors become a status. What has no place here is told as an internal error, and logged.
func (s *Server) fail(ctx context.Context, err error) error {
	var known *apiError
	var refused exam.Refusal
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return known
	case errors.As(err, &refused):
		return refusal(refused)
	case errors.Is(err, store.ErrNotFound), errors.Is(err, archive.ErrNotFound):
		return newProblem(http.StatusNotFound, "there is no such thing, or not any more")
	case errors.Is(err, store.ErrConflict):
		return newProblem(http.StatusConflict, "there is one already")
	case errors.Is(err, store.ErrState):
		return newProblem(http.StatusConflict, "its state does not allow that; reload the page")
	case ctx.Err() != nil:
		return newProblem(http.StatusServiceUnavailable, "the request was given up")
	default:
		s.opts.Log.ErrorContext(ctx, "request failed", "error", err, "request", requestID(ctx))
		return newProblem(http.StatusInternalServerError, "something went wrong on the server; try again, and tell the operator the request's number: "+requestID(ctx))
	}
}

func writeProblem(w http.ResponseWriter, status int, code, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(apiError{Status: status, Title: http.StatusText(status), Code: code, Detail: detail})
}

// writeError is fail for handlers that are not huma's.
func (s *Server) writeError(w http.ResponseWriter, r *http.Request, err error) {
	var p *apiError
	if errors.As(s.fail(r.Context(), err), &p) {
		for name, values := range p.GetHeaders() {
			w.Header()[name] = values
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(p.Status)
		_ = json.NewEncoder(w).Encode(p)
	}
}
