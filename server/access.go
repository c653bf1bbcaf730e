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
	originKey
	candidateKey
	phoneKey
)

// rule says who may use a route.
type rule struct {
	open   bool        // everybody
	action exam.Action // those whose role allows it; empty: everybody who is signed in
	bearer bool        // also who sends a token, which the route checks itself
	// candidate is for candidates who are signed in, and for nobody of staff; with an action, for both.
	candidate bool
	phone     bool // likewise for phones that were bound
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
	"/files/":                                     {action: exam.Upload, bearer: true, candidate: true, phone: true},
	"POST /api/attempts/{id}/login":               {action: exam.Assist},
	"POST /api/attempts/{id}/release":             {action: exam.Assist},
	"POST /api/attempts/{id}/waive":               {action: exam.Assist},
	"POST /api/attempts/{id}/answer":              {action: exam.Assist},
	"GET /api/attempts/{id}/log":                  {action: exam.Assist},
	"GET /api/attempts/{id}/pictures/{side}":      {action: exam.Assist},
	"GET /api/exams/{id}/candidates":              {action: exam.Assist},
	"GET /api/exams/{id}/events":                  {action: exam.Assist},
	"POST /api/attempts/{id}/grant":               {action: exam.Grant},
	"POST /api/attempts/{id}/readmit":             {action: exam.Grant},
	"POST /api/attempts/{id}/end":                 {action: exam.Grant},
	"GET /api/candidate/clock":                    {open: true},
	"GET /api/candidate/exams/{id}":               {open: true},
	"GET /api/candidate/probe":                    {open: true},
	"POST /api/candidate/probe":                   {open: true},
	"POST /api/candidate/login":                   {open: true},
	"DELETE /api/candidate/session":               {candidate: true},
	"GET /api/candidate/state":                    {candidate: true},
	"GET /api/candidate/live":                     {candidate: true},
	"POST /api/candidate/steps/{step}":            {candidate: true},
	"GET /api/candidate/attachments/{id}":         {candidate: true},
	"GET /api/candidate/questions":                {candidate: true},
	"POST /api/candidate/events":                  {candidate: true},
	"PUT /api/candidate/stills/{side}":            {candidate: true},
	"POST /api/candidate/help":                    {candidate: true},
	"GET /api/candidate/takes":                    {candidate: true},
	"PUT /api/candidate/takes/{take}/chain":       {candidate: true},
	"GET /api/candidate/takes/{take}/receipt":     {candidate: true},
	"POST /api/candidate/phone":                   {candidate: true},
	"GET /api/candidate/phone/still":              {candidate: true},
	"POST /api/phone/bind":                        {open: true},
	"DELETE /api/phone/session":                   {phone: true},
	"GET /api/phone/state":                        {phone: true},
	"GET /api/phone/live":                         {phone: true},
	"PUT /api/phone/status":                       {phone: true},
	"PUT /api/phone/still":                        {phone: true},
	"POST /api/phone/steps/{step}":                {phone: true},
	"POST /api/phone/events":                      {phone: true},
	"GET /api/phone/takes":                        {phone: true},
	"PUT /api/phone/takes/{take}/chain":           {phone: true},
	"GET /api/phone/takes/{take}/receipt":         {phone: true},
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
		_, isCandidate := candidateOf(ctx)
		_, isPhone := phoneOf(ctx)
		switch {
		case known.open, known.bearer && (r.Method == http.MethodOptions || hasBearer(r)), known.candidate && isCandidate, known.phone && isPhone:
		case known.phone && known.action == "":
			writeProblem(w, http.StatusUnauthorized, "unauthorized", "join with the code that the laptop shows first")
			return
		case known.candidate && known.action == "":
			writeProblem(w, http.StatusUnauthorized, "unauthorized", "sign in with ticket and identity number first")
			return
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
	ctx = context.WithValue(ctx, originKey, s.origin(r))
	ctx, err := s.withCandidate(ctx, r)
	if err != nil {
		return nil, err
	}
	if ctx, err = s.withPhone(ctx, r); err != nil {
		return nil, err
	}
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
