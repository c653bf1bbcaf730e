package server

import (
	"context"
	"net/http"
	"path"
	"strings"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/ingest/chain"
)

// UploadGrant says which attempt an upload request may touch: any (empty) for staff whose role allows uploads, one for the bearer of an
// upload token, and for a candidate the own one. Ok is false for everybody else.
func (s *Server) UploadGrant(r *http.Request) (attemptID string, candidate, ok bool, err error) {
	if bearer, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); found {
		token, err := s.opts.Store.UploadToken(r.Context(), hashToken(strings.TrimSpace(bearer)), s.opts.Now())
		if notFound(err) {
			return "", false, false, nil
		}
		return token.AttemptID, false, err == nil, err
	}
	staff, ok := staffOf(r.Context())
	mayUpload := ok && staff.Role.May(exam.Upload)
	// Who tries out the candidate's page while signed in as staff has both sessions.
	if session, signedIn := candidateOf(r.Context()); signedIn && (!mayUpload || isOwnUpload(r)) {
		if known, ok := s.sending.get(session.TokenHash, s.opts.Now()); ok && known.letIn && sendsRecording(r) {
			return session.AttemptID, true, true, nil
		}
		attempt, err := s.opts.Store.Attempt(r.Context(), session.AttemptID)
		// Who was not let in has nothing to send.
		letIn := err == nil && attempt.Course.Login.State == exam.LoginApproved
		if letIn {
			s.sending.letIn(session.TokenHash)
		}
		return session.AttemptID, true, letIn, err
	}
	return "", false, mayUpload, nil
}

// isOwnUpload reports whether a request is about an upload as candidates' pages make them: those bear the name of a take.
func isOwnUpload(r *http.Request) bool {
	return chain.IsTake(path.Base(r.URL.Path)) || strings.Contains(","+r.Header.Get("Upload-Metadata"), ",take ")
}

// IssueUploadToken makes a token for uploads to an attempt, as the API does.
func (s *Server) IssueUploadToken(ctx context.Context, attemptID string) (string, error) {
	t, err := s.createUploadToken(ctx, attemptID)
	return t.Token, err
}
