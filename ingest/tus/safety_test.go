package tus_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/ingest/tus"
)

// journal writes down, in order, what was made durable and what was said.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) add(line string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, line)
}

func (j *journal) taken() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	lines := j.lines
	j.lines = nil
	return lines
}

// noting says when a take was noted as received.
type noting struct {
	tus.Store
	journal *journal
}

func (n noting) MarkReceived(ctx context.Context, takeID string, size int64, at time.Time) error {
	n.journal.add("received")
	return n.Store.MarkReceived(ctx, takeID, size, at)
}

func TestWhatIsCalledSafeWasSyncedBefore(t *testing.T) {
	var j journal
	b := newBench(t, func(o *tus.Options) {
		o.Store = noting{o.Store, &j}
		o.SyncPath = func(path string) error {
			name := strings.TrimPrefix(filepath.Base(path), aTake)
			if path == o.Folder {
				name = "folder"
			}
			size := "?"
			if info, err := os.Stat(path); err == nil && name == "" {
				name, size = "data", fmt.Sprint(info.Size())
			}
			j.add(strings.TrimSuffix(name+" "+size, " ?"))
			return tus.SyncPath(path)
		}
	})
	path := b.begin(aTake)
	require.Equal(t, http.StatusNoContent, b.put(path, 0, "01234"))
	assert.Empty(t, j.taken(), "an append alone waits for no disk")
	safe, err := b.ingest.Sync(t.Context(), aTake)
	require.NoError(t, err)
	assert.EqualValues(t, 5, safe)
	assert.Equal(t, []string{"data 5", ".info", "folder"}, j.taken())
	_, err = b.ingest.Sync(t.Context(), aTake)
	require.NoError(t, err)
	assert.Empty(t, j.taken(), "what is safe already is not synced again")
	require.Equal(t, http.StatusNoContent, b.put(path, 5, "56789"))
	_, err = b.ingest.Sync(t.Context(), aTake)
	require.NoError(t, err)
	assert.Equal(t, []string{"data 10"}, j.taken())
	require.Equal(t, http.StatusNoContent, b.put(path, 10, "ab", "Upload-Length", "12"))
	assert.Equal(t, []string{"data 12", ".info", "received"}, j.taken(), "all before anybody hears of it")

	_, err = b.ingest.Sync(t.Context(), take(9))
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestManyWhoAskForSafetyShareTheDisk(t *testing.T) {
	var syncs, atOnce atomic.Int32
	begun, free := make(chan bool, 100), make(chan bool)
	b := newBench(t, func(o *tus.Options) {
		o.SyncPath = func(path string) error {
			if filepath.Base(path) != aTake {
				return nil
			}
			syncs.Add(1)
			assert.EqualValues(t, 1, atOnce.Add(1), "one at a time for a file")
			begun <- true
			<-free
			atOnce.Add(-1)
			return nil
		}
	})
	path := b.begin(aTake)
	require.Equal(t, http.StatusNoContent, b.put(path, 0, "01234"))
	first, others := make(chan int64), make(chan int64, 50)
	ask := func(answers chan<- int64) {
		safe, err := b.ingest.Sync(context.Background(), aTake)
		assert.NoError(t, err)
		answers <- safe
	}
	go ask(first)
	<-begun
	require.Equal(t, http.StatusNoContent, b.put(path, 5, "56789"), "appends go on meanwhile")
	impatient, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := b.ingest.Sync(impatient, aTake) // asks, so that those who come now find a round that waits
	require.ErrorIs(t, err, context.Canceled)
	for range 50 {
		go ask(others)
	}
	close(free)
	assert.EqualValues(t, 5, <-first, "the first is answered for what there was when it asked")
	for range 50 {
		assert.EqualValues(t, 10, <-others)
	}
	assert.LessOrEqual(t, syncs.Load(), int32(2))
}

func TestADiskThatFailsToKeepIsNotBelievedAgain(t *testing.T) {
	fail := true
	b := newBench(t, func(o *tus.Options) {
		o.SyncPath = func(path string) error {
			if fail && filepath.Base(path) == aTake {
				return fmt.Errorf("%w: input/output error", tus.ErrUnsafe)
			}
			return nil
		}
	})
	path := b.begin(aTake)
	assert.Equal(t, http.StatusInternalServerError, b.put(path, 0, "01234", "Upload-Length", "5"))
	assert.Equal(t, exam.Uploading, b.take(path).State)
	fail = false
	_, err := b.ingest.Sync(t.Context(), aTake)
	require.ErrorIs(t, err, tus.ErrUnsafe, "the second fsync after a failed one lies")
	require.Error(t, b.ingest.Sweep(t.Context()))
	assert.Equal(t, exam.Uploading, b.take(path).State)
}

func TestAKnownLengthIsLetInOnlyWithRoomForAllThatWereBefore(t *testing.T) {
	free := int64(1_000_000)
	b := newBench(t, func(o *tus.Options) {
		o.Reserve = 100_000
		o.SetFree(func() int64 { return free })
	})
	post := func(length string) (int, string) {
		answer := b.do(http.MethodPost, "/files/", "staff", nil, "Upload-Length", length, "Upload-Metadata", metadata("a", "phone", "p"))
		return answer.StatusCode, answer.Header.Get("Location")
	}
	status, first := post("500000")
	require.Equal(t, http.StatusCreated, status)
	status, _ = post("400001")
	assert.Equal(t, http.StatusInsufficientStorage, status, "500 kB of 900 kB are promised")
	require.Equal(t, http.StatusNoContent, b.do(http.MethodPatch, first, "staff", make([]byte, 300_000), "Upload-Offset", "0").StatusCode)
	free -= 300_000
	status, _ = post("400001")
	assert.Equal(t, http.StatusInsufficientStorage, status, "200 kB are still to come")
	var all sync.WaitGroup
	var admitted atomic.Int32
	for range 8 {
		all.Go(func() {
			if status, _ := post("300000"); status == http.StatusCreated {
				admitted.Add(1)
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 1, admitted.Load(), "two at once are not promised the same room")

	own := b.begin(aTake)
	require.Equal(t, http.StatusNoContent, b.put(own, 0, "0"))
	free = 99_999
	answer := b.do(http.MethodPost, "/files/", "own:a", nil, "Upload-Defer-Length", "1", "Upload-Metadata", told(take(2), "a"))
	assert.Equal(t, http.StatusInsufficientStorage, answer.StatusCode)
	assert.Equal(t, http.StatusInsufficientStorage, b.put(own, 1, "1"))
	assert.Equal(t, http.StatusNoContent, b.put(own, 1, "", "Upload-Length", "1"), "an end needs no room")
	assert.Equal(t, exam.Received, b.take(own).State)
	free = 1_000_000
	b.begin(take(2))
}

func TestARequestEndsWhenTheDiskFallsBelowTheReserve(t *testing.T) {
	var free atomic.Int64
	free.Store(10 << 20)
	b := newBench(t, func(o *tus.Options) {
		o.MaxSize, o.Reserve = 64<<20, 1<<20
		o.SetFree(free.Load)
	})
	path := b.begin(aTake)
	reader, writer := io.Pipe()
	go func() {
		piece := make([]byte, 64<<10)
		for sent := 0; ; sent += len(piece) {
			if sent == 3<<20 {
				free.Store(1 << 19) // somebody else filled it
			}
			if _, err := writer.Write(piece); err != nil {
				return
			}
		}
	}()
	answer := b.send(path, reader)
	reader.Close()
	assert.Equal(t, http.StatusInsufficientStorage, answer.StatusCode)
	assert.Contains(t, text(answer), "disk is full")
	offset, err := strconv.Atoi(b.offset(path))
	require.NoError(t, err)
	assert.GreaterOrEqual(t, offset, 1<<20, "what was stored stays")
	assert.LessOrEqual(t, offset, 5<<20, "it looks at the disk every megabyte")
	assert.Positive(t, b.refusals(tus.NoRoom))
	free.Store(10 << 20)
	require.Equal(t, http.StatusNoContent, b.put(path, offset, "end", "Upload-Length", fmt.Sprint(offset+3)))
	assert.Equal(t, exam.Received, b.take(path).State)
}

// send is a PATCH from the beginning that does not say how long it is.
func (b *bench) send(path string, body io.Reader) *http.Response {
	b.t.Helper()
	r, err := http.NewRequest(http.MethodPatch, b.url+path, body)
	require.NoError(b.t, err)
	for key, value := range map[string]string{"Authorization": "Bearer own:a", "Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"} {
		r.Header.Set(key, value)
	}
	answer, err := http.DefaultClient.Do(r)
	require.NoError(b.t, err)
	said, err := io.ReadAll(answer.Body)
	require.NoError(b.t, err)
	answer.Body.Close()
	answer.Body = io.NopCloser(strings.NewReader(string(said)))
	return answer
}

func TestStoppingEndsRequestsAndKeepsWhatCame(t *testing.T) {
	arrived := make(chan int64, 1000)
	b := newBench(t, func(o *tus.Options) {
		observe := o.Observe
		o.Observe = func(seen tus.Observation) {
			observe(seen)
			arrived <- seen.Bytes
		}
	})
	path := b.begin(aTake)
	reader, writer := io.Pipe()
	answers := make(chan *http.Response)
	go func() { answers <- b.send(path, reader) }()
	_, err := writer.Write([]byte("0123456789"))
	require.NoError(t, err)
	require.EqualValues(t, 10, <-arrived)

	b.ingest.Stop() // the sender has more to say and says nothing: nobody waits for it
	answer := <-answers
	assert.Equal(t, http.StatusServiceUnavailable, answer.StatusCode)
	assert.Contains(t, text(answer), "restarted")
	writer.Close()
	assert.Equal(t, http.StatusLocked, b.do(http.MethodHead, path, "own:a", nil).StatusCode, "«try again», not «gone»")
	assert.Equal(t, http.StatusServiceUnavailable, b.put(path, 10, "x"))
	stored, err := os.ReadFile(filepath.Join(b.folder, aTake))
	require.NoError(t, err)
	assert.Equal(t, "0123456789", string(stored))
}

func TestProgressIsThereWhenTheServerHasEnded(t *testing.T) {
	b := newBench(t, nil)
	path := b.begin(aTake)
	require.Equal(t, http.StatusNoContent, b.put(path, 0, "01234"))
	b.close()
	assert.EqualValues(t, 5, b.take(path).Received)
}

func TestALineThatIsCutKeepsWhatCame(t *testing.T) {
	b := newBench(t, nil)
	path := b.begin(aTake)
	dialled, err := net.Dial("tcp", strings.TrimPrefix(b.url, "http://"))
	require.NoError(t, err)
	connection := dialled.(*net.TCPConn)
	fmt.Fprintf(connection, "PATCH %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer own:a\r\nTus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\nContent-Length: 100\r\n\r\n0123456789", path)
	require.NoError(t, connection.CloseWrite())
	answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err == nil {
		answer.Body.Close()
		assert.GreaterOrEqual(t, answer.StatusCode, 400)
	} else {
		require.True(t, errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF), err)
	}
	connection.Close()
	assert.Equal(t, "10", b.offset(path))
	require.Equal(t, http.StatusNoContent, b.put(path, 10, "ab", "Upload-Length", "12"))
	stored, err := os.ReadFile(filepath.Join(b.folder, aTake))
	require.NoError(t, err)
	assert.Equal(t, "0123456789ab", string(stored))
	assert.True(t, slices.Equal([]string{"a"}, b.woken))
}
