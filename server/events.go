package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Hub tells the pages that are open which attempt has changed. Changes that come while a page is being told are one.
type Hub struct {
	mu       sync.Mutex
	watchers map[string]map[chan struct{}]struct{} // by attempt; each channel has room for one
}

// NewHub makes a Hub.
func NewHub() *Hub { return &Hub{watchers: map[string]map[chan struct{}]struct{}{}} }

// AttemptChanged wakes everybody who watches an attempt. It does not block.
func (h *Hub) AttemptChanged(attemptID string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.watchers[attemptID] {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

func (h *Hub) watch(attemptID string) (changed <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.watchers[attemptID] == nil {
		h.watchers[attemptID] = map[chan struct{}]struct{}{}
	}
	h.watchers[attemptID][c] = struct{}{}
	return c, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.watchers[attemptID], c)
		if len(h.watchers[attemptID]) == 0 {
			delete(h.watchers, attemptID)
		}
	}
}

const (
	heartbeat   = 15 * time.Second       // an event, not a comment: a page must be able to see that it is not cut off
	writeWithin = 30 * time.Second       // a reader that takes nothing for this long is gone
	coalesce    = 200 * time.Millisecond // at most five states a second
)

// events streams an attempt's state (server-sent events, WHATWG HTML 9.2): the whole of it at once and after each change, so that a
// page that was cut off needs nothing but the next event.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	ctx := r.Context()
	changed, stop := s.opts.Hub.watch(id)
	defer stop()
	view, err := s.attempt(ctx, id)
	if err != nil {
		s.writeError(w, r, err)
		return
	}
	control := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no")
	var last []byte
	send := func(view attemptView) bool {
		data, err := json.Marshal(view)
		if err != nil || bytes.Equal(data, last) {
			return err == nil
		}
		last = data
		_ = control.SetWriteDeadline(time.Now().Add(writeWithin))
		if _, err := fmt.Fprintf(w, "event: attempt\ndata: %s\n\n", data); err != nil {
			return false
		}
		return control.Flush() == nil
	}
	if !send(view) {
		return
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.ending:
			return
		case <-beat.C:
			_ = control.SetWriteDeadline(time.Now().Add(writeWithin))
			if _, err := fmt.Fprint(w, "event: beat\ndata: {}\n\n"); err != nil || control.Flush() != nil {
				return
			}
		case <-changed:
			pause := time.NewTimer(coalesce)
			select {
			case <-pause.C:
			case <-ctx.Done():
				pause.Stop()
				return
			}
			if view, err = s.attempt(ctx, id); err != nil || !send(view) {
				return
			}
		}
	}
}
