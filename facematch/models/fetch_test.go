package models

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/trivue/trivue/internal/samples"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var content = bytes.Repeat([]byte("0123456789abcdef"), 16<<10)

func objectOf(t testing.TB, data []byte) string {
	t.Helper()
	object, err := Object(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	return object
}

// packed is "hello\n" by bzip2.
var packed, _ = base64.StdEncoding.DecodeString("QlpoOTFBWSZTWcHAgOIAAAFBAAAQAkSgADDNAMNGKZcXckU4UJDBwIDi")

// home is a server of one file, which misbehaves as a test wants.
type home struct {
	*httptest.Server
	requests atomic.Int64
	// serve answers the request of that number, counted from 1.
	serve func(w http.ResponseWriter, r *http.Request, number int64)
}

func newHome(t testing.TB, serve func(w http.ResponseWriter, r *http.Request, number int64)) *home {
	h := &home{serve: serve}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.serve(w, r, h.requests.Add(1)) }))
	t.Cleanup(func() {
		h.Close()
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	})
	return h
}

func whole(w http.ResponseWriter, r *http.Request, _ int64) {
	http.ServeContent(w, r, "model", time.Time{}, bytes.NewReader(content))
}

// cutOff sends that much of what was asked for and then breaks the connection.
func cutOff(w http.ResponseWriter, r *http.Request, much int) {
	from := 0
	if value, is := strings.CutPrefix(r.Header.Get("Range"), "bytes="); is {
		from, _ = strconv.Atoi(strings.TrimSuffix(value, "-"))
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(content)-1, len(content)))
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(content)-from))
	if from > 0 {
		w.WriteHeader(http.StatusPartialContent)
	}
	_, _ = w.Write(content[from : from+much])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

func model(t testing.TB, url string) File {
	return File{Name: "model.dat", Object: objectOf(t, content), URL: url + "/model.dat"}
}

func requireInPlace(t testing.TB, folder string, want []byte, names ...string) {
	t.Helper()
	got, err := os.ReadFile(filepath.Join(folder, names[0]))
	require.NoError(t, err)
	require.Equal(t, want, got)
	requireOnly(t, folder, names...)
}

func requireOnly(t testing.TB, folder string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	require.NoError(t, err)
	there := []string{}
	for _, e := range entries {
		if e.Name() != ".fetching" {
			there = append(there, e.Name())
		}
	}
	require.ElementsMatch(t, append([]string{}, names...), there)
}

func TestFetchAndNotAgain(t *testing.T) {
	h, to := newHome(t, whole), filepath.Join(t.TempDir(), "data", "models")
	var last, all int64
	g := Fetching{To: to, Progress: func(_ File, here, total int64) { last, all = here, total }}
	fetched, err := g.fetchAll(t.Context(), []File{model(t, h.URL)})
	require.NoError(t, err)
	require.Len(t, fetched, 1)
	require.Equal(t, []int64{int64(len(content)), int64(len(content))}, []int64{last, all})
	requireInPlace(t, to, content, "model.dat")
	fetched, err = g.fetchAll(t.Context(), []File{model(t, h.URL)})
	require.NoError(t, err)
	require.Empty(t, fetched)
	require.EqualValues(t, 1, h.requests.Load())
}

func TestConnectionThatBreaks(t *testing.T) {
	const piece = 100_000
	h, to := newHome(t, nil), t.TempDir()
	var ranges []string
	h.serve = func(w http.ResponseWriter, r *http.Request, number int64) {
		ranges = append(ranges, r.Header.Get("Range"))
		if number <= 2 {
			cutOff(w, r, piece)
		}
		whole(w, r, number)
	}
	_, err := Fetching{To: to}.fetchAll(t.Context(), []File{model(t, h.URL)})
	require.NoError(t, err)
	requireInPlace(t, to, content, "model.dat")
	require.Equal(t, []string{"", "bytes=100000-", "bytes=200000-"}, ranges, "what has arrived is not asked for again")
}

func TestGoingOnAtTheNextCall(t *testing.T) {
	h, to := newHome(t, func(w http.ResponseWriter, r *http.Request, _ int64) { cutOff(w, r, 1000) }), t.TempDir()
	_, err := Fetching{To: to}.fetchAll(t.Context(), []File{model(t, h.URL)})
	require.Error(t, err)
	require.EqualValues(t, attempts, h.requests.Load())
	requireOnly(t, to, "model.dat.part")
	h.serve = func(w http.ResponseWriter, r *http.Request, n int64) {
		require.Equal(t, "bytes=5000-", r.Header.Get("Range"))
		whole(w, r, n)
	}
	_, err = Fetching{To: to}.fetchAll(t.Context(), []File{model(t, h.URL)})
	require.NoError(t, err)
	requireInPlace(t, to, content, "model.dat")
}

func TestWhatIsNotOfficialIsNotKept(t *testing.T) {
	to := t.TempDir()
	h := newHome(t, func(w http.ResponseWriter, _ *http.Request, _ int64) {
		fmt.Fprint(w, "<html>sign in to the network</html>")
	})
	_, err := Fetching{To: to}.fetchAll(t.Context(), []File{model(t, h.URL)})
	var mismatch *MismatchError
	require.ErrorAs(t, err, &mismatch)
	require.Contains(t, err.Error(), "model.dat from "+h.URL+"/model.dat is not the official file")
	requireOnly(t, to)
}

func TestLeftoversOfAnotherFile(t *testing.T) {
	for name, leftover := range map[string][]byte{"shorter": []byte("something else"), "as long": make([]byte, len(content)), "longer": make([]byte, len(content)+5)} {
		t.Run(name, func(t *testing.T) {
			h, to := newHome(t, whole), t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(to, "model.dat.part"), leftover, 0o600))
			_, err := Fetching{To: to}.fetchAll(t.Context(), []File{model(t, h.URL)})
			require.NoError(t, err)
			requireInPlace(t, to, content, "model.dat")
		})
	}
}

func TestServersThatDoNotDoAsAsked(t *testing.T) {
	for name, test := range map[string]struct {
		serve    func(w http.ResponseWriter, r *http.Request, number int64)
		requests int64
		says     string
	}{
		"not found": {func(w http.ResponseWriter, r *http.Request, _ int64) { http.NotFound(w, r) }, 1, "404"},
		"broken":    {func(w http.ResponseWriter, _ *http.Request, _ int64) { w.WriteHeader(503) }, attempts, "503"},
		"broken, then not": {func(w http.ResponseWriter, r *http.Request, n int64) {
			if n < 3 {
				w.WriteHeader(503)
			} else {
				whole(w, r, n)
			}
		}, 3, ""},
		"no ranges": {func(w http.ResponseWriter, r *http.Request, n int64) {
			if n == 1 {
				cutOff(w, r, 1000)
			}
			_, _ = w.Write(content)
		}, 2, ""},
		"another range": {func(w http.ResponseWriter, r *http.Request, n int64) {
			switch n {
			case 1:
				cutOff(w, r, 1000)
			case 2:
				w.Header().Set("Content-Range", "bytes 0-9/10")
				w.WriteHeader(http.StatusPartialContent)
			default:
				whole(w, r, n)
			}
		}, 3, ""},
	} {
		t.Run(name, func(t *testing.T) {
			h, to := newHome(t, test.serve), t.TempDir()
			_, err := Fetching{To: to}.fetchAll(t.Context(), []File{model(t, h.URL)})
			require.Equal(t, test.requests, h.requests.Load())
			if test.says != "" {
				require.ErrorContains(t, err, test.says)
				requireOnly(t, to)
				return
			}
			require.NoError(t, err)
			requireInPlace(t, to, content, "model.dat")
		})
	}
}

func TestSilence(t *testing.T) {
	to, over := t.TempDir(), make(chan struct{})
	h := newHome(t, func(w http.ResponseWriter, _ *http.Request, _ int64) {
		_, _ = w.Write(content[:10])
		_ = http.NewResponseController(w).Flush()
		<-over
	})
	defer close(over)
	_, err := Fetching{To: to, Stall: 50 * time.Millisecond}.fetchAll(t.Context(), []File{model(t, h.URL)})
	require.ErrorContains(t, err, "nothing arrived for 50ms")
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	h, to := newHome(t, func(w http.ResponseWriter, r *http.Request, _ int64) {
		_, _ = w.Write(content[:1000])
		_ = http.NewResponseController(w).Flush()
		cancel()
		<-r.Context().Done()
	}), t.TempDir()
	_, err := Fetching{To: to}.fetchAll(ctx, []File{model(t, h.URL)})
	require.ErrorIs(t, err, context.Canceled)
	require.EqualValues(t, 1, h.requests.Load())
}

func TestFolderAndMirror(t *testing.T) {
	from := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(from, "model.dat"), content, 0o600))
	to := t.TempDir()
	_, err := Fetching{To: to, From: from}.fetchAll(t.Context(), []File{model(t, "http://192.0.2.1")})
	require.NoError(t, err)
	requireInPlace(t, to, content, "model.dat")

	mirror := httptest.NewServer(http.StripPrefix("/some/where", http.FileServer(http.Dir(from))))
	defer mirror.Close()
	to = t.TempDir()
	_, err = Fetching{To: to, From: mirror.URL + "/some/where/", Client: mirror.Client()}.fetchAll(t.Context(), []File{model(t, "http://192.0.2.1")})
	require.NoError(t, err)
	requireInPlace(t, to, content, "model.dat")

	_, err = Fetching{To: t.TempDir(), From: t.TempDir()}.fetchAll(t.Context(), []File{model(t, "")})
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestPackedFile(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(from, "model.dat.bz2"), packed, 0o600))
	f := File{Name: "model.dat", Packed: objectOf(t, packed)}
	_, err := Fetching{To: to, From: from}.fetchAll(t.Context(), []File{f})
	require.NoError(t, err)
	requireInPlace(t, to, []byte("hello\n"), "model.dat", "model.dat.object")
	state, err := Check(to, f)
	require.NoError(t, err)
	require.Equal(t, Official, state)
	require.NoError(t, os.WriteFile(filepath.Join(to, "model.dat"), []byte("hello?\n"), 0o600))
	state, err = Check(to, f)
	require.NoError(t, err)
	require.Equal(t, Changed, state)
	require.NoError(t, os.Remove(filepath.Join(to, "model.dat.object")))
	state, err = Check(to, f)
	require.NoError(t, err)
	require.Equal(t, Changed, state, "nobody knows where it is from")
}

func TestTwoAtOnce(t *testing.T) {
	to := t.TempDir()
	var second error
	h := newHome(t, nil)
	h.serve = func(w http.ResponseWriter, r *http.Request, n int64) {
		_, second = Fetching{To: to}.fetchAll(r.Context(), []File{model(t, h.URL)})
		whole(w, r, n)
	}
	_, err := Fetching{To: to}.fetchAll(t.Context(), []File{model(t, h.URL)})
	require.NoError(t, err)
	require.ErrorIs(t, second, ErrBusy)
}

func TestFixtures(t *testing.T) {
	folder := samples.Path(t, "models")
	for f, want := range map[File]State{Detector: Official, Stock: Changed, Landmarks: Changed, Taguchi: Missing} {
		state, err := Check(folder, f)
		require.NoError(t, err)
		require.Equal(t, want, state, f.Name)
	}
	set, err := Find(folder, ChooseStock)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(folder, Stock.Name), set.Descriptor)
	_, err = Find(folder, ChooseTaguchi)
	var missing *MissingError
	require.ErrorAs(t, err, &missing)
	require.Equal(t, []string{Taguchi.Name}, missing.Names)
	_, err = Find(folder, "best")
	require.ErrorContains(t, err, "choose dlib or taguchi")
}

func TestFilesAreUnambiguous(t *testing.T) {
	for _, f := range []File{Landmarks, Detector, Stock, Taguchi} {
		require.True(t, strings.HasSuffix(f.URL, "/"+f.published()), f.Name)
		require.Len(t, f.Object+f.Packed, 40, f.Name)
	}
}
