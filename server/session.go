package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/store"
)

// cookieName is the session's cookie. The prefix would make browsers refuse it without TLS, so it has none.
const cookieName = "trivue_session"

type person struct {
	Name string        `json:"name"`
	Role exam.Role     `json:"role" enum:"admin,invigilator,reviewer"`
	May  []exam.Action `json:"may" enum:"see,review,upload,manage,assist,grant" doc:"What the role allows."`
}

func viewPerson(m store.Staff) person { return person{m.Name, m.Role, m.Role.Allowed()} }

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
			return &body[person]{viewPerson(staff)}, nil
		})
	huma.Register(api, huma.Operation{OperationID: "logout", Method: http.MethodDelete, Path: "/api/session", Summary: "Sign out", Tags: []string{"session"}, DefaultStatus: http.StatusNoContent},
		func(ctx context.Context, _ *struct{}) (*struct {
			SetCookie http.Cookie `header:"Set-Cookie"`
		}, error) {
			hash, _ := ctx.Value(tokenKey).(string)
			if err := s.opts.Store.DeleteSession(ctx, hash); err != nil && !notFound(err) {
				return nil, s.fail(ctx, err)
			}
			s.sessions.tell(hash)
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
	if wait, _ := s.logins.begin(key); wait > 0 {
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
	return &loggedIn{SetCookie: s.cookie(token, int(sessionLength.Seconds())), Body: viewPerson(staff)}, nil
}
