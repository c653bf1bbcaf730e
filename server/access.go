package server

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/store"
)

type contextKey int

const (
	staffKey contextKey = iota
	tokenKey
	requestKey
	addressKey
)

// rule says who may use a route.
type rule struct {
	open   bool        // everybody
	action exam.Action // those whose role allows it; empty: everybody who is signed in
	bearer bool        // also who sends a token, which the route checks itself
}

// access is the one place where it is decided who may use which route, by the pattern of the route. A route that is not in it is
// closed to everybody.
var access = map[string]rule{
	"/":                                           {open: true}, // the pages; they hold nothing that is not public
	"GET /openapi.json":                           {open: true},
	"GET /openapi.yaml":                           {open: true},
	"GET /openapi-3.0.json":                       {open: true},
	"GET /openapi-3.0.yaml":                       {open: true},
	"GET /schemas/{schema}":                       {open: true},
	"POST /api/session":                           {open: true},
	"GET /api/session":                            {},
	"DELETE /api/session":                         {},
	"/api/":                                       {}, // there is nothing; but only staff are told so
	"GET /api/exams":                              {action: exam.See},
	"POST /api/exams":                             {action: exam.Manage},
	"GET /api/exams/{id}":                         {action: exam.See},
	"GET /api/attempts/{id}":                      {action: exam.See},
	"GET /media/{attempt}/{file}":                 {action: exam.Review},
	"GET /api/attempts/{id}/events":               {action: exam.See},
	"GET /api/attempts/{id}/timeline":             {action: exam.Review},
	"POST /api/exams/{id}/attempts":               {action: exam.Manage},
	"POST /api/attempts/{id}/upload-token":        {action: exam.Upload},
	"POST /api/attempts/{id}/stages/{name}/retry": {action: exam.Upload},
	"POST /api/takes/{id}/stages/{name}/retry":    {action: exam.Upload},
	"DELETE /api/takes/{id}":                      {action: exam.Upload},
	"/files/":                                     {action: exam.Upload, bearer: true},
}

// staffOf is the person who asks; ok is false without a session.
func staffOf(ctx context.Context) (store.Staff, bool) {
	m, ok := ctx.Value(staffKey).(store.Staff)
	return m, ok
}

// authorized finds out who asks, and turns away those who must sign in first and those whose role does not allow the route.
func (s *Server) authorized(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, err := s.identified(r)
		if err != nil {
			s.writeError(w, r, fmt.Errorf("session: %w", err))
			return
		}
		_, pattern := mux.Handler(r)
		known, exists := access[pattern]
		staff, signedIn := staffOf(ctx)
		switch {
		case known.open, known.bearer && (r.Method == http.MethodOptions || hasBearer(r)):
		case !signedIn:
			writeProblem(w, http.StatusUnauthorized, "unauthorized", "sign in first")
			return
		case !exists, known.action != "" && !staff.Role.May(known.action):
			writeProblem(w, http.StatusForbidden, "forbidden", fmt.Sprintf("your role (%s) does not allow that; ask an administrator", staff.Role))
			return
		}
		mux.ServeHTTP(w, r.WithContext(ctx))
	})
}

// identified adds to a request's context where it comes from and who signed in there.
func (s *Server) identified(r *http.Request) (context.Context, error) {
	ctx := context.WithValue(r.Context(), addressKey, s.clientAddress(r))
	cookie, err := r.Cookie(cookieName)
	if err != nil || cookie.Value == "" {
		return ctx, nil
	}
	hash := hashToken(cookie.Value)
	staff, err := s.opts.Store.SessionStaff(ctx, hash, s.opts.Now())
	switch {
	case err == nil:
		return context.WithValue(context.WithValue(ctx, staffKey, staff), tokenKey, hash), nil
	case notFound(err):
		return ctx, nil
	default:
		return nil, err
	}
}

// stillMay asks again what a long answer was allowed by: sessions end, also on other servers, and roles change.
func (s *Server) stillMay(ctx context.Context, tokenHash string, action exam.Action) bool {
	staff, err := s.opts.Store.SessionStaff(ctx, tokenHash, s.opts.Now())
	return err == nil && staff.Role.May(action)
}

func hasBearer(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ")
}
