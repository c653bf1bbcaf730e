package server

import (
	"context"
	"net/http"
	"time"

	"github.com/trivue/trivue/store"
)

// live pushes a candidate's state and questions as they change, and what the phone says.
func (s *Server) live(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	session, _ := candidateOf(ctx)
	phoned, stop := s.phones.told.watch(session.AttemptID)
	defer stop()
	s.push(w, r, pushed{
		attemptID: session.AttemptID, session: session.TokenHash,
		check: func(ctx context.Context) error {
			_, err := s.opts.Store.CandidateSession(ctx, session.TokenHash, s.opts.Now())
			return err
		},
		read: func(ctx context.Context) (time.Time, func(*stream) bool, error) { return s.liveViews(ctx, session) },
		said: phoned,
		tell: func(out *stream) bool { return s.sendPhone(ctx, out, session.AttemptID) },
	})
}

// liveViews reads what a candidate's page shows. It gives when that changes by itself, and what sends it.
func (s *Server) liveViews(ctx context.Context, session store.CandidateSession) (next time.Time, send func(*stream) bool, err error) {
	state, err := s.state(ctx, session.AttemptID)
	if err != nil {
		return time.Time{}, nil, err
	}
	paper, err := s.paper(ctx, session.AttemptID)
	if err != nil {
		return time.Time{}, nil, err
	}
	i, err := s.opts.Interviews.Load(ctx, session.AttemptID)
	if err != nil {
		return time.Time{}, nil, err
	}
	return i.Next(s.opts.Now()), func(out *stream) bool {
		knownState, knownPaper := state, paper
		knownState.ServerTime, knownPaper.ServerTime = 0, 0
		if knownState.Phone != nil {
			lasting := *knownState.Phone
			lasting.Bound = lasting.Bound.lasting()
			knownState.Phone = &lasting
		}
		return out.send("state", state, knownState) && out.send("questions", paper, knownPaper)
	}, nil
}

// sendPhone sends what the phone of an attempt has said.
func (s *Server) sendPhone(ctx context.Context, out *stream, attemptID string) bool {
	attempt, err := s.opts.Store.Attempt(ctx, attemptID)
	if err != nil {
		return false
	}
	bound, err := s.boundPhone(ctx, attempt)
	return err == nil && (bound == nil || out.send("phone", bound, bound))
}

// until gives a channel that is told at a moment of the server's clock; never where there is none. It may come early by a clock that is
// set back, never late by more than a minute.
func (s *Server) until(moment time.Time) <-chan time.Time {
	if moment.IsZero() {
		return nil
	}
	return time.After(min(max(moment.Sub(s.opts.Now()), 0), time.Minute))
}
