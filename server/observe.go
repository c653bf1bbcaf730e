package server

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
)

// recorder notes the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(b)
	r.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// observed logs and counts requests, numbers them, and turns a panic into an answer.
func (s *Server) observed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := rand.Text()[:12]
		w.Header().Set("X-Request-Id", id)
		rec := &recorder{ResponseWriter: w}
		started := s.opts.Now()
		defer func() {
			if v := recover(); v != nil {
				if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
					panic(v)
				}
				s.opts.Log.Error("panic in a request", "request", id, "path", r.URL.Path, "panic", v, "stack", string(debug.Stack()))
				if rec.status == 0 {
					writeProblem(rec, http.StatusInternalServerError, "internal", "something went wrong on the server; the request's number is "+id)
				}
			}
			took := s.opts.Now().Sub(started)
			area := areaOf(r.URL.Path)
			requests.WithLabelValues(area, r.Method, statusClass(rec.status)).Observe(took.Seconds())
			level := slog.LevelDebug
			if area != "pages" {
				level = slog.LevelInfo
			}
			s.opts.Log.Log(r.Context(), level, "request", "method", r.Method, "path", r.URL.Path, "status", rec.status, "bytes", rec.bytes, "took", took.Round(time.Microsecond), "request", id)
		}()
		next.ServeHTTP(rec, r.WithContext(context.WithValue(r.Context(), requestKey, id)))
	})
}

func requestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey).(string)
	return id
}

func areaOf(path string) string {
	for _, area := range []string{"api", "files", "media"} {
		if strings.HasPrefix(path, "/"+area+"/") {
			return area
		}
	}
	return "pages"
}

func statusClass(status int) string {
	if status == 0 {
		return "none"
	}
	return string(rune('0'+status/100)) + "xx"
}
