package redisd

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
)

// logWriter forwards redis-server's log lines. While the server starts and ends they are worth little (a good start alone
// prints three "warnings"), so that only what it warns of in between becomes a warning; the last lines are kept for the error
// of a start that fails.
type logWriter struct {
	log *slog.Logger

	mu      sync.Mutex
	partial []byte   // an unfinished line
	last    []string // newest last
	warn    bool
}

const keptLines = 5

// loud makes warnings of Redis warnings of ours, and forgets what it said of its start; quiet ends that.
func (w *logWriter) loud() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.warn, w.last = true, nil
}

func (w *logWriter) quiet() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.warn = false
}

// Write takes redis-server's output in pieces of any size.
func (w *logWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.partial = append(w.partial, p...)
	for {
		line, rest, found := bytes.Cut(w.partial, []byte("\n"))
		if !found {
			return len(p), nil
		}
		w.line(string(line))
		w.partial = append(w.partial[:0], rest...)
	}
}

// line forwards one line. Lines of the log proper are "pid:role date time mark message", with the mark # for a warning.
func (w *logWriter) line(line string) {
	line = strings.TrimSpace(line)
	if line == "" {
		return
	}
	message, level := line, slog.LevelDebug
	for _, mark := range []string{" # ", " * ", " - ", " . "} {
		if head, tail, found := strings.Cut(line, mark); found && strings.Contains(head, ":") {
			message = tail
			if mark == " # " && w.warn {
				level = slog.LevelWarn
			}
			break
		}
	}
	if w.last = append(w.last, message); len(w.last) > keptLines {
		w.last = w.last[1:]
	}
	w.log.Log(context.Background(), level, "redis-server: "+message)
}

// tail is what the server said last, as the end of an error's text.
func (w *logWriter) tail() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.last) == 0 {
		return ""
	}
	return "; it said: " + strings.Join(w.last, " | ")
}
