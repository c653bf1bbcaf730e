package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/archive/disk"
	"github.com/trivue/trivue/server"
)

type answered struct {
	Status string
	Checks map[string]struct{ Status, Error string }
}

func ready(t *testing.T, handler http.Handler) (int, answered) {
	t.Helper()
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/readyz", nil))
	var a answered
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &a), w.Body.String())
	return w.Code, a
}

func TestReadinessNamesTheCheckThatFails(t *testing.T) {
	names := []string{"database", "redis", "archive", "disk"}
	for _, broken := range append([]string{""}, names...) {
		var checks []server.Check
		for _, name := range names {
			checks = append(checks, server.Check{Name: name, Do: func(context.Context) error {
				if name == broken {
					return errors.New("as asked")
				}
				return nil
			}})
		}
		code, a := ready(t, server.Operations(checks, server.QueueMetrics(func() ([]server.QueueDepth, error) { return nil, nil })))
		assert.Len(t, a.Checks, len(names))
		if broken == "" {
			assert.Equal(t, http.StatusOK, code)
			assert.Equal(t, "ready", a.Status)
			continue
		}
		assert.Equal(t, http.StatusServiceUnavailable, code, broken)
		assert.Equal(t, "not-ready", a.Status)
		for _, name := range names {
			if name == broken {
				assert.Equal(t, "failed", a.Checks[name].Status)
				assert.Equal(t, "as asked", a.Checks[name].Error)
			} else {
				assert.Equal(t, "ok", a.Checks[name].Status)
			}
		}
	}
}

func TestACheckThatHangsHoldsUpNothing(t *testing.T) {
	begun, release := make(chan struct{}, 10), make(chan struct{})
	handler := server.Ready([]server.Check{
		{Name: "hangs", Do: func(context.Context) error { begun <- struct{}{}; <-release; return nil }},
		{Name: "well", Do: func(context.Context) error { return nil }},
	}, 10*time.Millisecond)
	for range 3 {
		code, a := ready(t, handler)
		assert.Equal(t, http.StatusServiceUnavailable, code)
		assert.Equal(t, "failed", a.Checks["hangs"].Status)
		assert.Equal(t, "ok", a.Checks["well"].Status)
	}
	assert.Len(t, begun, 1, "it is not begun again while it hangs")
	close(release)
}

func TestFreeSpaceIsChecked(t *testing.T) {
	require.NoError(t, server.FreeSpace(t.TempDir(), 1).Do(t.Context()))
	assert.ErrorContains(t, server.FreeSpace(t.TempDir(), 1<<62).Do(t.Context()), "make room")
	assert.Error(t, server.FreeSpace(filepath.Join(t.TempDir(), "none"), 1).Do(t.Context()))
}

func TestAnArchiveThatIsNotMountedIsNotReady(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "objects")
	objects, err := disk.Open(folder)
	require.NoError(t, err)
	check := server.ArchiveReady(objects)
	require.NoError(t, check.Do(t.Context()))
	require.NoError(t, check.Do(t.Context()), "a second time finds what the first has put there")
	require.NoError(t, os.RemoveAll(folder))
	require.NoError(t, os.Mkdir(folder, 0o750)) // as an empty mount point is
	assert.Error(t, check.Do(t.Context()))
}

func TestMetrics(t *testing.T) {
	server.ObserveStage("inspect", "finished", time.Second)
	scrape := func(depths []server.QueueDepth, err error) (int, string) {
		w := httptest.NewRecorder()
		server.Operations(nil, server.QueueMetrics(func() ([]server.QueueDepth, error) { return depths, err })).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		return w.Code, w.Body.String()
	}
	code, text := scrape([]server.QueueDepth{{Queue: "stages", State: "waiting", Tasks: 3}}, nil)
	assert.Equal(t, http.StatusOK, code)
	assert.Contains(t, text, `trivue_queue_tasks{queue="stages",state="waiting"} 3`)
	assert.Contains(t, text, `trivue_stage_run_seconds_count{outcome="finished",stage="inspect"}`)
	code, text = scrape(nil, errors.New("redis is away"))
	assert.Equal(t, http.StatusOK, code, "the other metrics are given all the same")
	assert.NotContains(t, text, "trivue_queue_tasks{")
	assert.Contains(t, text, "trivue_stage_run_seconds_count")
}

func TestProfilesAreForThisMachine(t *testing.T) {
	for from, want := range map[string]int{"127.0.0.1:5": http.StatusOK, "[::1]:5": http.StatusOK, "192.0.2.1:5": http.StatusForbidden, "@": http.StatusForbidden} {
		r := httptest.NewRequest(http.MethodGet, "/debug/pprof/", nil)
		r.RemoteAddr = from
		w := httptest.NewRecorder()
		server.Operations(nil, server.QueueMetrics(func() ([]server.QueueDepth, error) { return nil, nil })).ServeHTTP(w, r)
		assert.Equal(t, want, w.Code, from)
	}
}
