package server

import (
	"context"
	"net/http"
	"time"
)

// pushed is what the page of a candidate, or of the candidate's phone, is sent as it changes.
type pushed struct {
	attemptID string
	session   string // hash of its token
	// check gives an error where the session has ended, also on another server.
	check func(ctx context.Context) error
	// read gives what the page shows, when that changes by itself, and what sends it.
	read func(ctx context.Context) (next time.Time, send func(*stream) bool, err error)
	// said wakes for what tell sends alone; both are nil where there is nothing of the kind.
	said <-chan struct{}
	tell func(out *stream) bool
}

// push sends it, whatever has changed it: somebody's doing, or the time.
func (s *Server) push(w http.ResponseWriter, r *http.Request, p pushed) {
	ctx := r.Context()
	changed, stop := s.opts.Hub.watch(courseOf(p.attemptID))
	defer stop()
	ended, stopSession := s.sessions.watch(p.session)
	defer stopSession()
	// Whatever can fail must fail before the stream begins, or the page would not be told.
	next, send, err := p.read(ctx)
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
		moment, beats := s.until(next), false
		select {
		case <-ctx.Done():
			return
		case <-s.ending:
			return
		case <-ended:
			out.send("bye", struct{}{}, nil)
			return
		case <-p.said:
			// Every few seconds, and nothing else with it.
			if !pause(ctx, coalesce) || !p.tell(out) {
				return
			}
			continue
		case <-beat.C:
			beats = true
		case <-moment:
		case <-changed:
			if !pause(ctx, coalesce) {
				return
			}
		}
		if err := p.check(ctx); err != nil {
			if notFound(err) {
				out.send("bye", struct{}{}, nil)
			}
			return
		}
		if beats && !out.send("beat", clockView{s.opts.Now().UnixMicro()}, nil) {
			return
		}
		if next, send, err = p.read(ctx); err != nil || !send(out) {
			return
		}
	}
}
