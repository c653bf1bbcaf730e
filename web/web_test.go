package web

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func ask(t *testing.T, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

func needBuilt(t *testing.T) {
	t.Helper()
	if !Built() {
		t.Skip("the front end is not built (make web)")
	}
}

func TestPagesAndTheirHeaders(t *testing.T) {
	needBuilt(t)
	for path, part := range map[string]string{"/": "/assets/staff", "/exams/123": "/assets/staff", "/review/x": "/assets/staff", "/candidate": "/assets/candidate", "/phone": "/assets/phone"} {
		w := ask(t, path)
		assert.Equal(t, http.StatusOK, w.Code, path)
		assert.Contains(t, w.Body.String(), part, path)
		assert.Contains(t, w.Header().Get("Content-Type"), "text/html", path)
		assert.Equal(t, "no-cache", w.Header().Get("Cache-Control"), path)
		assert.Contains(t, w.Header().Get("Content-Security-Policy"), "script-src 'self';", path)
		assert.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"), path)
		assert.NotRegexp(t, `(src|href)="(https?:)?//`, w.Body.String(), "pages load nothing from elsewhere: "+path)
	}
}

func TestAssetsAreKeptForEverAndMissingOnesAreMissing(t *testing.T) {
	needBuilt(t)
	page := ask(t, "/").Body.String()
	_, rest, _ := strings.Cut(page, `src="`)
	asset, _, _ := strings.Cut(rest, `"`)
	assert.Contains(t, ask(t, asset).Header().Get("Cache-Control"), "immutable")
	for _, path := range []string{"/assets/of-an-older-version.js", "/.gitkeep", "/.built"} {
		assert.Equal(t, http.StatusNotFound, ask(t, path).Code, path)
	}
	assert.NotContains(t, ask(t, "/../../etc/passwd").Body.String(), "root:")
}

func TestPagesCanOnlyBeRead(t *testing.T) {
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", nil))
	assert.Equal(t, http.StatusMethodNotAllowed, w.Code)
}

func TestPlaybackPageHoldsEverythingButMedia(t *testing.T) {
	needBuilt(t)
	timeline := []byte(`{"version":1,"recordings":[{"source":"</script><script>alert(1)</script>"}]}`)
	page, err := PlaybackPage(timeline, map[string][]byte{"camera.peaks": {1, 2, 250}}, map[string][]byte{"camera.vtt": []byte("WEBVTT\n</script>")}, "zh-CN")
	require.NoError(t, err)
	text := string(page)
	assert.Contains(t, text, base64.StdEncoding.EncodeToString([]byte{1, 2, 250}))
	assert.NotContains(t, text, "<script>alert(1)", "nothing in a file's name ends the data")
	assert.Equal(t, 2, strings.Count(text, "</script>"), "one for the data, one for the player")
	assert.NotContains(t, text, "src=\"", "nothing is loaded before the player asks for it")
}
