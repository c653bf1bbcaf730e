package server

import (
	"net/http"
	"sync"
	"time"

	"github.com/trivue/trivue/exam"
)

// Hub tells the pages that are open which attempt has changed. Changes that come while a page is being told are one.
type Hub struct {
	mu       sync.Mutex
	watchers map[string]map[chan struct{}]struct{} // by what is watched; each channel has room for one
}

// NewHub makes a Hub.
func NewHub() *Hub { return &Hub{watchers: map[string]map[chan struct{}]struct{}{}} }

// AttemptChanged wakes everybody who watches an attempt, or all of them. It does not block.
func (h *Hub) AttemptChanged(attemptID string) {
	h.tell(attemptID)
	h.tell(allAttempts)
}

// CourseChanged wakes, besides those of AttemptChanged, the candidate of an attempt: something of what the candidate's page shows has changed.
// That an upload grew has not: with hundreds of candidates who send something every second, reading everything anew for each of them would
// leave no time for the uploads themselves.
func (h *Hub) CourseChanged(attemptID string) {
	h.tell(courseOf(attemptID))
	h.AttemptChanged(attemptID)
}

func courseOf(attemptID string) string { return "course " + attemptID }

// Courses is the hub for those who change courses: its AttemptChanged is CourseChanged.
type Courses struct{ *Hub }

// AttemptChanged tells the candidate too.
func (c Courses) AttemptChanged(attemptID string) { c.CourseChanged(attemptID) }

// allAttempts is watched by who wants to be told of every attempt.
const allAttempts = ""

func (h *Hub) tell(key string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.watchers[key] {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

func (h *Hub) watch(key string) (changed <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.watchers[key] == nil {
		h.watchers[key] = map[chan struct{}]struct{}{}
	}
	h.watchers[key][c] = struct{}{}
	return c, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.watchers[key], c)
		if len(h.watchers[key]) == 0 {
			delete(h.watchers, key)
		}
	}
}

const (
	beatEvery   = 15 * time.Second       // an event, not a comment: a page must be able to see that it is not cut off
	writeWithin = 30 * time.Second       // a reader that takes nothing for this long is gone
	coalesce    = 200 * time.Millisecond // at most five states a second
)

// events streams an attempt's state (server-sent events, WHATWG HTML 9.2): the whole of it at once and after each change, so that a
// page that was cut off needs nothing but the next event. It ends with the session that it was asked for in.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	ctx := r.Context()
	changed, stop := s.opts.Hub.watch(id)
	defer stop()
	session, _ := ctx.Value(tokenKey).(string)
	signedOut, stopSession := s.sessions.watch(session)
	defer stopSession()
	view, err := s.attempt(ctx, id)
	if err != nil {
		s.writeError(w, r, err)
		return
	}
	out := newStream(w)
	if !out.send("attempt", view, view) {
		return
	}
	beat := time.NewTicker(s.opts.BeatEvery)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.ending:
			return
		case <-signedOut:
			return
		case <-beat.C:
			if !out.send("beat", struct{}{}, nil) {
				return
			}
		case <-changed:
			if !pause(ctx, coalesce) {
				return
			}
		}
		if !s.stillMay(ctx, session, exam.See) {
			return
		}
		// Also at a sign of life: the word of what another process has changed may have been lost.
		if view, err = s.attempt(ctx, id); err != nil || !out.send("attempt", view, view) {
			return
		}
	}
}
