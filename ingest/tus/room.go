package tus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/tus/tusd/v2/pkg/handler"

	"github.com/trivue/trivue/exam"
)

// checkEvery is after how many bytes a running request looks at the disk again.
const checkEvery = 1 << 20

// networkTimeout is how long a connection may stall; a phone's does so for long without being dead.
const networkTimeout = 2 * time.Minute

// drainAtMost is how much of a refused body is read all the same: a browser hears an answer only when it has sent everything.
const drainAtMost = 1 << 20

// freeSpace is how many bytes can still be written to a folder's disk.
func freeSpace(folder string) (int64, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(filepath.Clean(folder), &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * s.Bsize, nil
}

// free is how many bytes may be written before the reserve is touched; negative where it is.
func (i *Ingest) free() (int64, error) {
	free, err := i.opts.free(i.opts.Folder)
	return free - i.opts.Reserve, err
}

// promised is how many bytes are still to come of uploads that have said how large they become.
func (i *Ingest) promised(ctx context.Context) (int64, error) {
	takes, err := i.opts.Store.UploadingTakes(ctx)
	if err != nil {
		return 0, fmt.Errorf("unfinished uploads: %w", err)
	}
	var sum int64
	for _, take := range takes {
		size := i.declaredSize(ctx, take)
		stored, err := i.sizeOnDisk(take.UploadID)
		if err != nil {
			stored = 0 // a file that is lost is sent again from its beginning
		}
		sum += max(size-stored, 0)
	}
	return sum, nil
}

// hasRoom reports whether an upload may begin that becomes so long; negative where that is not known. One whose length is known has to
// leave room for what all others have still to send, so that none is let in and then not to its end. What has no length is ended by its
// body when there is no room.
func (i *Ingest) hasRoom(ctx context.Context, length int64) (bool, error) {
	free, err := i.free()
	if err != nil {
		return false, fmt.Errorf("room on the disk: %w", err)
	}
	if length < 0 {
		return free > 0, nil
	}
	promised, err := i.promised(ctx)
	if err != nil {
		return false, err
	}
	return free-promised >= length, nil
}

// body is what a request sends, watched: it ends where the server is being ended, where the disk falls below the reserve, and where the
// attempt's quota is used up. What came before stays.
type body struct {
	io.ReadCloser
	ingest  *Ingest
	account *account // nil where there is no quota
	length  int64    // as the request says it; −1 where it does not
	// arrived is told how many bytes this request has brought so far.
	arrived   func(bytes int64)
	bytes     int64
	unchecked int64 // bytes since the disk was looked at
	ended     error
}

func (b *body) Read(p []byte) (int, error) {
	switch {
	case b.ended != nil:
		return 0, b.ended
	case b.ingest.running.stopping():
		return b.end(handler.ErrServerShutdown)
	case b.length != 0 && (b.bytes == 0 || b.unchecked >= checkEvery):
		b.unchecked = 0
		if free, err := b.ingest.free(); err == nil && free <= 0 {
			return b.end(handler.NewError("ERR_NO_ROOM", noRoom, http.StatusInsufficientStorage))
		}
	}
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) && b.ingest.running.stopping() {
		err = handler.ErrServerShutdown // whose deadline it was
	}
	if b.account != nil {
		if allowed := int(b.account.add(int64(n), b.ingest.opts.Limits.Quota)); allowed < n {
			n = allowed
			_, err = b.end(handler.NewError("ERR_QUOTA", overAll, http.StatusRequestEntityTooLarge))
			b.ingest.refused(OverQuota)
		}
	}
	b.bytes += int64(n)
	b.unchecked += int64(n)
	if n > 0 {
		b.ingest.opts.Observe(Observation{Bytes: int64(n)})
		b.arrived(b.bytes)
	}
	return n, err
}

func (b *body) end(err error) (int, error) {
	b.ended = err
	if b.length > 0 && b.length-b.bytes <= drainAtMost && !errors.Is(err, handler.ErrServerShutdown) {
		_, _ = io.CopyN(io.Discard, b.ReadCloser, drainAtMost)
	}
	return 0, err
}

// limit watches a request's body. Offset is where its bytes belong.
func (i *Ingest) limit(w http.ResponseWriter, r *http.Request, take func() exam.Take, offset int64, a *account) {
	r.Body = &body{ReadCloser: http.MaxBytesReader(w, r.Body, max(i.opts.MaxSize-offset, 0)), ingest: i, account: a, length: r.ContentLength,
		arrived: func(bytes int64) {
			if t := take(); t.ID != "" {
				i.progress.note(t, offset+bytes)
			}
		}}
}

// running are the requests that are being served.
type running struct {
	mu      sync.Mutex
	stop    bool                              // guarded by mu
	current map[*http.ResponseController]bool // guarded by mu
	all     sync.WaitGroup
}

func (r *running) stopping() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stop
}

// enter counts a request in; false where no more are served.
func (r *running) enter(w http.ResponseWriter) (leave func(), ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stop {
		return nil, false
	}
	connection := http.NewResponseController(w)
	if r.current == nil {
		r.current = map[*http.ResponseController]bool{}
	}
	r.current[connection] = true
	r.all.Add(1)
	// Whoever is refused before tusd reads is not waited for without end either.
	_ = connection.SetReadDeadline(time.Now().Add(networkTimeout))
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.current, connection)
		r.all.Done()
	}, true
}

// end serves no more, and wakes requests that wait for bytes.
func (r *running) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stop = true
	for connection := range r.current {
		_ = connection.SetReadDeadline(time.Now())
	}
}
