package server

import (
	"context"
	"net/http"
	"time"

	"github.com/trivue/trivue/store"
)

// phoneLive pushes a phone's state as it changes, by whatever: somebody's doing, or the time.
func (s *Server) phoneLive(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	session, _ := phoneOf(ctx)
	changed, stop := s.opts.Hub.watch(session.AttemptID)
	defer stop()
	ended, stopSession := s.sessions.watch(session.TokenHash)
	defer stopSession()
	// Whatever can fail must fail before the stream begins, or the page would not be told.
	next, send, err := s.phoneLiveView(ctx, session)
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
			if !out.send("beat", clockView{s.opts.Now().UnixMicro()}, nil) {
				return
			}
		case <-moment:
		case <-changed:
			if !pause(ctx, coalesce) {
				return
			}
		}
		// It may have been replaced, and sessions also end on other servers.
		if session, err = s.opts.Store.PhoneSession(ctx, session.TokenHash, s.opts.Now()); err != nil {
			if notFound(err) {
				out.send("bye", struct{}{}, nil)
			}
			return
		}
		if next, send, err = s.phoneLiveView(ctx, session); err != nil || !send(out) {
			return
		}
	}
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
