package server

import (
	"context"
	"net/http"
	"time"

	"github.com/trivue/trivue/store"
)

// phoneLive pushes a phone's state as it changes.
func (s *Server) phoneLive(w http.ResponseWriter, r *http.Request) {
	session, _ := phoneOf(r.Context())
	s.push(w, r, pushed{
		attemptID: session.AttemptID, session: session.TokenHash,
		check: func(ctx context.Context) (err error) {
			// It may have been replaced.
			session, err = s.opts.Store.PhoneSession(ctx, session.TokenHash, s.opts.Now())
			return err
		},
		read: func(ctx context.Context) (time.Time, func(*stream) bool, error) { return s.phoneLiveView(ctx, session) },
	})
}

// phoneLiveView reads what a phone's page shows. It gives when that changes by itself, and what sends it.
func (s *Server) phoneLiveView(ctx context.Context, session store.PhoneSession) (next time.Time, send func(*stream) bool, err error) {
	state, err := s.phoneState(ctx, session)
	if err != nil {
		return time.Time{}, nil, err
	}
	i, err := s.opts.Interviews.Load(ctx, session.AttemptID)
	if err != nil {
		return time.Time{}, nil, err
	}
	return i.Next(s.opts.Now()), func(out *stream) bool {
		known := state
		known.ServerTime = 0
		return out.send("state", state, known)
	}, nil
}
