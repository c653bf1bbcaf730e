package tus

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// ErrUnsafe means that the disk failed to keep what was received. The system forgets which pages it could not write, so that asking
// again would succeed without them having been written: of such an upload nothing can be called safe any more.
var ErrUnsafe = errors.New("the disk did not keep what was received")

// syncer makes uploads survive a power cut: data, info and the folder's entry. At most one round runs for an upload; who asks while it
// runs shares the next one.
type syncer struct {
	folder string
	sync   func(path string) error
	mu     sync.Mutex
	files  map[string]*syncing // guarded by mu
}

type syncing struct {
	// Guarded by syncer.mu:
	next    *round
	running bool
	// Owned by the round that runs:
	bytes  int64 // that are durable
	info   stamp // of the info file that is
	folder bool  // the folder's entries are
	unsafe error // what failed for good
}

type stamp struct {
	at   time.Time
	size int64
}

type round struct {
	done  chan struct{}
	bytes int64
	err   error
}

// Sync makes durable what an upload's files hold when it is called, and gives how many bytes of data that is at the least. Errors wrap
// ErrUnsafe where the disk failed, and os.ErrNotExist where there is no file.
func (i *Ingest) Sync(ctx context.Context, uploadID string) (int64, error) {
	s := &i.syncer
	s.mu.Lock()
	f := s.files[uploadID]
	if f == nil {
		f = new(syncing)
		s.files[uploadID] = f
	}
	if f.next == nil {
		f.next = &round{done: make(chan struct{})}
	}
	mine := f.next
	if !f.running {
		f.running = true
		go s.run(uploadID, f)
	}
	s.mu.Unlock()
	select {
	case <-mine.done:
		return mine.bytes, mine.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// run does round after round while anybody waits.
func (s *syncer) run(uploadID string, f *syncing) {
	for {
		s.mu.Lock()
		r := f.next
		f.next = nil
		if r == nil {
			f.running = false
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		r.bytes, r.err = s.once(uploadID, f)
		close(r.done)
	}
}

// once syncs what has changed since it was synced before.
func (s *syncer) once(uploadID string, f *syncing) (int64, error) {
	if f.unsafe != nil {
		return 0, f.unsafe
	}
	path := dataPath(s.folder, uploadID)
	data, err := os.Stat(path)
	if err != nil {
		return 0, fmt.Errorf("make an upload safe: %w", err)
	}
	info, err := os.Stat(infoPath(s.folder, uploadID))
	if err != nil {
		return 0, fmt.Errorf("make an upload safe: %w", err)
	}
	attempt := func(path string) error {
		err := s.sync(path)
		if errors.Is(err, ErrUnsafe) {
			f.unsafe = err
		}
		return err
	}
	if data.Size() != f.bytes || !f.folder {
		if err := attempt(path); err != nil {
			return 0, err
		}
	}
	if now := (stamp{info.ModTime(), info.Size()}); now != f.info {
		if err := attempt(infoPath(s.folder, uploadID)); err != nil {
			return 0, err
		}
		f.info = now
	}
	if !f.folder {
		if err := attempt(s.folder); err != nil {
			return 0, err
		}
		f.folder = true
	}
	f.bytes = data.Size()
	return f.bytes, nil
}

// Forget drops what is remembered of an upload that will not grow any more. What its disk failed to keep is not forgotten.
func (i *Ingest) Forget(uploadID string) {
	s := &i.syncer
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.files[uploadID]; f != nil && !f.running && f.unsafe == nil {
		delete(s.files, uploadID)
	}
}

// renew forgets an upload whose file is made anew.
func (s *syncer) renew(uploadID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.files, uploadID)
}

// SyncPath makes a file or a folder survive a power cut. Where the disk fails to, the error wraps ErrUnsafe.
func SyncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return fmt.Errorf("%w: %w", ErrUnsafe, err)
	}
	return nil
}
