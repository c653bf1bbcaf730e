package server

import (
	"context"
	"net/http"
	"time"

	"github.com/trivue/trivue/store"
)

// live pushes a candidate's state and questions as they change, by whatever: somebody's doing, or the time.
func (s *Server) live(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	session, _ := candidateOf(ctx)
	changed, stop := s.opts.Hub.watch(session.AttemptID)
	defer stop()
	phoned, stopPhone := s.phones.told.watch(session.AttemptID)
	defer stopPhone()
	ended, stopSession := s.sessions.watch(session.TokenHash)
	defer stopSession()
	// Whatever can fail must fail before the stream begins, or the page would not be told.
	next, send, err := s.liveViews(ctx, session)
	if err != nil {
		s.writeError(w, r, err)
		return
	}
	out := newStream(w)
	if !send(out) {
		return
	}
	beat := time.NewTicker(s.opts.BeatEvery)
	defer beat.Stop()
	for {
		moment := s.until(next)
		select {
		case <-ctx.Done():
			return
		case <-s.ending:
			return
		case <-ended:
			out.send("bye", struct{}{}, nil)
			return
		case <-beat.C:
			// Sessions also end on other servers.
			if _, err := s.opts.Store.CandidateSession(ctx, session.TokenHash, s.opts.Now()); err != nil {
				if notFound(err) {
					out.send("bye", struct{}{}, nil)
				}
				return
			}
			if !out.send("beat", clockView{s.opts.Now().UnixMicro()}, nil) {
				return
			}
		case <-phoned:
			// Every few seconds, and nothing else with it.
			if !pause(ctx, coalesce) || !s.sendPhone(ctx, out, session.AttemptID) {
				return
			}
			continue
		case <-moment:
		case <-changed:
			if !pause(ctx, coalesce) {
				return
			}
		}
		if next, send, err = s.liveViews(ctx, session); err != nil || !send(out) {
			return
		}
	}
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
