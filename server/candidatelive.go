package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/trivue/trivue/store"
)

// stream writes server-sent events. Every write has a deadline: who takes nothing is gone.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	last    map[string][]byte // by event: what the reader has
}

func newStream(w http.ResponseWriter) *stream {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	return &stream{w: w, control: http.NewResponseController(w), last: map[string][]byte{}}
}

// send writes an event, and reports whether the reader is still there. Known is what the event is compared by, so that nothing is sent
// twice; nil sends in any case.
func (s *stream) send(event string, data, known any) bool {
	if known != nil {
		same, err := json.Marshal(known)
		if err != nil {
			return false
		}
		if bytes.Equal(same, s.last[event]) {
			return true
		}
		s.last[event] = same
	}
	text, err := json.Marshal(data)
	if err != nil {
		return false
	}
	_ = s.control.SetWriteDeadline(time.Now().Add(writeWithin))
	if _, err := fmt.Fprintf(s.w, "event: %s\ndata: %s\n\n", event, text); err != nil {
		return false
	}
	return s.control.Flush() == nil
}

// live pushes a candidate's state and questions as they change, by whatever: somebody's doing, or the time.
func (s *Server) live(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	session, _ := candidateOf(ctx)
	changed, stop := s.opts.Hub.watch(session.AttemptID)
	defer stop()
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
		return out.send("state", state, knownState) && out.send("questions", paper, knownPaper)
	}, nil
}

// until gives a channel that is told at a moment of the server's clock; never where there is none. It may come early by a clock that is
// set back, never late by more than a minute.
func (s *Server) until(moment time.Time) <-chan time.Time {
	if moment.IsZero() {
		return nil
	}
	return time.After(min(max(moment.Sub(s.opts.Now()), 0), time.Minute))
}

// pause waits, and reports false where the request ends before.
func pause(ctx context.Context, length time.Duration) bool {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
