package e2e

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"
)

// slowPath lies between a browser and the server as a bad network does: it lets upload bodies pass at a rate, drops connections,
// answers in the server's place, and keeps a journal of the upload requests that came by.
type slowPath struct {
	address, control string

	mu      sync.Mutex
	limiter *rate.Limiter
	journal []*uploadRequest
	refuse  int // how many of the next upload requests get a 502
}

// uploadRequest is what came by of a request to /files/.
type uploadRequest struct {
	Method  string `json:"method"`
	Path    string `json:"path"`
	Offset  int64  `json:"offset"` // as the request says; −1 without
	Passed  int64  `json:"passed"` // bytes of its body that were let through
	Status  int    `json:"status"` // 0 while it runs, and where it was cut off
	Running bool   `json:"running"`

	cut context.CancelFunc
}

const burst = 16 << 10 // bytes that pass at once

func newSlowPath(t *testing.T, server string) *slowPath {
	t.Helper()
	p := &slowPath{limiter: rate.NewLimiter(rate.Inf, burst)}
	target, err := url.Parse(server)
	require.NoError(t, err)
	proxy := &httputil.ReverseProxy{FlushInterval: -1, ErrorLog: nil,
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host },
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) {
			panic(http.ErrAbortHandler) // as when a cable is pulled
		}}
	// What the kernel takes of a body before it is read would hide how far the upload really is.
	listen := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, burst) })
	}}
	listener, err := listen.Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	front := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.pass(proxy, w, r) }))
	front.Listener.Close()
	front.Listener = listener
	front.Start()
	control := httptest.NewServer(p.controls())
	p.address, p.control = front.URL, control.URL
	t.Cleanup(func() {
		front.CloseClientConnections()
		front.Close()
		control.Close()
	})
	return p
}

func (p *slowPath) pass(proxy http.Handler, w http.ResponseWriter, r *http.Request) {
	if !strings.HasPrefix(r.URL.Path, "/files/") {
		proxy.ServeHTTP(w, r)
		return
	}
	ctx, cut := context.WithCancel(r.Context())
	defer cut()
	entry := &uploadRequest{Method: r.Method, Path: r.URL.Path, Offset: -1, Running: true, cut: cut}
	if offset, err := strconv.ParseInt(r.Header.Get("Upload-Offset"), 10, 64); err == nil {
		entry.Offset = offset
	}
	p.mu.Lock()
	p.journal = append(p.journal, entry)
	refused := p.refuse > 0
	if refused {
		p.refuse--
	}
	p.mu.Unlock()
	recorder := &statusRecorder{ResponseWriter: w}
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		entry.Running, entry.Status = false, recorder.status
	}()
	if refused {
		recorder.WriteHeader(http.StatusBadGateway)
		return
	}
	r = r.WithContext(ctx)
	r.Body = &throttled{ReadCloser: r.Body, ctx: ctx, path: p, entry: entry}
	proxy.ServeHTTP(recorder, r)
}

type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (r *statusRecorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *statusRecorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

type throttled struct {
	io.ReadCloser
	ctx   context.Context
	path  *slowPath
	entry *uploadRequest
}

func (b *throttled) Read(into []byte) (int, error) {
	n, err := b.ReadCloser.Read(into[:min(len(into), burst)])
	b.path.mu.Lock()
	limiter := b.path.limiter
	b.path.mu.Unlock()
	if waited := limiter.WaitN(b.ctx, n); waited != nil {
		return 0, waited
	}
	b.path.mu.Lock()
	b.entry.Passed += int64(n)
	b.path.mu.Unlock()
	return n, err
}

// controls is how the browser's script handles the path.
func (p *slowPath) controls() http.Handler {
	mux := http.NewServeMux()
	number := func(r *http.Request) int {
		n, _ := strconv.Atoi(r.URL.Query().Get("n"))
		return n
	}
	locked := func(do func(r *http.Request)) http.HandlerFunc {
		return func(_ http.ResponseWriter, r *http.Request) {
			p.mu.Lock()
			defer p.mu.Unlock()
			do(r)
		}
	}
	// Bytes per second; 0 for no limit.
	mux.HandleFunc("POST /rate", locked(func(r *http.Request) {
		limit := rate.Inf
		if n := number(r); n > 0 {
			limit = rate.Limit(n)
		}
		p.limiter.SetLimit(limit)
	}))
	mux.HandleFunc("POST /refuse", locked(func(r *http.Request) { p.refuse = number(r) }))
	mux.HandleFunc("POST /forget", locked(func(*http.Request) { p.journal = nil }))
	mux.HandleFunc("POST /cut", locked(func(*http.Request) {
		for _, entry := range p.journal {
			entry.cut()
		}
	}))
	mux.HandleFunc("GET /journal", func(w http.ResponseWriter, _ *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		_ = json.NewEncoder(w).Encode(append([]*uploadRequest{}, p.journal...))
	})
	return mux
}
