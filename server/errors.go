package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/trivue/trivue/archive"
	"github.com/trivue/trivue/store"
)

// apiError is an error as a program is told it (RFC 9457), with a code that does not change when texts do.
type apiError struct {
	Status int                 `json:"status"`
	Title  string              `json:"title"`
	Detail string              `json:"detail,omitempty"`
	Code   string              `json:"code"`
	Errors []*huma.ErrorDetail `json:"errors,omitempty"`
}

func (p *apiError) Error() string  { return p.Detail }
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
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return known
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
		writeProblem(w, p.Status, p.Code, p.Detail)
	}
}
