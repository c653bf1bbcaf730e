package server

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// boardEvery bounds how often an exam's list is made anew.
const boardEvery = time.Second

// boards make the lists of candidates that staff look at: one for each exam that somebody looks at, however many do.
type boards struct {
	hub       *Hub
	make      func(ctx context.Context, examID string) (candidateList, error)
	every     time.Duration // at most
	beatEvery time.Duration // at least
	log       *slog.Logger
	mu        sync.Mutex
	all       map[string]*board // by exam; guarded by mu
}

type board struct {
	readers map[chan candidateList]struct{} // each has room for one; guarded by boards.mu
	end     context.CancelFunc
}

// join gives the lists that are made from now on, of which a slow reader gets the latest, and the function that ends that.
func (b *boards) join(examID string) (lists <-chan candidateList, leave func()) {
	reader := make(chan candidateList, 1)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all == nil {
		b.all = map[string]*board{}
	}
	one := b.all[examID]
	if one == nil {
		ctx, end := context.WithCancel(context.Background())
		one = &board{readers: map[chan candidateList]struct{}{}, end: end}
		b.all[examID] = one
		// Watched from here on, so that no change falls between what the reader reads itself and the first list.
		changed, stop := b.hub.watch(allAttempts)
		go func() {
			defer stop()
			b.run(ctx, examID, one, changed)
		}()
	}
	one.readers[reader] = struct{}{}
	return reader, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if delete(one.readers, reader); len(one.readers) == 0 {
			one.end()
			if b.all[examID] == one {
				delete(b.all, examID)
			}
		}
	}
}

// run makes lists until nobody reads them. Also without a change: steps change by the time alone, and sessions end on other servers.
func (b *boards) run(ctx context.Context, examID string, one *board, changed <-chan struct{}) {
	beat := time.NewTicker(b.beatEvery)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
		case <-changed:
		}
		began := time.Now()
		list, err := b.make(ctx, examID)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			b.log.Error("a list of candidates could not be made; it is tried again", "exam", examID, "error", err)
		} else {
			b.tell(one, list)
		}
		// On a server that is slow, lists become rarer and not all that it does.
		if !pause(ctx, max(b.every, 5*time.Since(began))) {
			return
		}
	}
}

func (b *boards) tell(one *board, list candidateList) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for reader := range one.readers {
		select {
		case <-reader: // it did not come to read that one
		default:
		}
		reader <- list
	}
}
