package tus

import (
	"context"
	"sync"
	"time"

	"github.com/trivue/trivue/exam"
)

// progressEvery is how often the progress of uploads is noted.
const progressEvery = time.Second

// progress gathers how far uploads are, for the pages. Requests only leave their number here: with some appends a second of every
// candidate, a row each would be more writing than the recordings themselves.
type progress struct {
	mu     sync.Mutex
	latest map[string]reached // by take; guarded by mu
}

type reached struct {
	take   exam.Take
	offset int64
}

// note says that so many bytes of a take are stored.
func (p *progress) note(take exam.Take, offset int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.latest == nil {
		p.latest = map[string]reached{}
	}
	p.latest[take.ID] = reached{take, offset}
}

// forget drops what was noted of a take whose row says more already.
func (p *progress) forget(takeID string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.latest, takeID)
}

func (p *progress) drain() map[string]reached {
	p.mu.Lock()
	defer p.mu.Unlock()
	latest := p.latest
	p.latest = nil
	return latest
}

// followProgress writes down what was noted until ctx ends, and then once more.
func (i *Ingest) followProgress(ctx context.Context) {
	defer close(i.ended)
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			i.writeProgress(detached(ctx))
			return
		case <-tick.C:
			i.writeProgress(detached(ctx))
		}
	}
}

func (i *Ingest) writeProgress(ctx context.Context) {
	reached := i.progress.drain()
	if len(reached) == 0 {
		return
	}
	received := make(map[string]int64, len(reached))
	for id, r := range reached {
		received[id] = r.offset
	}
	// One statement for all: a commit for each take would keep the disk busier than the recordings themselves.
	if err := i.opts.Store.SetProgress(ctx, received); err != nil {
		i.log.Warn("progress of uploads could not be noted", "uploads", len(reached), "error", err)
		return
	}
	for _, r := range reached {
		i.opts.Notifier.AttemptChanged(r.take.AttemptID)
	}
}
