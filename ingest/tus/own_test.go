package tus_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/ingest/tus"
	"github.com/trivue/trivue/store"
)

const aTake = "000102030405060708090a0b0c0d0e0f"

// take names a take of a candidate by a number.
func take(n int) string { return fmt.Sprintf("%032x", n) }

// told is what a candidate's page says of a take; changes replace keys, and leave those out whose value is "-".
func told(take, attempt string, changes ...string) string {
	all := map[string]string{"take": take, "attempt": attempt, "kind": "camera", "mime": "video/webm;codecs=vp9,opus", "startedAt": "2026-11-24T09:00:00.000Z"}
	for n := 0; n < len(changes); n += 2 {
		all[changes[n]] = changes[n+1]
	}
	var pairs []string
	for key, value := range all {
		if value != "-" {
			pairs = append(pairs, key+" "+base64.StdEncoding.EncodeToString([]byte(value)))
		}
	}
	sort.Strings(pairs)
	return strings.Join(pairs, ",")
}

// begin makes a candidate's upload as its page does, and gives the path.
func (b *bench) begin(take string) string {
	b.t.Helper()
	answer := b.do(http.MethodPost, "/files/", "own:a", nil, "Upload-Defer-Length", "1", "Upload-Metadata", told(take, "a"))
	require.Equal(b.t, http.StatusCreated, answer.StatusCode, "%s", text(answer))
	require.Equal(b.t, "/files/"+take, answer.Header.Get("Location"))
	return "/files/" + take
}

func text(answer *http.Response) string {
	said, _ := io.ReadAll(answer.Body)
	return string(said)
}

// put appends bytes and gives the status.
func (b *bench) put(path string, offset int, content string, headers ...string) int {
	b.t.Helper()
	return b.do(http.MethodPatch, path, "own:a", []byte(content), append([]string{"Upload-Offset", fmt.Sprint(offset)}, headers...)...).StatusCode
}

func (b *bench) offset(path string) string {
	b.t.Helper()
	answer := b.do(http.MethodHead, path, "own:a", nil)
	require.Equal(b.t, http.StatusOK, answer.StatusCode)
	return answer.Header.Get("Upload-Offset")
}

func TestACandidatesUploadBearsItsTakesName(t *testing.T) {
	b := newBench(t, nil)
	path := b.begin(aTake)
	row := b.take(path)
	assert.Equal(t, exam.Take{ID: aTake, UploadID: aTake, AttemptID: "a", Kind: exam.Camera, Name: "camera", Size: -1, State: exam.Uploading,
		StartedAt: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC), CreatedAt: b.now}, row)
	known, err := b.store.Chain(t.Context(), aTake)
	require.NoError(t, err)
	assert.Equal(t, store.Chain{TakeID: aTake, AttemptID: "a", MIME: "video/webm;codecs=vp9,opus"}, known)

	require.Equal(t, http.StatusNoContent, b.put(path, 0, "01234"))
	assert.Equal(t, http.StatusNoContent, b.put(path, 5, "", "Upload-Length", "5"), "the length comes with a PATCH without bytes")
	assert.Equal(t, exam.Received, b.take(path).State)
	assert.Equal(t, []string{"a"}, b.woken)
}

func TestEveryRequestTwiceDoesNoHarm(t *testing.T) {
	b := newBench(t, nil)
	twice := func(method, path string, body string, headers ...string) (first, second *http.Response) {
		first = b.do(method, path, "own:a", []byte(body), headers...)
		return first, b.do(method, path, "own:a", []byte(body), headers...)
	}
	first, second := twice(http.MethodPost, "/files/", "", "Upload-Defer-Length", "1", "Upload-Metadata", told(aTake, "a"))
	assert.Equal(t, http.StatusCreated, first.StatusCode)
	assert.Equal(t, http.StatusCreated, second.StatusCode)
	assert.Equal(t, first.Header.Get("Location"), second.Header.Get("Location"))
	path := first.Header.Get("Location")

	first, second = twice(http.MethodPatch, path, "01234", "Upload-Offset", "0")
	assert.Equal(t, http.StatusNoContent, first.StatusCode)
	assert.Equal(t, http.StatusConflict, second.StatusCode)
	b.begin(aTake)
	assert.Equal(t, "5", b.offset(path), "made again, it has what it had")

	first, second = twice(http.MethodPatch, path, "56789", "Upload-Offset", "5", "Upload-Length", "10")
	assert.Equal(t, http.StatusNoContent, first.StatusCode)
	assert.Equal(t, http.StatusConflict, second.StatusCode)
	first, second = twice(http.MethodPatch, path, "", "Upload-Offset", "10", "Upload-Length", "10")
	assert.Equal(t, http.StatusNoContent, first.StatusCode)
	assert.Equal(t, http.StatusNoContent, second.StatusCode)
	assert.Equal(t, http.StatusForbidden, b.put(path, 10, "more"), "nothing is added to what was received")
	b.begin(aTake)
	assert.Equal(t, "10", b.offset(path))
	stored, err := os.ReadFile(filepath.Join(b.folder, aTake))
	require.NoError(t, err)
	assert.Equal(t, "0123456789", string(stored))
	assert.Equal(t, []string{"a"}, b.woken)
	takes, err := b.store.Takes(t.Context(), "a")
	require.NoError(t, err)
	assert.Len(t, takes, 1)
}

func TestALengthThatWasToldIsNotToldOtherwise(t *testing.T) {
	b := newBench(t, nil)
	path := b.begin(aTake)
	require.Equal(t, http.StatusNoContent, b.put(path, 0, "01", "Upload-Length", "10"), "part of what was to end it")
	assert.Equal(t, http.StatusNoContent, b.put(path, 2, "23", "Upload-Length", "10"), "the same again, as a sender does whose answer was lost")
	assert.Equal(t, http.StatusBadRequest, b.put(path, 4, "45", "Upload-Length", "11"))
	head := b.do(http.MethodHead, path, "own:a", nil)
	assert.Equal(t, "10", head.Header.Get("Upload-Length"))
	assert.Equal(t, "4", head.Header.Get("Upload-Offset"))
	assert.Equal(t, http.StatusBadRequest, b.put(b.begin(take(2)), 0, "", "Upload-Length", "0"), "an empty take is nothing")
	short := b.begin(take(3))
	require.Equal(t, http.StatusNoContent, b.put(short, 0, "012345"))
	assert.Equal(t, http.StatusBadRequest, b.put(short, 6, "", "Upload-Length", "5"), "less than is here")
}

func TestManyWhoMakeOneUploadAtOnceGetOne(t *testing.T) {
	b := newBench(t, nil)
	var all sync.WaitGroup
	for n := range 16 {
		all.Go(func() {
			id := take(n % 2)
			answer := b.do(http.MethodPost, "/files/", "own:a", nil, "Upload-Defer-Length", "1", "Upload-Metadata", told(id, "a"))
			assert.Equal(t, http.StatusCreated, answer.StatusCode)
			assert.Equal(t, "/files/"+id, answer.Header.Get("Location"))
			// Whoever was first may have begun to fill it: nobody empties it again.
			status := b.do(http.MethodPatch, "/files/"+id, "own:a", []byte("once"), "Upload-Offset", "0").StatusCode
			assert.Contains(t, []int{http.StatusNoContent, http.StatusConflict, http.StatusBadRequest}, status)
		})
	}
	all.Wait()
	for n := range 2 {
		stored, err := os.ReadFile(filepath.Join(b.folder, take(n)))
		require.NoError(t, err)
		assert.Equal(t, "once", string(stored))
	}
	takes, err := b.store.Takes(t.Context(), "a")
	require.NoError(t, err)
	assert.Len(t, takes, 2)
}

// A browser that is both laptop and phone must not mix them up, and a phone of somebody else must not touch the laptop's recordings.
func TestLaptopAndPhoneSendEachItsOwn(t *testing.T) {
	b := newBench(t, nil)
	create := func(bearer, take, kind string) int {
		return b.do(http.MethodPost, "/files/", bearer, nil, "Upload-Defer-Length", "1", "Upload-Metadata", told(take, "a", "kind", kind)).StatusCode
	}
	assert.Equal(t, http.StatusCreated, create("own:a", take(1), "camera"))
	assert.Equal(t, http.StatusForbidden, create("own:a", take(1), "screen"), "a take stays what it is")
	assert.Equal(t, http.StatusCreated, create("own:a", take(2), "screen"))
	assert.Equal(t, http.StatusForbidden, create("own:a", take(4), "phone"))
	assert.Equal(t, http.StatusForbidden, create("phone:a", take(4), "camera"))
	assert.Equal(t, http.StatusForbidden, create("phone:a", take(4), "screen"))
	require.Equal(t, http.StatusCreated, create("phone:a", take(3), "phone"))
	assert.Equal(t, http.StatusForbidden, create("own:a", take(3), "camera"), "its name is taken")
	for _, c := range []struct {
		bearer string
		take   string
		head   int
		patch  int
	}{
		{"own:a", take(1), http.StatusOK, http.StatusNoContent},
		{"own:a", take(3), http.StatusNotFound, http.StatusNotFound},
		{"phone:a", take(1), http.StatusNotFound, http.StatusNotFound},
		{"phone:a", take(3), http.StatusOK, http.StatusNoContent},
		{"phone:other", take(3), http.StatusNotFound, http.StatusNotFound},
	} {
		assert.Equal(t, c.head, b.do(http.MethodHead, "/files/"+c.take, c.bearer, nil).StatusCode, "%s, HEAD", c.bearer)
		assert.Equal(t, c.patch, b.do(http.MethodPatch, "/files/"+c.take, c.bearer, []byte("x"), "Upload-Offset", "0").StatusCode, "%s, PATCH", c.bearer)
	}
}

func TestAnotherAttemptsTakesDoNotExist(t *testing.T) {
	b := newBench(t, nil)
	path := b.begin(aTake)
	require.Equal(t, http.StatusNoContent, b.put(path, 0, "mine"))
	post := func(bearer, id, attempt string) (int, string) {
		answer := b.do(http.MethodPost, "/files/", bearer, nil, "Upload-Defer-Length", "1", "Upload-Metadata", told(id, attempt))
		return answer.StatusCode, text(answer)
	}
	status, taken := post("own:other", aTake, "other")
	assert.Equal(t, http.StatusForbidden, status)
	status, foreign := post("own:other", take(7), "a")
	assert.Equal(t, http.StatusForbidden, status)
	assert.Equal(t, foreign, taken, "the answer does not tell that somebody has the take")
	status, _ = post("own:", take(7), "a")
	assert.Equal(t, http.StatusForbidden, status, "a candidate's session is always one attempt's")
	for _, method := range []string{http.MethodHead, http.MethodPatch, http.MethodDelete, http.MethodGet, http.MethodPut} {
		assert.Equal(t, http.StatusNotFound, b.do(method, path, "own:other", nil, "Upload-Offset", "4").StatusCode, method)
	}
	assert.Equal(t, http.StatusForbidden, b.do(http.MethodDelete, path, "own:a", nil).StatusCode, "not even its own is ended by a candidate")
	assert.Equal(t, "4", b.offset(path))
	assert.Positive(t, b.refusals(tus.Forbidden))
	assert.Positive(t, b.refusals(tus.NotFound))

	// A staff upload has a name of its own, whatever it says.
	answer := b.do(http.MethodPost, "/files/", "staff", nil, "Upload-Length", "5", "Upload-Metadata", told(take(8), "a"))
	require.Equal(t, http.StatusCreated, answer.StatusCode)
	assert.NotContains(t, answer.Header.Get("Location"), take(8))
}

func TestWhatACandidatesUploadMustSay(t *testing.T) {
	b := newBench(t, nil)
	for name, metadata := range map[string]string{
		"no take":            told("-", "a"),
		"upper case":         told(strings.ToUpper(aTake), "a"),
		"short":              told(aTake[1:], "a"),
		"a path":             told("../../../../../../etc/passwd0000", "a"),
		"no mime":            told(aTake, "a", "mime", "-"),
		"a line in the mime": told(aTake, "a", "mime", "video/webm\nx"),
		"a long mime":        told(aTake, "a", "mime", "video/"+strings.Repeat("x", 200)),
		"text":               told(aTake, "a", "mime", "text/html"),
		"no start":           told(aTake, "a", "startedAt", "-"),
		"no kind":            told(aTake, "a", "kind", "-"),
		"long":               told(aTake, "a", "note", strings.Repeat("x", 5000)),
	} {
		answer := b.do(http.MethodPost, "/files/", "own:a", nil, "Upload-Defer-Length", "1", "Upload-Metadata", metadata)
		assert.Equal(t, http.StatusBadRequest, answer.StatusCode, name)
	}
	answer := b.do(http.MethodPost, "/files/", "own:a", []byte("body"), "Content-Type", "application/offset+octet-stream", "Upload-Defer-Length", "1", "Upload-Metadata", told(aTake, "a", "note", "x"))
	require.Equal(t, http.StatusCreated, answer.StatusCode)
	head := b.do(http.MethodHead, "/files/"+aTake, "own:a", nil)
	assert.Equal(t, "0", head.Header.Get("Upload-Offset"), "bytes come by PATCH only, where they are counted")
	assert.NotContains(t, head.Header.Get("Upload-Metadata"), "note", "nothing is kept that was not checked")
}

func TestAFileThatIsLostIsMadeAgain(t *testing.T) {
	b := newBench(t, nil)
	path := b.begin(aTake)
	require.Equal(t, http.StatusNoContent, b.put(path, 0, "01234"))
	require.NoError(t, b.store.AdvanceChain(t.Context(), aTake, 0, store.ChainProgress{Records: 1, Bytes: 5}))
	files := []string{aTake, aTake + ".info", aTake + ".chain"}
	require.NoError(t, os.WriteFile(filepath.Join(b.folder, files[2]), make([]byte, 40), 0o600))

	require.NoError(t, os.Remove(filepath.Join(b.folder, files[1])))
	b.begin(aTake)
	assert.Equal(t, "5", b.offset(path), "the info alone is rebuilt")
	require.NoError(t, os.Remove(filepath.Join(b.folder, files[1])))
	require.NoError(t, b.store.DeleteUploadInfo(t.Context(), aTake))
	assert.Equal(t, "5", b.offset(path), "even from the row alone")

	require.NoError(t, os.Remove(filepath.Join(b.folder, files[0])))
	require.Equal(t, http.StatusNotFound, b.do(http.MethodHead, path, "own:a", nil).StatusCode, "so that the page makes it again")
	b.begin(aTake)
	assert.Equal(t, "0", b.offset(path))
	known, err := b.store.Chain(t.Context(), aTake)
	require.NoError(t, err)
	assert.Zero(t, known.Progress, "nothing of it is verified any more")
	_, err = os.Stat(filepath.Join(b.folder, files[2]))
	require.ErrorIs(t, err, os.ErrNotExist)
	require.Equal(t, http.StatusNoContent, b.put(path, 0, "01234", "Upload-Length", "5"))
	assert.Equal(t, exam.Received, b.take(path).State)

	require.NoError(t, os.Remove(filepath.Join(b.folder, files[0])))
	answer := b.do(http.MethodPost, "/files/", "own:a", nil, "Upload-Defer-Length", "1", "Upload-Metadata", told(aTake, "a"))
	assert.Equal(t, http.StatusGone, answer.StatusCode, "what was received does not begin again under its name")
}

func TestLimitsOfOneCandidate(t *testing.T) {
	b := newBench(t, func(o *tus.Options) {
		o.Limits = tus.Limits{Quota: 100, Unfinished: 3, Takes: 5, Rate: 1, Burst: 1000}
	})
	post := func(n int, headers ...string) *http.Response {
		if len(headers) == 0 {
			headers = []string{"Upload-Defer-Length", "1"}
		}
		return b.do(http.MethodPost, "/files/", "own:a", nil, append(headers, "Upload-Metadata", told(take(n), "a"))...)
	}
	finish := func(n int) {
		require.Equal(t, http.StatusNoContent, b.put("/files/"+take(n), 0, "0123456789", "Upload-Length", "10"))
	}
	for n := range 3 {
		require.Equal(t, http.StatusCreated, post(n).StatusCode)
	}
	many := post(3)
	assert.Equal(t, http.StatusTooManyRequests, many.StatusCode)
	assert.NotEmpty(t, many.Header.Get("Retry-After"))
	assert.Equal(t, http.StatusCreated, post(2).StatusCode, "what there is already may be asked for")
	finish(0)
	finish(1)
	require.Equal(t, http.StatusCreated, post(3).StatusCode)
	assert.Equal(t, http.StatusRequestEntityTooLarge, post(4, "Upload-Length", "81").StatusCode, "20 of 100 are used")
	require.Equal(t, http.StatusCreated, post(4).StatusCode)
	finish(2)
	finish(3)
	assert.Equal(t, http.StatusForbidden, post(5).StatusCode, "five in all")
	assert.Equal(t, 2, b.refusals(tus.TooMany))

	path := "/files/" + take(4)
	assert.Equal(t, http.StatusRequestEntityTooLarge, b.put(path, 0, strings.Repeat("x", 61)), "40 of 100 are used")
	assert.Equal(t, http.StatusRequestEntityTooLarge, b.put(path, 0, "", "Upload-Length", "61"))
	// A body that does not say how long it is ends where the quota does.
	r, err := http.NewRequest(http.MethodPatch, b.url+path, io.MultiReader(strings.NewReader(strings.Repeat("x", 50)), strings.NewReader(strings.Repeat("y", 50))))
	require.NoError(t, err)
	for key, value := range map[string]string{"Authorization": "Bearer own:a", "Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"} {
		r.Header.Set(key, value)
	}
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	answer.Body.Close()
	assert.Equal(t, http.StatusRequestEntityTooLarge, answer.StatusCode)
	assert.Equal(t, "60", b.offset(path), "what fits stays")
	assert.Equal(t, http.StatusRequestEntityTooLarge, b.put(path, 60, "z"))
	assert.Positive(t, b.refusals(tus.OverQuota))

	// Nobody else is held to them.
	staff := b.do(http.MethodPost, "/files/", "staff", nil, "Upload-Length", "500", "Upload-Metadata", metadata("a", "phone", "p"))
	require.Equal(t, http.StatusCreated, staff.StatusCode)
	assert.Equal(t, http.StatusNoContent, b.do(http.MethodPatch, staff.Header.Get("Location"), "staff", bytes.Repeat([]byte("x"), 500), "Upload-Offset", "0").StatusCode)
	assert.EqualValues(t, 600, b.bytes)
}

func TestACandidateThatAsksTooOftenIsToldWhenToComeBack(t *testing.T) {
	b := newBench(t, func(o *tus.Options) { o.Limits = tus.Limits{Rate: 0.5, Burst: 3} })
	path := b.begin(aTake)
	require.Equal(t, http.StatusNoContent, b.put(path, 0, "0"))
	require.Equal(t, http.StatusNoContent, b.put(path, 1, "1"))
	answer := b.do(http.MethodPatch, path, "own:a", []byte("2"), "Upload-Offset", "2")
	assert.Equal(t, http.StatusTooManyRequests, answer.StatusCode)
	assert.Equal(t, "2", answer.Header.Get("Retry-After"))
	assert.Equal(t, "2", b.offset(path), "looking is free")
	assert.Equal(t, http.StatusForbidden, b.do(http.MethodPost, "/files/", "own:other", nil, "Upload-Defer-Length", "1", "Upload-Metadata", told(aTake, "other")).StatusCode, "another attempt has its own")
	b.now = b.now.Add(2 * time.Second)
	assert.Equal(t, http.StatusNoContent, b.put(path, 2, "2"))
	assert.Equal(t, 1, b.refusals(tus.TooFast))
	require.NoError(t, b.ingest.Sweep(t.Context()))
	assert.Equal(t, http.StatusTooManyRequests, b.put(path, 3, "3"), "sweeping lets nobody off")
}

func TestATakeWhoseSenderDoesNotComeBackIsKept(t *testing.T) {
	b := newBench(t, nil)
	path, empty := b.begin(aTake), b.begin(take(2))
	require.Equal(t, http.StatusNoContent, b.put(path, 0, "fifty minutes of an interview"))
	b.now = time.Now().Add(8 * 24 * time.Hour)
	require.NoError(t, b.ingest.Sweep(t.Context()))
	assert.Equal(t, exam.Received, b.take(path).State, "nobody can send it again")
	assert.EqualValues(t, 29, b.take(path).Size)
	assert.Equal(t, "29", b.do(http.MethodHead, path, "own:a", nil).Header.Get("Upload-Length"))
	assert.Equal(t, []string{"a"}, b.woken)
	assert.Equal(t, exam.Discarded, b.take(empty).State)
	answer := b.do(http.MethodPost, "/files/", "own:a", nil, "Upload-Defer-Length", "1", "Upload-Metadata", told(take(2), "a"))
	assert.Equal(t, http.StatusGone, answer.StatusCode)
}
