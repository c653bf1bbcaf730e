package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/interview"
	"github.com/trivue/trivue/server"
	"github.com/trivue/trivue/store"
)

const password = "correct horse"

// nowhere stands for what a test does not ask.
var (
	nowhere = http.NotFoundHandler()
	noTakes = server.TakeHandlers{PutChain: nowhere, GetReceipt: nowhere, List: nowhere}
)

// bench is the server on a real database, with one file in its archive.
type bench struct {
	t          *testing.T
	store      *store.Store
	server     *server.Server
	hub        *server.Hub
	interviews interview.Service
	url        string
	clock      atomic.Int64 // nanoseconds since 1970
	now        time.Time    // when the bench was made
	cookie     string
	woken      []string
}

type seekable struct{ *bytes.Reader }

func (seekable) Close() error { return nil }

// oneFile is an archive of one file of attempt "a".
type oneFile struct{}

func (oneFile) Open(_ context.Context, attemptID, name string) (io.ReadSeekCloser, store.Object, error) {
	if attemptID != "a" || name != "camera-0.webm" {
		return nil, store.Object{}, store.ErrNotFound
	}
	return seekable{bytes.NewReader([]byte("0123456789"))}, store.Object{MIME: "video/webm", SHA256: "abc", CreatedAt: time.Unix(1e9, 0)}, nil
}

func (oneFile) Timeline(_ context.Context, attemptID string) (json.RawMessage, error) {
	if attemptID != "a" {
		return nil, store.ErrNotFound
	}
	return json.RawMessage(`{"version":1,"duration":1,"recordings":[]}`), nil
}

func newBench(t *testing.T) *bench { return newBenchWith(t, func(*server.Options) {}) }

func newBenchWith(t *testing.T, change func(*server.Options)) *bench {
	t.Helper()
	b := &bench{t: t, hub: server.NewHub(), now: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)}
	b.clock.Store(b.now.UnixNano())
	var err error
	b.store, err = store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "test.db"))
	require.NoError(t, err)
	options := server.Options{Store: b.store, Media: oneFile{}, Uploads: nowhere, Takes: noTakes, Hub: b.hub, NewID: uuid.NewString, Version: "test",
		RemoveUpload: func(string) error { return nil }, Wake: func(id string) { b.woken = append(b.woken, id) }, Now: func() time.Time { return time.Unix(0, b.clock.Load()).UTC() }, BeatEvery: 20 * time.Millisecond,
		Pages: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/panic" {
				panic("as asked")
			}
			_, _ = io.WriteString(w, "page")
		})}
	options.Previews = server.Previews{Folder: filepath.Join(t.TempDir(), "previews")}
	options.Interviews = interview.Service{Store: b.store, Notifier: b.hub, Now: options.Now}
	// What uploads ask of the server is what they are granted.
	options.Uploads = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if attemptID, ok := b.server.PhoneGrant(r); ok {
			w.Header().Set("X-Grant", "granted "+attemptID)
		}
		http.NotFound(w, r)
	})
	b.interviews = options.Interviews
	change(&options)
	b.server = server.New(options)
	listener := httptest.NewServer(b.server.Handler())
	b.url = listener.URL
	t.Cleanup(func() {
		b.server.Close()
		listener.Close()
		b.store.Close()
	})
	given, err := server.EnsureAdmin(t.Context(), b.store, uuid.NewString, "admin", password)
	require.NoError(t, err)
	require.Equal(t, password, given)
	require.NoError(t, b.store.CreateExam(t.Context(), exam.Exam{ID: "e", Title: "Exam", StartsAt: b.now, CreatedAt: b.now}))
	require.NoError(t, b.store.CreateAttempt(t.Context(), exam.Attempt{ID: "a", ExamID: "e", Ticket: "T-1", CreatedAt: b.now}))
	return b
}

func (b *bench) request(method, path, body string, headers ...string) *http.Response {
	b.t.Helper()
	r, err := http.NewRequest(method, b.url+path, strings.NewReader(body))
	require.NoError(b.t, err)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if b.cookie != "" {
		r.Header.Set("Cookie", b.cookie)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	require.NoError(b.t, err)
	b.t.Cleanup(func() { answer.Body.Close() })
	return answer
}

// ask gives status and body.
func (b *bench) ask(method, path, body string, headers ...string) (int, string) {
	b.t.Helper()
	answer := b.request(method, path, body, headers...)
	text, err := io.ReadAll(answer.Body)
	require.NoError(b.t, err)
	return answer.StatusCode, string(text)
}

func (b *bench) login(name, word string) *http.Response {
	return b.request(http.MethodPost, "/api/session", `{"name":"`+name+`","password":"`+word+`"}`)
}

func (b *bench) signIn() *bench {
	b.t.Helper()
	answer := b.login("admin", password)
	require.Equal(b.t, http.StatusOK, answer.StatusCode)
	require.Len(b.t, answer.Cookies(), 1)
	cookie := answer.Cookies()[0]
	assert.True(b.t, cookie.HttpOnly)
	assert.Equal(b.t, http.SameSiteLaxMode, cookie.SameSite)
	b.cookie = cookie.Name + "=" + cookie.Value
	return b
}

func code(t *testing.T, body string) string {
	t.Helper()
	var p struct {
		Code   string `json:"code"`
		Detail string `json:"detail"`
	}
	require.NoError(t, json.Unmarshal([]byte(body), &p), body)
	assert.NotEmpty(t, p.Detail)
	return p.Code
}

func TestTheDescriptionIsComplete(t *testing.T) {
	b := newBench(t)
	status, text := b.ask(http.MethodGet, "/openapi.json", "")
	require.Equal(t, http.StatusOK, status)
	var document struct {
		Paths map[string]map[string]struct {
			Summary   string                     `json:"summary"`
			Responses map[string]json.RawMessage `json:"responses"`
		} `json:"paths"`
	}
	require.NoError(t, json.Unmarshal([]byte(text), &document))
	for path, operations := range document.Paths {
		for method, operation := range operations {
			assert.NotEmpty(t, operation.Summary, "%s %s", method, path)
			assert.NotEmpty(t, operation.Responses, "%s %s", method, path)
		}
	}
	for path, methods := range map[string][]string{"/api/attempts/{id}/events": {"get"}, "/media/{attempt}/{file}": {"get"}, "/files/": {"post"}, "/files/{id}": {"head", "patch", "delete"}} {
		for _, method := range methods {
			assert.Contains(t, document.Paths[path], method, path)
		}
	}
	assert.Contains(t, text, `"text/event-stream":{"schema":{"$ref":"#/components/schemas/AttemptView"}}`)
}

func TestSigningInAndOut(t *testing.T) {
	b := newBench(t)
	unknown, wrong := b.login("nobody", "x"), b.login("admin", "x")
	assert.Equal(t, http.StatusUnauthorized, unknown.StatusCode)
	assert.Equal(t, http.StatusUnauthorized, wrong.StatusCode)
	b.signIn()
	status, text := b.ask(http.MethodGet, "/api/session", "")
	assert.Equal(t, http.StatusOK, status)
	assert.JSONEq(t, `{"name":"admin","role":"admin","may":["see","review","upload","manage","assist","grant"]}`, text)
	status, _ = b.ask(http.MethodDelete, "/api/session", "")
	assert.Equal(t, http.StatusNoContent, status)
	status, _ = b.ask(http.MethodGet, "/api/session", "")
	assert.Equal(t, http.StatusUnauthorized, status, "a session that was ended is over, whoever kept the cookie")
}

func TestASessionExpires(t *testing.T) {
	b := newBench(t).signIn()
	b.clock.Add(int64(13 * time.Hour))
	status, _ := b.ask(http.MethodGet, "/api/session", "")
	assert.Equal(t, http.StatusUnauthorized, status)
}

func TestGuessingIsSlowedDown(t *testing.T) {
	b := newBench(t)
	for range 5 {
		assert.Equal(t, http.StatusUnauthorized, b.login("admin", "guess").StatusCode)
	}
	assert.Equal(t, http.StatusTooManyRequests, b.login("admin", password).StatusCode, "even the right one has to wait")
	b.clock.Add(int64(6 * time.Minute))
	assert.Equal(t, http.StatusOK, b.login("admin", password).StatusCode)
}

func TestAnotherSitesPageCannotAct(t *testing.T) {
	b := newBench(t).signIn()
	status, _ := b.ask(http.MethodPost, "/api/exams", `{"title":"X","startsAt":"2026-11-24T09:00:00Z"}`, "Sec-Fetch-Site", "cross-site", "Origin", "https://elsewhere.example")
	assert.Equal(t, http.StatusForbidden, status)
}

func TestExamsAndAttempts(t *testing.T) {
	b := newBench(t).signIn()
	status, text := b.ask(http.MethodPost, "/api/exams", `{"title":" 面试 ","startsAt":"2026-11-24T09:00:00+08:00"}`)
	require.Equal(t, http.StatusCreated, status, text)
	var e struct{ ID, Title, StartsAt string }
	require.NoError(t, json.Unmarshal([]byte(text), &e))
	assert.Equal(t, "面试", e.Title)
	assert.Equal(t, "2026-11-24T01:00:00Z", e.StartsAt)

	status, text = b.ask(http.MethodPost, "/api/exams/"+e.ID+"/attempts", `{"ticket":"K-7"}`)
	require.Equal(t, http.StatusCreated, status, text)
	assert.Contains(t, text, `"state":"empty"`)
	for kind := range map[string]bool{"camera": true, "screen": true, "phone": true} {
		assert.Contains(t, text, `"kind":"`+kind+`"`)
	}
	status, text = b.ask(http.MethodPost, "/api/exams/"+e.ID+"/attempts", `{"ticket":"K-7"}`)
	assert.Equal(t, http.StatusConflict, status)
	assert.Equal(t, "conflict", code(t, text))
	for path, want := range map[string]string{"/api/exams/none/attempts": "not-found", "/api/exams": "invalid"} {
		_, text = b.ask(http.MethodPost, path, `{"ticket":"x","title":""}`)
		if path == "/api/exams" {
			assert.Equal(t, want, code(t, text))
		}
	}
	status, text = b.ask(http.MethodGet, "/api/exams/"+e.ID, "")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, text, "K-7")
	status, text = b.ask(http.MethodGet, "/api/attempts/none", "")
	assert.Equal(t, http.StatusNotFound, status)
	assert.Equal(t, "not-found", code(t, text))
}

func TestRetryingAndRemoving(t *testing.T) {
	b := newBench(t).signIn()
	ctx := t.Context()
	require.NoError(t, b.store.CreateTake(ctx, exam.Take{ID: "t", AttemptID: "a", Kind: exam.Camera, Name: "c", UploadID: "u", Size: 5, State: exam.Uploading, CreatedAt: b.now}))
	require.NoError(t, b.store.MarkReceived(ctx, "t", 5, b.now))
	key := exam.StageKey{AttemptID: "a", TakeID: "t", Name: exam.Inspect}
	require.NoError(t, b.store.EnsureStage(ctx, exam.Stage{AttemptID: "a", TakeID: "t", Name: exam.Inspect, State: exam.Pending}))
	_, ok, err := b.store.BeginStage(ctx, key, "me", b.now, time.Minute)
	require.NoError(t, err)
	require.True(t, ok)
	require.NoError(t, b.store.FailStage(ctx, key, "me", exam.Problem{Code: "crashed", Detail: "x", Retry: true}, b.now))

	_, text := b.ask(http.MethodGet, "/api/attempts/a", "")
	assert.Contains(t, text, `"code":"crashed"`)
	status, text := b.ask(http.MethodPost, "/api/takes/t/stages/inspect/retry", "")
	assert.Equal(t, http.StatusNoContent, status, text)
	assert.Equal(t, []string{"a"}, b.woken)
	s, err := b.store.Stage(ctx, key)
	require.NoError(t, err)
	assert.Equal(t, exam.Pending, s.State)

	status, _ = b.ask(http.MethodDelete, "/api/takes/t", "")
	assert.Equal(t, http.StatusNoContent, status)
	take, err := b.store.Take(ctx, "t")
	require.NoError(t, err)
	assert.Equal(t, exam.Replaced, take.State, "what was received is put aside, not deleted")
	status, _ = b.ask(http.MethodDelete, "/api/takes/t", "")
	assert.Equal(t, http.StatusConflict, status)
}

func TestMediaIsServedInRanges(t *testing.T) {
	b := newBench(t).signIn()
	answer := b.request(http.MethodGet, "/media/a/camera-0.webm", "", "Range", "bytes=2-4")
	text, _ := io.ReadAll(answer.Body)
	assert.Equal(t, http.StatusPartialContent, answer.StatusCode)
	assert.Equal(t, "234", string(text))
	assert.Equal(t, "video/webm", answer.Header.Get("Content-Type"))
	assert.Equal(t, `"abc"`, answer.Header.Get("ETag"))
	assert.Equal(t, "private, no-cache", answer.Header.Get("Cache-Control"))
	status, _ := b.ask(http.MethodGet, "/media/a/camera-0.webm", "", "If-None-Match", `"abc"`)
	assert.Equal(t, http.StatusNotModified, status)
	status, text2 := b.ask(http.MethodGet, "/media/a/camera-0.webm", "", "Range", "bytes=2-4", "If-Range", `"other"`)
	assert.Equal(t, http.StatusOK, status, "a range of another version is not mixed in")
	assert.Equal(t, "0123456789", text2)
	status, _ = b.ask(http.MethodGet, "/media/a/raw%2Fx", "")
	assert.Equal(t, http.StatusNotFound, status)
}

func TestAnUploadTokenIsForOneAttempt(t *testing.T) {
	b := newBench(t).signIn()
	status, text := b.ask(http.MethodPost, "/api/attempts/a/upload-token", "")
	require.Equal(t, http.StatusCreated, status, text)
	var made struct{ Token, Endpoint string }
	require.NoError(t, json.Unmarshal([]byte(text), &made))
	assert.Equal(t, "/files/", made.Endpoint)
	grant := func(token string) (string, bool) {
		r := httptest.NewRequest(http.MethodHead, "/files/x", nil)
		r.Header.Set("Authorization", "Bearer "+token)
		attempt, _, ok, err := b.server.UploadGrant(r)
		require.NoError(t, err)
		return attempt, ok
	}
	attempt, ok := grant(made.Token)
	assert.True(t, ok)
	assert.Equal(t, "a", attempt)
	_, ok = grant("something else")
	assert.False(t, ok)
	b.clock.Add(int64(25 * time.Hour))
	_, ok = grant(made.Token)
	assert.False(t, ok, "a day later it is over")
}

func TestAPanicIsAnAnswer(t *testing.T) {
	b := newBench(t)
	answer := b.request(http.MethodGet, "/panic", "")
	text, _ := io.ReadAll(answer.Body)
	assert.Equal(t, http.StatusInternalServerError, answer.StatusCode)
	assert.Contains(t, string(text), answer.Header.Get("X-Request-Id"), "the request's number finds it in the log")
	assert.NotContains(t, string(text), "as asked")
}
