package server

import (
	"context"
	"net/http"
	"strings"

	"github.com/trivue/trivue/exam"
)

// UploadGrant says which attempt an upload request may touch: any for staff whose role allows uploads, one for the bearer of an upload
// token. Ok is false for everybody else.
func (s *Server) UploadGrant(r *http.Request) (attemptID string, ok bool, err error) {
	if bearer, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); found {
		token, err := s.opts.Store.UploadToken(r.Context(), hashToken(strings.TrimSpace(bearer)), s.opts.Now())
		if notFound(err) {
			return "", false, nil
		}
		return token.AttemptID, err == nil, err
	}
	staff, ok := staffOf(r.Context())
	return "", ok && staff.Role.May(exam.Upload), nil
}

// IssueUploadToken makes a token for uploads to an attempt, as the API does.
func (s *Server) IssueUploadToken(ctx context.Context, attemptID string) (string, error) {
	t, err := s.createUploadToken(ctx, attemptID)
	return t.Token, err
}
