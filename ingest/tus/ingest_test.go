package tus_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/ingest/tus"
	"github.com/trivue/trivue/store"
)

// bench is an upload server on a real database.
type bench struct {
	t      *testing.T
	store  *store.Store
	folder string
	ingest *tus.Ingest
	url    string
	now    time.Time
	close  func() // ends the server

	mu       sync.Mutex
	woken    []string
	observed map[tus.Reason]int // refusals
	bytes    int64              // that came in
}

func (b *bench) AttemptChanged(string) {}

func (b *bench) Wake(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.woken = append(b.woken, id)
}

func (b *bench) observe(o tus.Observation) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.bytes += o.Bytes
	if o.Refused != "" {
		b.observed[o.Refused]++
	}
}

func (b *bench) refusals(why tus.Reason) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.observed[why]
}

func newBench(t *testing.T, change func(*tus.Options)) *bench {
	t.Helper()
	b := &bench{t: t, folder: t.TempDir(), observed: map[tus.Reason]int{}, now: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)}
	var err error
	b.store, err = store.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "test.db"))
	require.NoError(t, err)
	require.NoError(t, b.store.CreateExam(t.Context(), exam.Exam{ID: "e", Title: "E", StartsAt: b.now, CreatedAt: b.now}))
	for _, id := range []string{"a", "other"} {
		require.NoError(t, b.store.CreateAttempt(t.Context(), exam.Attempt{ID: id, ExamID: "e", Ticket: id, CreatedAt: b.now}))
	}
	options := tus.Options{Folder: b.folder, BasePath: "/files/", Store: b.store, Notifier: b, Waker: b, MaxSize: 1 << 20, Reserve: 1,
		NewID: uuid.NewString, Now: func() time.Time { return b.now }, Observe: b.observe,
		// The bearer's word is the attempt that it may touch; "staff" may touch all; "own:" is before the attempt whose own session it is,
		// "phone:" before the one whose phone.
		Authorize: func(r *http.Request) (tus.Grant, error) {
			word, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
			switch {
			case !ok:
				return tus.Grant{}, tus.ErrUnauthorized
			case word == "staff":
				return tus.Grant{}, nil
			}
			if attempt, phone := strings.CutPrefix(word, "phone:"); phone {
				return tus.Grant{AttemptID: attempt, Candidate: true, Kinds: []exam.Kind{exam.Phone}}, nil
			}
			attempt, own := strings.CutPrefix(word, "own:")
			if own {
				return tus.Grant{AttemptID: attempt, Candidate: true, Kinds: exam.LaptopKinds}, nil
			}
			return tus.Grant{AttemptID: attempt, Candidate: own}, nil
		}}
	if change != nil {
		change(&options)
	}
	b.ingest, err = tus.New(options)
	require.NoError(t, err)
	server := httptest.NewServer(b.ingest)
	b.url = server.URL
	b.close = sync.OnceFunc(func() {
		b.ingest.Close()
		server.Close()
	})
	t.Cleanup(func() {
		b.close()
		b.store.Close()
	})
	return b
}

func (b *bench) do(method, path, bearer string, body []byte, headers ...string) *http.Response {
	b.t.Helper()
	r, err := http.NewRequest(method, b.url+path, bytes.NewReader(body))
	require.NoError(b.t, err)
	r.Header.Set("Tus-Resumable", "1.0.0")
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	if method == http.MethodPatch {
		r.Header.Set("Content-Type", "application/offset+octet-stream")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	require.NoError(b.t, err)
	text, err := io.ReadAll(answer.Body)
	require.NoError(b.t, err)
	answer.Body.Close()
	answer.Body = io.NopCloser(bytes.NewReader(text))
	assert.NotContains(b.t, string(text), b.folder, "an answer names a file of the server")
	return answer
}

func metadata(attempt, kind, name string) string {
	encode := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	return fmt.Sprintf("attempt %s,kind %s,filename %s", encode(attempt), encode(kind), encode(name))
}

// create begins an upload and gives its path.
func (b *bench) create(headers ...string) string {
	b.t.Helper()
	answer := b.do(http.MethodPost, "/files/", "a", nil, append([]string{"Upload-Metadata", metadata("a", "camera", "c.webm")}, headers...)...)
	require.Equal(b.t, http.StatusCreated, answer.StatusCode)
	at := answer.Header.Get("Location")
	require.True(b.t, strings.HasPrefix(at, "/files/"), "a path, which is right behind a proxy as well: %s", at)
	return at
}

func (b *bench) take(path string) exam.Take {
	b.t.Helper()
	take, err := b.store.TakeByUpload(b.t.Context(), filepath.Base(path))
	require.NoError(b.t, err)
	return take
}

func TestAnUploadInPiecesIsReceivedWhole(t *testing.T) {
	b := newBench(t, nil)
	content := bytes.Repeat([]byte("0123456789"), 5000)
	path := b.create("Upload-Length", fmt.Sprint(len(content)))
	require.Equal(t, exam.Uploading, b.take(path).State)
	for at := 0; at < len(content); at += 20_000 {
		answer := b.do(http.MethodPatch, path, "a", content[at:min(at+20_000, len(content))], "Upload-Offset", fmt.Sprint(at))
		require.Equal(t, http.StatusNoContent, answer.StatusCode)
	}
	take := b.take(path)
	assert.Equal(t, exam.Received, take.State)
	assert.EqualValues(t, len(content), take.Received)
	assert.Equal(t, []string{"a"}, b.woken)
	stored, err := os.ReadFile(filepath.Join(b.folder, filepath.Base(path)))
	require.NoError(t, err)
	assert.Equal(t, content, stored)

	again := b.do(http.MethodPatch, path, "a", content[:10], "Upload-Offset", "0")
	assert.Equal(t, http.StatusConflict, again.StatusCode, "a replay changes nothing")
	assert.Equal(t, http.StatusForbidden, b.do(http.MethodDelete, path, "a", nil).StatusCode, "what was received is not ended by its sender")
}

func TestEveryMethodIsForThoseWhoMayTouchTheAttempt(t *testing.T) {
	b := newBench(t, nil)
	path := b.create("Upload-Length", "100")
	for _, method := range []string{http.MethodHead, http.MethodPatch, http.MethodDelete, http.MethodGet, http.MethodPost, http.MethodPut} {
		for bearer, want := range map[string]int{"": http.StatusUnauthorized, "other": http.StatusNotFound} {
			answer := b.do(method, path, bearer, nil, "Upload-Offset", "0")
			assert.Equal(t, want, answer.StatusCode, "%s as %q", method, bearer)
		}
	}
	assert.Equal(t, exam.Uploading, b.take(path).State)
	assert.Equal(t, http.StatusForbidden, b.do(http.MethodPost, "/files/", "other", nil, "Upload-Length", "5", "Upload-Metadata", metadata("a", "phone", "p")).StatusCode)
	assert.Equal(t, http.StatusUnauthorized, b.do(http.MethodPost, "/files/", "", nil, "Upload-Length", "5", "Upload-Metadata", metadata("a", "phone", "p")).StatusCode)
	assert.Equal(t, http.StatusOK, b.do(http.MethodHead, path, "staff", nil).StatusCode)
	assert.Equal(t, http.StatusMethodNotAllowed, b.do(http.MethodGet, path, "a", nil).StatusCode, "recordings are not downloaded here")
	for _, method := range []string{http.MethodPut, http.MethodPost} {
		assert.Equal(t, http.StatusMethodNotAllowed, b.do(method, path, "a", nil).StatusCode, method)
	}
	override := b.do(http.MethodPost, path, "a", nil, "X-HTTP-Method-Override", "DELETE")
	assert.Equal(t, http.StatusMethodNotAllowed, override.StatusCode)
	assert.Equal(t, exam.Uploading, b.take(path).State)
}

func TestWhatAnUploadSaysOfItselfIsChecked(t *testing.T) {
	b := newBench(t, nil)
	for name, c := range map[string]struct {
		metadata, length string
		want             int
	}{
		"no metadata":     {"", "5", http.StatusBadRequest},
		"unknown kind":    {metadata("a", "drone", "x"), "5", http.StatusBadRequest},
		"unknown attempt": {metadata("nobody", "camera", "x"), "5", http.StatusNotFound},
		"empty file":      {metadata("a", "camera", "x"), "0", http.StatusBadRequest},
		"too large":       {metadata("a", "camera", "x"), "1048577", http.StatusRequestEntityTooLarge},
		"odd stamp":       {metadata("a", "camera", "x") + ",startedAt eWVzdGVyZGF5", "5", http.StatusBadRequest},
		"good":            {metadata("a", "camera", "../../etc/passwd\n"), "5", http.StatusCreated},
	} {
		answer := b.do(http.MethodPost, "/files/", "staff", nil, "Upload-Metadata", c.metadata, "Upload-Length", c.length)
		assert.Equal(t, c.want, answer.StatusCode, name)
	}
	takes, err := b.store.Takes(t.Context(), "a")
	require.NoError(t, err)
	require.Len(t, takes, 1, "refused uploads leave no take")
	assert.Equal(t, "passwd", takes[0].Name)
}

func TestALengthThatIsToldLateLetsNoMoreIn(t *testing.T) {
	b := newBench(t, nil)
	path := b.create("Upload-Defer-Length", "1")
	assert.EqualValues(t, -1, b.take(path).Size)
	answer := b.do(http.MethodPatch, path, "a", []byte("x"), "Upload-Offset", "0", "Upload-Length", "99999999999")
	assert.Equal(t, http.StatusRequestEntityTooLarge, answer.StatusCode)
	b.do(http.MethodPatch, path, "a", make([]byte, 2<<20), "Upload-Offset", "0")
	info, err := os.Stat(filepath.Join(b.folder, filepath.Base(path)))
	require.NoError(t, err)
	assert.LessOrEqual(t, info.Size(), int64(1<<20))
}

func TestABodyWithoutALengthIsBoundedAtCreationToo(t *testing.T) {
	b := newBench(t, nil)
	b.do(http.MethodPost, "/files/", "a", make([]byte, 3<<20), "Upload-Defer-Length", "1", "Content-Type", "application/offset+octet-stream", "Upload-Metadata", metadata("a", "camera", "c"))
	takes, err := b.store.Takes(t.Context(), "a")
	require.NoError(t, err)
	for _, take := range takes {
		info, err := os.Stat(filepath.Join(b.folder, take.UploadID))
		require.NoError(t, err)
		assert.LessOrEqual(t, info.Size(), int64(1<<20))
	}
}

// unwell is a database that does not answer.
type unwell struct{ tus.Store }

func (unwell) TakeByUpload(context.Context, string) (exam.Take, error) {
	return exam.Take{}, errors.New("database is locked")
}

func TestAFaultOfOursDoesNotMakeClientsBeginAgain(t *testing.T) {
	b := newBench(t, func(o *tus.Options) { o.Store = unwell{o.Store} })
	assert.Equal(t, http.StatusLocked, b.do(http.MethodHead, "/files/x", "a", nil).StatusCode, "what tus clients take for «try again»")
	assert.Equal(t, http.StatusServiceUnavailable, b.do(http.MethodPatch, "/files/x", "a", nil, "Upload-Offset", "0").StatusCode)
}

func TestADamagedInfoFileIsRebuilt(t *testing.T) {
	b := newBench(t, nil)
	path := b.create("Upload-Length", "10")
	b.do(http.MethodPatch, path, "a", []byte("01234"), "Upload-Offset", "0")
	for _, damage := range []string{"", "{\"ID\":", "[]"} {
		require.NoError(t, os.WriteFile(filepath.Join(b.folder, filepath.Base(path)+".info"), []byte(damage), 0o600))
		answer := b.do(http.MethodHead, path, "a", nil)
		require.Equal(t, http.StatusOK, answer.StatusCode, "%q", damage)
		assert.Equal(t, "5", answer.Header.Get("Upload-Offset"))
	}
	require.Equal(t, http.StatusNoContent, b.do(http.MethodPatch, path, "a", []byte("56789"), "Upload-Offset", "5").StatusCode)
	assert.Equal(t, exam.Received, b.take(path).State)
}

func TestSweepFindsWhatACrashLeft(t *testing.T) {
	b := newBench(t, nil)
	path := b.create("Upload-Length", "10")
	half := b.create("Upload-Length", "10")
	b.do(http.MethodPatch, half, "a", []byte("01234"), "Upload-Offset", "0")
	// The last byte was written, and then the process was killed.
	require.NoError(t, os.WriteFile(filepath.Join(b.folder, filepath.Base(path)), []byte("0123456789"), 0o600))
	require.NoError(t, b.ingest.Sweep(t.Context()))
	assert.Equal(t, exam.Received, b.take(path).State)
	assert.Equal(t, exam.Uploading, b.take(half).State)
	require.NoError(t, b.ingest.Sweep(t.Context()), "sweeping again does no harm")

	b.now = time.Now().Add(8 * 24 * time.Hour)
	require.NoError(t, b.ingest.Sweep(t.Context()))
	assert.Equal(t, exam.Received, b.take(path).State, "what was received is never given up")
	assert.Equal(t, exam.Discarded, b.take(half).State)
	_, err := os.Stat(filepath.Join(b.folder, filepath.Base(half)))
	assert.ErrorIs(t, err, os.ErrNotExist)
	assert.Equal(t, http.StatusNotFound, b.do(http.MethodHead, half, "a", nil).StatusCode)
}

func TestAnUploadThatItsSenderEndsIsDiscarded(t *testing.T) {
	b := newBench(t, nil)
	path := b.create("Upload-Length", "10")
	require.Equal(t, http.StatusNoContent, b.do(http.MethodDelete, path, "a", nil).StatusCode)
	assert.Equal(t, exam.Discarded, b.take(path).State)
}

func TestNoRoomIsSaidBeforeAnythingIsSent(t *testing.T) {
	b := newBench(t, func(o *tus.Options) { o.Reserve = 1 << 60 })
	answer := b.do(http.MethodPost, "/files/", "a", nil, "Upload-Length", "5", "Upload-Metadata", metadata("a", "camera", "x"))
	assert.Equal(t, http.StatusInsufficientStorage, answer.StatusCode)
	text, _ := io.ReadAll(answer.Body)
	assert.Contains(t, string(text), "disk is full")
}

func TestADiskThatIsFullLosesNothing(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can mount a small disk")
	}
	disk := t.TempDir()
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=256k"); err != nil {
		t.Skipf("no small disk can be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	b := newBench(t, func(o *tus.Options) { o.Folder = disk })
	b.folder = disk
	content := bytes.Repeat([]byte("0123456789abcdef"), 10_000) // 160 kB
	filler := filepath.Join(disk, "filler")
	path := b.create("Upload-Length", fmt.Sprint(len(content)))
	require.NoError(t, os.WriteFile(filler, make([]byte, 180_000), 0o600))

	answer := b.do(http.MethodPatch, path, "a", content, "Upload-Offset", "0")
	assert.Equal(t, http.StatusInsufficientStorage, answer.StatusCode)
	text, _ := io.ReadAll(answer.Body)
	assert.Contains(t, string(text), "disk is full")

	require.NoError(t, os.Remove(filler))
	head := b.do(http.MethodHead, path, "a", nil)
	require.Equal(t, http.StatusOK, head.StatusCode)
	offset, err := strconv.Atoi(head.Header.Get("Upload-Offset"))
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, b.do(http.MethodPatch, path, "a", content[offset:], "Upload-Offset", fmt.Sprint(offset)).StatusCode)
	stored, err := os.ReadFile(filepath.Join(disk, filepath.Base(path)))
	require.NoError(t, err)
	assert.Equal(t, content, stored)
	assert.Equal(t, exam.Received, b.take(path).State)
}
