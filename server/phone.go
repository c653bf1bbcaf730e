package server

import (
	"context"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/danielgtaylor/huma/v2"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/store"
)

// phoneCookie is the session's cookie of a phone; see docs/phone.md.
const phoneCookie = "trivue_phone"

// phoneSessionLength is how long a phone may send what it holds: as long as an upload waits for its sender.
const phoneSessionLength = 7 * 24 * time.Hour

// How many codes an address may try, and how often an attempt's phone may change: at once, and per second after that. A whole examination room
// may be behind one address; at this pace a code that is valid is found in ten thousand years.
const (
	codeTryRate    = 1
	codeTryAtOnce  = 200
	bindingRate    = 1.0 / 60
	bindingsAtOnce = 10
)

// What a phone may say of itself, at once and per second after that: a status or a picture every 2.5 seconds, and more where much changes.
const (
	phoneNewsRate   = 2
	phoneNewsAtOnce = 60
)

// phoneSide is what the server keeps of phones besides their rows.
type phoneSide struct {
	heard    heardPhones
	told     *Hub     // of what phones say of themselves
	tries    *budgets // of codes, by address
	bindings *budgets // by attempt
	news     *budgets // status and pictures, by attempt
}

func newPhoneSide(now func() time.Time) phoneSide {
	return phoneSide{told: NewHub(), tries: newBudgets(codeTryRate, codeTryAtOnce, now), bindings: newBudgets(bindingRate, bindingsAtOnce, now), news: newBudgets(phoneNewsRate, phoneNewsAtOnce, now)}
}

// phoneOf is the phone's session in which a request was made.
func phoneOf(ctx context.Context) (store.PhoneSession, bool) {
	p, ok := ctx.Value(phoneKey).(store.PhoneSession)
	return p, ok
}

// SaysPhone reports whether a request for /files/ is a phone's: a browser may have the laptop's session as well.
func SaysPhone(r *http.Request) bool { return r.Header.Get("Trivue-As") == "phone" }

// withPhone adds to a request's context which phone asks, where it is one.
func (s *Server) withPhone(ctx context.Context, r *http.Request) (context.Context, error) {
	if !strings.HasPrefix(r.URL.Path, "/api/phone/") && !SaysPhone(r) {
		return ctx, nil
	}
	cookie, err := r.Cookie(phoneCookie)
	if err != nil || cookie.Value == "" {
		return ctx, nil
	}
	session, err := s.opts.Store.PhoneSession(ctx, hashToken(cookie.Value), s.opts.Now())
	switch {
	case err == nil:
		return context.WithValue(ctx, phoneKey, session), nil
	case notFound(err):
		return ctx, nil
	default:
		return nil, err
	}
}

// PhoneGrant gives the attempt of the phone that asks, also of one that was replaced: it may send what it has recorded. Ok is false for
// everybody else.
func (s *Server) PhoneGrant(r *http.Request) (attemptID string, ok bool) {
	session, ok := phoneOf(r.Context())
	return session.AttemptID, ok
}

func (s *Server) phoneCookie(value string, maxAge int) http.Cookie {
	return http.Cookie{Name: phoneCookie, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: s.opts.Secure}
}

// filming is the session of the phone that asks, refused where another one has taken over.
func filming(ctx context.Context) (store.PhoneSession, error) {
	session, _ := phoneOf(ctx)
	if !session.ReplacedAt.IsZero() {
		return session, exam.Refusal{Code: exam.Elsewhere, Detail: "another phone has taken over"}
	}
	return session, nil
}

type phoneBind struct {
	Agent string `header:"User-Agent"`
	Body  struct {
		Code string `json:"code" minLength:"1" maxLength:"100"`
	}
}

type phoneBound struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      phoneStateView
}

type phoneForgotten struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
}

func (s *Server) registerPhone(api huma.API) {
	tags := []string{"phone"}
	huma.Register(api, huma.Operation{OperationID: "phone-bind", Method: http.MethodPost, Path: "/api/phone/bind", Summary: "Join an attempt as its phone", Tags: tags,
		Description: "Uses the code up, and gives a cookie that later requests must carry. A phone that was there is replaced.", DefaultStatus: http.StatusCreated},
		func(ctx context.Context, in *phoneBind) (*phoneBound, error) {
			out, err := s.bindPhone(ctx, in)
			return out, s.fail(ctx, err)
		})
	huma.Register(api, huma.Operation{OperationID: "phone-forget", Method: http.MethodDelete, Path: "/api/phone/session", Summary: "Forget this phone", Tags: tags, DefaultStatus: http.StatusNoContent},
		func(ctx context.Context, _ *struct{}) (*phoneForgotten, error) {
			session, _ := phoneOf(ctx)
			return &phoneForgotten{s.phoneCookie("", -1)}, s.fail(ctx, s.forgetPhone(ctx, session))
		})
	huma.Register(api, huma.Operation{OperationID: "phone-state", Method: http.MethodGet, Path: "/api/phone/state", Summary: "How far the attempt and its phone are", Tags: tags},
		func(ctx context.Context, _ *struct{}) (*uncached[phoneStateView], error) {
			session, _ := phoneOf(ctx)
			view, err := s.phoneState(ctx, session)
			return &uncached[phoneStateView]{noStore, view}, s.fail(ctx, err)
		})
	huma.Register(api, huma.Operation{OperationID: "phone-step", Method: http.MethodPost, Path: "/api/phone/steps/{step}", Summary: "Do a step of the phone", Tags: tags},
		func(ctx context.Context, in *phoneStepRequest) (*uncached[phoneStateView], error) {
			view, err := s.doPhoneStep(ctx, in)
			return &uncached[phoneStateView]{noStore, view}, s.fail(ctx, err)
		})
	huma.Register(api, huma.Operation{OperationID: "phone-events", Method: http.MethodPost, Path: "/api/phone/events", Summary: "Report events", Tags: tags, MaxBodyBytes: 2 << 20},
		func(ctx context.Context, in *reportRequest) (*body[reportView], error) {
			session, _ := phoneOf(ctx)
			view, err := s.report(ctx, session.AttemptID, "phone", in.Body)
			return &body[reportView]{view}, s.fail(ctx, err)
		})
	huma.Register(api, huma.Operation{OperationID: "phone-status", Method: http.MethodPut, Path: "/api/phone/status", Summary: "Say what the phone sees of itself", Tags: tags, DefaultStatus: http.StatusNoContent,
		MaxBodyBytes: largestPhoneStatus},
		func(ctx context.Context, in *phoneStatusRequest) (*struct{}, error) {
			return nil, s.fail(ctx, s.hearPhone(ctx, in.Body))
		})
}

// bindPhone uses a code up for the phone that asks.
func (s *Server) bindPhone(ctx context.Context, in *phoneBind) (*phoneBound, error) {
	address, _ := ctx.Value(addressKey).(string)
	if wait := s.phones.tries.take(address, 1); wait > 0 {
		return nil, slowDown(wait, "too many codes were tried")
	}
	wrong := &apiError{Status: http.StatusNotFound, Title: http.StatusText(http.StatusNotFound), Code: string(exam.Unknown), Detail: "the code is wrong, used, or too old; take the one that the laptop shows now"}
	code, ok := readCode(in.Body.Code)
	if !ok {
		return nil, wrong
	}
	found, err := s.opts.Store.PhoneCode(ctx, code, s.opts.Now())
	if notFound(err) {
		return nil, wrong
	}
	if err != nil {
		return nil, err
	}
	if wait := s.phones.bindings.take(found.AttemptID, 1); wait > 0 {
		return nil, slowDown(wait, "the phone was changed too often")
	}
	token := newToken()
	session, err := s.opts.Interviews.BindPhone(ctx, code, truncate(in.Agent, 500), store.PhoneSession{TokenHash: hashToken(token), ExpiresAt: s.opts.Now().Add(phoneSessionLength)})
	if notFound(err) {
		return nil, wrong
	}
	if err != nil {
		return nil, err
	}
	// What was there is of the phone before.
	s.phones.heard.forget(session.AttemptID)
	if err := s.opts.Previews.Remove(session.AttemptID); err != nil {
		s.opts.Log.WarnContext(ctx, "a phone's preview could not be removed", "attempt", session.AttemptID, "error", err)
	}
	view, err := s.phoneState(ctx, session)
	return &phoneBound{SetCookie: s.phoneCookie(token, int(phoneSessionLength.Seconds())), Body: view}, err
}

// readCode gives a code as it is kept, however it was typed; full-width characters are what Chinese keyboards write.
func readCode(typed string) (string, bool) {
	code := strings.Map(func(r rune) rune {
		if r >= '！' && r <= '～' {
			r -= '！' - '!'
		}
		switch {
		case unicode.IsSpace(r), unicode.Is(unicode.Pd, r):
			return -1
		}
		return unicode.ToUpper(r)
	}, typed)
	return code, len(code) == codeLength && strings.Trim(code, codeCharacters) == ""
}

// forgetPhone ends a phone's session. The attempt stays without a phone until another one joins.
func (s *Server) forgetPhone(ctx context.Context, session store.PhoneSession) error {
	if err := s.opts.Store.DeletePhoneSession(ctx, session.TokenHash); err != nil {
		return err
	}
	s.sessions.tell(session.TokenHash)
	return s.opts.Interviews.Note(ctx, session.AttemptID, exam.Happening{Source: "phone", Kind: exam.EventPhoneForgotten, Data: struct {
		Replaced bool `json:"replaced"`
	}{!session.ReplacedAt.IsZero()}})
}
