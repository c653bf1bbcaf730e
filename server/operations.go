package server

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Operations handles what operators and their programs ask for; it belongs on a listener of its own, not on the public one.
// What gatherer knows is shown besides the metrics of the process.
func Operations(checks []Check, gatherer prometheus.Gatherer) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(prometheus.Gatherers{prometheus.DefaultGatherer, gatherer}, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}))
	mux.HandleFunc("GET /healthz", Healthy)
	mux.HandleFunc("GET /readyz", Ready(checks, checkWithin))
	mux.Handle("GET /debug/pprof/", fromHere(http.HandlerFunc(pprof.Index)))
	mux.Handle("GET /debug/pprof/profile", fromHere(http.HandlerFunc(pprof.Profile)))
	return mux
}

// fromHere answers programs on this machine alone: profiles take processor time and tell about the memory, and the listener may be open to
// a network for the sake of metrics.
func fromHere(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at, err := netip.ParseAddrPort(r.RemoteAddr)
		if err != nil || !at.Addr().Unmap().IsLoopback() {
			http.Error(w, "profiles are given to this machine only", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Healthy says that the process answers.
func Healthy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte("{\"status\":\"ok\"}\n"))
}

// checkWithin is how long a check may take. Orchestrators ask every few seconds, and have their own patience.
const checkWithin = 3 * time.Second

type readiness struct {
	Status string                 `json:"status"` // ready, not-ready
	Checks map[string]checkResult `json:"checks"`
}

type checkResult struct {
	Status  string  `json:"status"` // ok, failed
	Seconds float64 `json:"seconds"`
	Error   string  `json:"error,omitempty"`
}

// Ready says whether all checks pass, each by its name, with 503 where one does not. They run at once, each for the given time at
// most. A check that hangs is not begun a second time before it has returned: a dead network file system must not collect
// goroutines.
func Ready(checks []Check, within time.Duration) http.HandlerFunc {
	busy := make([]atomic.Bool, len(checks))
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), within)
		defer cancel()
		results := make([]checkResult, len(checks))
		var all sync.WaitGroup
		for i, c := range checks {
			all.Go(func() { results[i] = c.run(ctx, &busy[i]) })
		}
		all.Wait()
		answer, status := readiness{"ready", map[string]checkResult{}}, http.StatusOK
		for i, c := range checks {
			answer.Checks[c.Name] = results[i]
			if results[i].Error != "" {
				answer.Status, status = "not-ready", http.StatusServiceUnavailable
			}
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(answer)
	}
}
