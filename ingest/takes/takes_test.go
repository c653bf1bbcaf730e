package takes_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/ingest/chain"
	"github.com/trivue/trivue/ingest/takes"
	"github.com/trivue/trivue/store"
)

func TestATakeIsSentHeldAgainstItsChainAndSignedFor(t *testing.T) {
	b := newBench(t, nil, nil)
	r := record(1, 1000, 1, 3000)
	require.Equal(t, http.StatusCreated, b.begin(r).status)
	assert.JSONEq(t, `{"bytes": 0, "chunks": 0}`, b.chain(r, 0, nil).body, "no bytes ask for the answer alone")
	assert.JSONEq(t, `{"missing": {"length": true, "end": true}}`, b.receipt(r).body)

	require.Equal(t, http.StatusNoContent, b.send(r, 1500).status)
	said := b.chain(r, 0, r.file(0, 2))
	assert.Equal(t, http.StatusOK, said.status)
	assert.JSONEq(t, `{"bytes": 1500, "chunks": 2}`, said.body)
	said = b.chain(r, 4, nil)
	assert.Equal(t, http.StatusConflict, said.status)
	assert.JSONEq(t, `{"code": "gap", "chunks": 2}`, said.body)

	require.Equal(t, http.StatusNoContent, b.send(r, len(r.media)).status)
	assert.JSONEq(t, `{"missing": {"end": true}}`, b.receipt(r).body)
	assert.JSONEq(t, `{"bytes": 4001, "chunks": 4}`, b.chain(r, 2, r.file(2, 4)).body)
	said = b.receipt(r)
	require.Equal(t, http.StatusOK, said.status, said.body)
	lines := strings.Split(said.body, "\n")
	assert.Equal(t, []string{"trivue receipt 1", r.take, "a", "camera", "4001 3", r.records[3].Link.String(), ""}, lines[:7])
	read, err := chain.ParseReceipt([]byte(said.body), note.VerifierList(b.key.Verifier()))
	require.NoError(t, err)
	assert.Equal(t, chain.Receipt{Take: r.take, AttemptID: "a", Kind: exam.Camera, Bytes: 4001, Chunks: 3, End: r.records[3].Link}, read)

	stored, err := os.ReadFile(b.ingest.ChainPath(r.take))
	require.NoError(t, err)
	assert.Equal(t, r.file(0, 4), stored, "the file is the browser's")
	known, err := b.store.Chain(t.Context(), r.take)
	require.NoError(t, err)
	assert.Equal(t, store.ChainProgress{Records: 4, Bytes: 4001, Link: r.records[3].Link.String(), Ms: 8000, Whole: true}, known.Progress)
}

func TestEveryRequestTwiceIsAnsweredTheSame(t *testing.T) {
	b := newBench(t, nil, nil)
	r := record(1, 1000, 2000)
	for range 2 {
		require.Equal(t, http.StatusCreated, b.begin(r).status)
	}
	require.Equal(t, http.StatusNoContent, b.send(r, len(r.media)).status)
	for range 2 {
		assert.JSONEq(t, `{"bytes": 3000, "chunks": 2}`, b.chain(r, 0, r.file(0, 2)).body)
	}
	for range 2 {
		assert.JSONEq(t, `{"bytes": 3000, "chunks": 3}`, b.chain(r, 1, r.file(1, 3)).body, "some of it is here already")
	}
	first := b.receipt(r)
	require.Equal(t, http.StatusOK, first.status)
	assert.Equal(t, first.body, b.receipt(r).body)
	assert.JSONEq(t, `{"bytes": 3000, "chunks": 3}`, b.chain(r, 0, r.file(0, 3)).body, "also after the receipt")
	assert.Equal(t, http.StatusCreated, b.begin(r).status)
	assert.Equal(t, http.StatusConflict, b.do(http.MethodPatch, r.path(), r.media, "Upload-Offset", "0").status)
	assert.Equal(t, first.body, b.receipt(r).body)
}

func TestAChainThatIsNotWhatIsStoredDiffers(t *testing.T) {
	r := record(1, 1000, 2000, 500)
	other := record(1, 1000, 2000, 500)
	other.records[1].Ms++ // and so all links behind it are others
	for name, c := range map[string]struct {
		before int
		from   int
		raw    []byte
		chunk  int
	}{
		"a link that does not fit":         {0, 0, bytes.Replace(r.file(0, 1), r.records[0].Link[:4], []byte("lies"), 1), 0},
		"a chunk that was cut elsewhere":   {1, 1, chain.EncodeRecords([]chain.Record{{Size: 1999, Ms: r.records[1].Ms, Link: r.records[1].Link}}), 1},
		"another time":                     {1, 1, other.file(1, 2), 1},
		"what was here already is another": {3, 0, other.file(0, 3), 1},
		"a chunk that is left out":         {1, 1, r.file(2, 3), 1},
		"something behind the end":         {4, 4, r.file(3, 4), 4},
		"an end before the end":            {2, 2, r.file(3, 4), 2},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil, nil)
			require.Equal(t, http.StatusCreated, b.begin(r).status)
			require.Equal(t, http.StatusNoContent, b.send(r, len(r.media)).status)
			require.Equal(t, http.StatusOK, b.chain(r, 0, r.file(0, c.before)).status)
			said := b.chain(r, c.from, c.raw)
			assert.Equal(t, http.StatusConflict, said.status)
			assert.JSONEq(t, fmt.Sprintf(`{"code": "differs", "chunk": %d}`, c.chunk), said.body)
			assert.EqualValues(t, c.before, b.chain(r, 0, nil).values(t)["chunks"], "nothing of it was taken")
		})
	}
}

func TestARequestWithARightBeginningGivesThatMuch(t *testing.T) {
	b := newBench(t, nil, nil)
	r := record(1, 1000, 2000, 500)
	require.Equal(t, http.StatusCreated, b.begin(r).status)
	require.Equal(t, http.StatusNoContent, b.send(r, 3100).status)
	said := b.chain(r, 0, r.file(0, 3))
	assert.Equal(t, http.StatusConflict, said.status)
	assert.JSONEq(t, `{"code": "gap", "chunks": 2}`, said.body, "a record speaks of media that is not here: the page looks at the upload again")
	require.Equal(t, http.StatusNoContent, b.send(r, len(r.media)).status)
	assert.JSONEq(t, `{"bytes": 3500, "chunks": 4}`, b.chain(r, 2, r.file(2, 4)).body)
	require.Equal(t, http.StatusOK, b.receipt(r).status)
}

func TestAnUploadThatWillNotGetWhatItsChainSaysDiffers(t *testing.T) {
	b := newBench(t, nil, nil)
	r := record(1, 1000, 2000)
	require.Equal(t, http.StatusCreated, b.begin(r).status)
	require.Equal(t, http.StatusNoContent, b.do(http.MethodPatch, r.path(), r.media[:1500], "Upload-Offset", "0", "Upload-Length", "1500").status)
	said := b.chain(r, 0, r.file(0, 3))
	assert.JSONEq(t, `{"code": "differs", "chunk": 1}`, said.body)
}

func TestNothingIsSignedThatIsNotWhatWasRecorded(t *testing.T) {
	r := record(1, 1000, 2000, 500)
	flip := func(at int) func([]byte) []byte {
		return func(content []byte) []byte { content[at] ^= 1; return content }
	}
	for name, c := range map[string]struct {
		file   string
		change func([]byte) []byte
		status int
		want   string
	}{
		"the first byte":     {"", flip(0), http.StatusConflict, `{"chunk": 0, "offset": 0}`},
		"one in the middle":  {"", flip(1999), http.StatusConflict, `{"chunk": 1, "offset": 1000}`},
		"the last byte":      {"", flip(3499), http.StatusConflict, `{"chunk": 2, "offset": 3000}`},
		"a byte is missing":  {"", func(c []byte) []byte { return append(c[:1200], c[1201:]...) }, http.StatusAccepted, `{"missing": {"bytes": 1}}`},
		"a byte is too many": {"", func(c []byte) []byte { return append(c, 0) }, http.StatusConflict, `{"chunk": 3, "offset": 3500}`},
		"it was cut off":     {"", func(c []byte) []byte { return c[:10] }, http.StatusAccepted, `{"missing": {"bytes": 3490}}`},
		"a byte has moved":   {"", func(c []byte) []byte { return append(append([]byte{0}, c[:1200]...), c[1201:]...) }, http.StatusConflict, `{"chunk": 0, "offset": 0}`},
		"a link lies":        {".chain", flip(2*40 + 20), http.StatusConflict, `{"chunk": 2, "offset": 3000}`},
		"a time lies":        {".chain", flip(40 + 5), http.StatusConflict, `{"chunk": 1, "offset": 1000}`},
		"a size lies":        {".chain", flip(0), http.StatusConflict, `{"chunk": 0, "offset": 0}`},
		"the end was lost":   {".chain", func(c []byte) []byte { return c[:130] }, http.StatusAccepted, `{"missing": {"end": true}}`},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil, nil)
			b.all(r)
			damage(t, filepath.Join(b.uploads(), r.take+c.file), c.change)
			for range 2 {
				said := b.receipt(r)
				assert.Equal(t, c.status, said.status)
				assert.JSONEq(t, c.want, said.body)
			}
			known, err := b.store.Chain(t.Context(), r.take)
			require.NoError(t, err)
			assert.Empty(t, known.Receipt)
			assert.Equal(t, c.status == http.StatusConflict, known.Damage != nil)
		})
	}
}

func TestAChainFileThatLostSomethingIsAskedForAgain(t *testing.T) {
	for name, lose := range map[string]func(path string) error{
		"all":          os.Remove,
		"half a chunk": func(path string) error { return os.Truncate(path, 100) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil, nil)
			r := record(1, 1000, 2000, 500)
			b.all(r)
			require.NoError(t, lose(b.ingest.ChainPath(r.take)))
			require.Equal(t, http.StatusAccepted, b.receipt(r).status)
			said := b.chain(r, 4, nil)
			require.Equal(t, http.StatusConflict, said.status)
			from := int(said.values(t)["chunks"].(float64))
			assert.Less(t, from, 4)
			assert.JSONEq(t, `{"bytes": 3500, "chunks": 4}`, b.chain(r, from, r.file(from, 4)).body)
			assert.Equal(t, http.StatusOK, b.receipt(r).status)
		})
	}
}

func TestWhatACrashLeftBehindTheChainDoesNotCount(t *testing.T) {
	b := newBench(t, nil, nil)
	r := record(1, 1000, 2000, 500)
	require.Equal(t, http.StatusCreated, b.begin(r).status)
	require.Equal(t, http.StatusNoContent, b.send(r, len(r.media)).status)
	require.Equal(t, http.StatusOK, b.chain(r, 0, r.file(0, 2)).status)
	damage(t, b.ingest.ChainPath(r.take), func(c []byte) []byte {
		return append(c, "written, but never noted, and of no whole number of records: 40+40"...)
	})
	assert.JSONEq(t, `{"bytes": 3500, "chunks": 2}`, b.chain(r, 2, nil).body)
	assert.JSONEq(t, `{"bytes": 3500, "chunks": 4}`, b.chain(r, 2, r.file(2, 4)).body)
	assert.Equal(t, http.StatusOK, b.receipt(r).status)
}

func TestTakesOfOthersDoNotExist(t *testing.T) {
	b := newBench(t, nil, nil)
	r := record(1, 1000)
	b.all(r)
	other := b.browser
	other.bearer = "other"
	assert.Equal(t, http.StatusNotFound, other.chain(r, 0, nil).status)
	assert.Equal(t, http.StatusNotFound, other.receipt(r).status)
	assert.JSONEq(t, `{"takes": []}`, other.do(http.MethodGet, "/api/candidate/takes", nil).body)
	for _, name := range []string{strings.Repeat("0", 32), "x", strings.Repeat("A", 32)} {
		assert.Equal(t, http.StatusNotFound, b.receipt(recording{take: name}).status, name)
	}
	for _, path := range []string{"/api/candidate/takes/" + r.take + "/receipt", "/api/candidate/takes"} {
		answer, err := http.Get(b.url + path)
		require.NoError(t, err)
		answer.Body.Close()
		assert.Equal(t, http.StatusUnauthorized, answer.StatusCode)
	}
	require.Equal(t, http.StatusOK, b.receipt(r).status)
}

func TestRequestsThatAreNone(t *testing.T) {
	b := newBench(t, nil, nil)
	r := record(1, 1000)
	require.Equal(t, http.StatusCreated, b.begin(r).status)
	for name, c := range map[string]struct {
		query string
		body  []byte
		want  int
	}{
		"no from":         {"", nil, http.StatusBadRequest},
		"a negative from": {"?from=-1", nil, http.StatusBadRequest},
		"half a record":   {"?from=0", make([]byte, 39), http.StatusBadRequest},
		"two ends":        {"?from=0", make([]byte, 80), http.StatusBadRequest},
		"too many":        {"?from=0", make([]byte, 500_000), http.StatusRequestEntityTooLarge},
	} {
		assert.Equal(t, c.want, b.do(http.MethodPut, "/api/candidate/takes/"+r.take+"/chain"+c.query, c.body).status, name)
	}
	require.NoError(t, os.Remove(b.ingest.DataPath(r.take)))
	assert.Equal(t, http.StatusNotFound, b.chain(r, 0, nil).status, "the upload is to be made again")
	assert.Equal(t, http.StatusNotFound, b.receipt(r).status)
}

func TestTheListSaysWhatIsHere(t *testing.T) {
	b := newBench(t, nil, nil)
	whole, half := record(1, 1000, 500), record(2, 1000)
	b.all(whole)
	require.Equal(t, http.StatusOK, b.receipt(whole).status)
	require.Equal(t, http.StatusCreated, b.begin(half).status)
	require.Equal(t, http.StatusNoContent, b.send(half, 400).status)
	staff := b.do(http.MethodPost, "/files/", nil, "Authorization", "Bearer staff", "Upload-Length", "5", "Upload-Metadata", "attempt YQ==,kind cGhvbmU=")
	require.Equal(t, http.StatusCreated, staff.status)
	var said struct{ Takes []takes.Take }
	require.NoError(t, json.Unmarshal([]byte(b.do(http.MethodGet, "/api/candidate/takes", nil).body), &said))
	assert.Equal(t, []takes.Take{
		{Take: whole.take, Kind: exam.Camera, MIME: whole.mime, StartedAt: began, State: exam.Received, Bytes: 1500, Size: 1500, Chunks: 3, Ended: true, Receipt: true},
		{Take: half.take, Kind: exam.Camera, MIME: half.mime, StartedAt: began, State: exam.Uploading, Bytes: 400, Size: -1},
	}, said.Takes, "staff's uploads are not the page's")
}

func TestACopyPutsTheTakeAsideThatItReplaces(t *testing.T) {
	b := newBench(t, nil, nil)
	half, copied := record(1, 1000, 500), record(2, 1000, 500)
	copied.replaces = half.take
	require.Equal(t, http.StatusCreated, b.begin(half).status)
	require.Equal(t, http.StatusNoContent, b.send(half, 400).status)
	require.Equal(t, http.StatusCreated, b.begin(copied).status)
	old, err := b.store.Take(t.Context(), half.take)
	require.NoError(t, err)
	assert.Equal(t, exam.Uploading, old.State, "the copy is not here yet")
	b.all(copied)
	require.Equal(t, http.StatusOK, b.receipt(copied).status)
	old, err = b.store.Take(t.Context(), half.take)
	require.NoError(t, err)
	assert.Equal(t, exam.Discarded, old.State)

	again := record(3, 1000, 500)
	again.replaces = copied.take
	b.all(again)
	require.Equal(t, http.StatusOK, b.receipt(again).status)
	old, err = b.store.Take(t.Context(), copied.take)
	require.NoError(t, err)
	assert.Equal(t, exam.Replaced, old.State, "what was received is kept")
}

func TestRowsFollowWhatIsOnTheDisk(t *testing.T) {
	b := newBench(t, nil, nil)
	r := record(1, 1000, 2000, 500)
	require.Equal(t, http.StatusCreated, b.begin(r).status)
	require.Equal(t, http.StatusNoContent, b.send(r, len(r.media)).status)
	require.JSONEq(t, `{"bytes": 3500, "chunks": 2}`, b.chain(r, 0, r.file(0, 2)).body)
	list := b.do(http.MethodGet, "/api/candidate/takes", nil)
	assert.Contains(t, list.body, `"chunks":2`, "the list does not wait for them")
	known := func() store.ChainProgress {
		c, err := b.store.Chain(t.Context(), r.take)
		require.NoError(t, err)
		return c.Progress
	}
	want := store.ChainProgress{Records: 2, Bytes: 3000, Link: r.records[1].Link.String(), Ms: 4000}
	require.Eventually(t, func() bool { return known() == want }, waitAtMost, pollEvery)

	// Somebody else changed the row, as an upload that is made anew does: what was known is forgotten.
	require.NoError(t, b.store.ResetChain(t.Context(), r.take))
	require.NoError(t, os.Remove(b.ingest.ChainPath(r.take)))
	assert.Equal(t, http.StatusConflict, b.chain(r, 2, r.file(2, 3)).status)
	assert.JSONEq(t, `{"bytes": 3500, "chunks": 4}`, b.chain(r, 0, r.file(0, 4)).body)
	assert.True(t, known().Whole, "a receipt is made from the row, which is there at once")
	assert.Equal(t, http.StatusOK, b.receipt(r).status)
}

func TestRowsAreWrittenAtTheEnd(t *testing.T) {
	b := newBench(t, nil, nil)
	r := record(1, 1000, 2000, 500)
	require.Equal(t, http.StatusCreated, b.begin(r).status)
	require.Equal(t, http.StatusNoContent, b.send(r, len(r.media)).status)
	require.Equal(t, http.StatusOK, b.chain(r, 0, r.file(0, 3)).status)
	b.service.Close()
	known, err := b.store.Chain(t.Context(), r.take)
	require.NoError(t, err)
	assert.EqualValues(t, 3, known.Progress.Records)
}
