package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/trivue/trivue/store"
)

// cookieName is the session's cookie. The prefix would make browsers refuse it without TLS, so it has none.
const cookieName = "trivue_session"

type contextKey int

const (
	staffKey contextKey = iota
	tokenKey
	requestKey
	addressKey
)

// staffOf is the person who asks; ok is false without a session.
func staffOf(ctx context.Context) (store.Staff, bool) {
	m, ok := ctx.Value(staffKey).(store.Staff)
	return m, ok
}

// authenticated finds out who asks, and turns away those who must sign in first.
func (s *Server) authenticated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := context.WithValue(r.Context(), addressKey, addressOf(r))
		if cookie, err := r.Cookie(cookieName); err == nil && cookie.Value != "" {
			hash := hashToken(cookie.Value)
			staff, err := s.opts.Store.SessionStaff(ctx, hash, s.opts.Now())
			switch {
			case err == nil:
				ctx = context.WithValue(context.WithValue(ctx, staffKey, staff), tokenKey, hash)
			case !notFound(err):
				s.writeError(w, r, fmt.Errorf("session: %w", err))
				return
			}
		}
		if _, ok := staffOf(ctx); !ok && needsSession(r) {
			writeProblem(w, http.StatusUnauthorized, "unauthorized", "sign in first")
			return
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// needsSession is every part of the API and all media. Uploads authorise by themselves, since programs bring tokens.
func needsSession(r *http.Request) bool {
	path := r.URL.Path
	if path == "/api/session" {
		return r.Method != http.MethodPost
	}
	return strings.HasPrefix(path, "/api/") || strings.HasPrefix(path, "/media/")
}

func addressOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

type person struct {
	Name string `json:"name"`
	Role string `json:"role" enum:"admin,staff"`
}

type login struct {
	Body struct {
		Name     string `json:"name" minLength:"1" maxLength:"100"`
		Password string `json:"password" minLength:"1" maxLength:"1000"`
	}
}

type loggedIn struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      person
}

type body[T any] struct{ Body T }

func (s *Server) registerSession(api huma.API) {
	huma.Register(api, huma.Operation{OperationID: "login", Method: http.MethodPost, Path: "/api/session", Summary: "Sign in",
		Description: "Gives a cookie that later requests must carry.", Tags: []string{"session"}},
		func(ctx context.Context, in *login) (*loggedIn, error) {
			out, err := s.login(ctx, in.Body.Name, in.Body.Password)
			return out, s.fail(ctx, err)
		})
	huma.Register(api, huma.Operation{OperationID: "whoami", Method: http.MethodGet, Path: "/api/session", Summary: "Who is signed in", Tags: []string{"session"}},
		func(ctx context.Context, _ *struct{}) (*body[person], error) {
			staff, _ := staffOf(ctx)
			return &body[person]{person{staff.Name, staff.Role}}, nil
		})
	huma.Register(api, huma.Operation{OperationID: "logout", Method: http.MethodDelete, Path: "/api/session", Summary: "Sign out", Tags: []string{"session"}, DefaultStatus: http.StatusNoContent},
		func(ctx context.Context, _ *struct{}) (*struct {
			SetCookie http.Cookie `header:"Set-Cookie"`
		}, error) {
			hash, _ := ctx.Value(tokenKey).(string)
			if err := s.opts.Store.DeleteSession(ctx, hash); err != nil && !notFound(err) {
				return nil, s.fail(ctx, err)
			}
			return &struct {
				SetCookie http.Cookie `header:"Set-Cookie"`
			}{s.cookie("", -1)}, nil
		})
}

func (s *Server) cookie(value string, maxAge int) http.Cookie {
	return http.Cookie{Name: cookieName, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: s.opts.Secure}
}

// noSuchLogin is verified against where the name is unknown, so that the time that it takes does not tell which names exist.
const noSuchLogin = "$argon2id$v=19$m=65536,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

func (s *Server) login(ctx context.Context, name, password string) (*loggedIn, error) {
	address, _ := ctx.Value(addressKey).(string)
	key := address + " " + name
	if wait := s.logins.begin(key); wait > 0 {
		return nil, newProblem(http.StatusTooManyRequests, fmt.Sprintf("too many failed attempts; try again in %d seconds", int(wait.Seconds())+1))
	}
	staff, err := s.opts.Store.StaffByName(ctx, name)
	hash := staff.PasswordHash
	if errors.Is(err, store.ErrNotFound) {
		hash = noSuchLogin
	} else if err != nil {
		return nil, err
	}
	right, err := checkPassword(ctx, hash, password)
	if err != nil {
		return nil, err
	}
	if !right || staff.ID == "" {
		return nil, newProblem(http.StatusUnauthorized, "name or password is wrong")
	}
	s.logins.succeeded(key)
	token, now := newToken(), s.opts.Now()
	if err := s.opts.Store.CreateSession(ctx, store.Session{TokenHash: hashToken(token), StaffID: staff.ID, CreatedAt: now, ExpiresAt: now.Add(sessionLength)}); err != nil {
		return nil, err
	}
	return &loggedIn{SetCookie: s.cookie(token, int(sessionLength.Seconds())), Body: person{staff.Name, staff.Role}}, nil
}
