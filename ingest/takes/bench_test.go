package takes_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/ingest/chain"
	"github.com/trivue/trivue/ingest/takes"
	"github.com/trivue/trivue/ingest/tus"
	"github.com/trivue/trivue/store"
)

var began = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

// ground is what a server stands on: a folder with the database, the uploads and the key.
type ground struct {
	folder string
	store  *store.Store
}

func newGround(ctx context.Context, folder string) (*ground, error) {
	g := &ground{folder: folder}
	var err error
	if g.store, err = store.Open(ctx, "sqlite:"+filepath.Join(folder, "test.db")); err != nil {
		return nil, err
	}
	if _, err := g.store.Exam(ctx, "e"); err == nil {
		return g, nil // a server was here before
	}
	if err := g.store.CreateExam(ctx, exam.Exam{ID: "e", StartsAt: began, CreatedAt: began}); err != nil {
		return nil, err
	}
	for _, id := range []string{"a", "other"} {
		if err := g.store.CreateAttempt(ctx, exam.Attempt{ID: id, ExamID: "e", Ticket: id, CreatedAt: began}); err != nil {
			return nil, err
		}
	}
	return g, nil
}

func (g *ground) uploads() string { return filepath.Join(g.folder, "uploads") }

// deaf hears of nothing.
type deaf struct{}

func (deaf) AttemptChanged(string) {}
func (deaf) Wake(string)           {}

// whose takes the bearer's word for the attempt whose session it is; "staff" is nobody's.
func whose(r *http.Request) (tus.Grant, error) {
	word, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return tus.Grant{}, tus.ErrUnauthorized
	}
	if word == "staff" {
		return tus.Grant{}, nil
	}
	return tus.Grant{AttemptID: word, Candidate: true}, nil
}

// served is what a server answers with.
type served struct {
	ingest  *tus.Ingest
	service *takes.Service
	key     *chain.Key
	handler http.Handler
}

// serve wires uploads and takes together as a server does.
func (g *ground) serve(changeUploads func(*tus.Options), change func(*takes.Options)) (*served, error) {
	s := new(served)
	var err error
	if s.key, err = chain.OpenKey(filepath.Join(g.folder, "receipt.key"), "test"); err != nil {
		return nil, err
	}
	quiet := slog.New(slog.DiscardHandler)
	uploads := tus.Options{Folder: g.uploads(), BasePath: "/files/", Store: g.store, Notifier: deaf{}, Waker: deaf{}, Reserve: 1, Authorize: whose, NewID: uuid.NewString, Log: quiet}
	if changeUploads != nil {
		changeUploads(&uploads)
	}
	if s.ingest, err = tus.New(uploads); err != nil {
		return nil, err
	}
	options := takes.Options{Store: g.store, Uploads: s.ingest, Signer: s.key, Notifier: deaf{}, Patience: time.Minute, SyncPath: uploads.SyncPath, Log: quiet}
	if change != nil {
		change(&options)
	}
	s.service = takes.New(options)
	handlers := s.service.Handlers(whose)
	mux := http.NewServeMux()
	mux.Handle("/files/", s.ingest)
	mux.Handle("PUT /api/candidate/takes/{take}/chain", handlers.PutChain)
	mux.Handle("GET /api/candidate/takes/{take}/receipt", handlers.GetReceipt)
	mux.Handle("GET /api/candidate/takes", handlers.List)
	s.handler = mux
	return s, nil
}

func (s *served) close() {
	s.ingest.Close()
	s.service.Close()
}

// bench is a server that runs, and a browser's side of it.
type bench struct {
	*ground
	*served
	browser
}

func newBench(t *testing.T, changeUploads func(*tus.Options), change func(*takes.Options)) *bench {
	t.Helper()
	g, err := newGround(t.Context(), t.TempDir())
	require.NoError(t, err)
	s, err := g.serve(changeUploads, change)
	require.NoError(t, err)
	server := httptest.NewServer(s.handler)
	t.Cleanup(func() {
		server.Close()
		s.close()
		g.store.Close()
	})
	return &bench{ground: g, served: s, browser: browser{t: t, url: server.URL, bearer: "a"}}
}

// recording is a take on a candidate's disk.
type recording struct {
	take, mime string
	replaces   string // of a copy
	media      []byte
	records    []chain.Record
}

// record makes a take of chunks of those sizes.
func record(n int, sizes ...int) recording {
	r := recording{take: fmt.Sprintf("%032x", n), mime: "video/webm;codecs=vp9,opus"}
	s := chain.Begin(r.take, "camera", r.mime)
	for i, size := range append(sizes, 0) {
		sum := sha256.Sum256(fmt.Append(nil, n, i))
		chunk := bytes.Repeat(sum[:], size/len(sum)+1)[:size]
		r.media = append(r.media, chunk...)
		var next chain.Record
		s, next = s.Extend(chunk, uint32(2000*(i+1)))
		r.records = append(r.records, next)
	}
	return r
}

func (r recording) path() string { return "/files/" + r.take }

func (r recording) file(from, to int) []byte { return chain.EncodeRecords(r.records[from:to]) }

// browser sends as web/src/capture does.
type browser struct {
	t      *testing.T
	url    string
	bearer string
}

type said struct {
	status int
	body   string
	header http.Header
}

// ask makes a request; an error is a connection that broke.
func (b browser) ask(method, path string, body io.Reader, headers ...string) (said, error) {
	r, err := http.NewRequest(method, b.url+path, body)
	if err != nil {
		return said{}, err
	}
	r.Header.Set("Tus-Resumable", "1.0.0")
	r.Header.Set("Authorization", "Bearer "+b.bearer)
	if method == http.MethodPatch {
		r.Header.Set("Content-Type", "application/offset+octet-stream")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return said{}, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return said{answer.StatusCode, string(text), answer.Header}, err
}

func (b browser) do(method, path string, body []byte, headers ...string) said {
	b.t.Helper()
	answer, err := b.ask(method, path, bytes.NewReader(body), headers...)
	require.NoError(b.t, err)
	return answer
}

func (b browser) begin(r recording) said {
	b.t.Helper()
	var pairs []string
	for key, value := range map[string]string{"take": r.take, "attempt": b.bearer, "kind": "camera", "mime": r.mime, "startedAt": "2026-11-24T09:00:00.000Z", "replaces": r.replaces} {
		if value == "" {
			continue
		}
		pairs = append(pairs, key+" "+base64.StdEncoding.EncodeToString([]byte(value)))
	}
	return b.do(http.MethodPost, "/files/", nil, "Upload-Defer-Length", "1", "Upload-Metadata", strings.Join(pairs, ","))
}

// send uploads media up to a byte from where the server is; the last one brings the length.
func (b browser) send(r recording, to int) said {
	b.t.Helper()
	head := b.do(http.MethodHead, r.path(), nil)
	require.Equal(b.t, http.StatusOK, head.status)
	from, err := strconv.Atoi(head.header.Get("Upload-Offset"))
	require.NoError(b.t, err)
	headers := []string{"Upload-Offset", fmt.Sprint(from)}
	if to == len(r.media) && head.header.Get("Upload-Length") == "" {
		headers = append(headers, "Upload-Length", fmt.Sprint(to))
	}
	return b.do(http.MethodPatch, r.path(), r.media[from:to], headers...)
}

func (b browser) chain(r recording, from int, records []byte) said {
	b.t.Helper()
	return b.do(http.MethodPut, fmt.Sprintf("/api/candidate/takes/%s/chain?from=%d", r.take, from), records)
}

func (b browser) receipt(r recording) said {
	b.t.Helper()
	return b.do(http.MethodGet, "/api/candidate/takes/"+r.take+"/receipt", nil)
}

// all sends a whole take with its chain.
func (b browser) all(r recording) {
	b.t.Helper()
	require.Equal(b.t, http.StatusCreated, b.begin(r).status)
	require.Equal(b.t, http.StatusNoContent, b.send(r, len(r.media)).status)
	answer := b.chain(r, 0, r.file(0, len(r.records)))
	require.Equal(b.t, http.StatusOK, answer.status, answer.body)
}

// values reads an answer's JSON numbers and texts.
func (s said) values(t *testing.T) map[string]any {
	t.Helper()
	var v map[string]any
	require.NoError(t, json.Unmarshal([]byte(s.body), &v), s.body)
	return v
}

// damage changes a stored file.
func damage(t *testing.T, path string, change func([]byte) []byte) {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, change(content), 0o600))
}

// steps are what happened, in order.
type steps struct {
	mu  sync.Mutex
	all []string
}

func (s *steps) add(step string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, step)
}

func (s *steps) taken() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.all
	s.all = nil
	return all
}
