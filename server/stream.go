package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
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
