package takes

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/ingest/chain"
	"github.com/trivue/trivue/store"
)

// noteEvery is how often rows are brought up to what files say.
const noteEvery = time.Second

// forgetAfter is how long a chain that does not grow is remembered. What is forgotten is read from the disk again.
const forgetAfter = 10 * time.Minute

// ledger remembers how far chains were found right. What was found right is in their files, on the disk, before anybody hears of it; the rows
// follow once a second, many in one statement: a commit for every request would wait for the disk as often as the recordings do. A row
// that stayed behind because the process was killed is no loss, since the file is read from there on (Service.resume).
type ledger struct {
	mu  sync.Mutex
	all map[string]*entry // by take; guarded by mu

	// writing is held while rows are written: of two writers, the slower one would take the other's row for a stranger's.
	writing sync.Mutex
}

type entry struct {
	state chain.State // as the file has it, durably
	row   int64       // records of which the row speaks
	stale bool        // the row says something else
	used  time.Time
}

// get gives what is remembered of a take.
func (l *ledger) get(takeID string, now time.Time) (entry, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.all[takeID]
	if e == nil {
		return entry{}, false
	}
	e.used = now
	return *e, true
}

// put remembers how far a take is.
func (l *ledger) put(takeID string, e entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.all == nil {
		l.all = map[string]*entry{}
	}
	l.all[takeID] = &e
}

// advance notes that a take's file has more than it had.
func (l *ledger) advance(takeID string, to chain.State) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.all[takeID]; e != nil {
		e.state, e.stale = to, true
	}
}

func (l *ledger) forget(takeID string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.all, takeID)
}

// behind lists the takes whose rows say less than is known, and forgets those that were not asked for since.
func (l *ledger) behind(since time.Time) []store.ChainAdvance {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []store.ChainAdvance
	for id, e := range l.all {
		switch {
		case e.stale:
			list = append(list, store.ChainAdvance{TakeID: id, From: e.row, To: progressOf(e.state)})
		case e.used.Before(since):
			delete(l.all, id)
		}
	}
	return list
}

// noted says which of the rows were written. Of the others somebody else has changed the row, so that nothing is known any more.
func (l *ledger) noted(tried []store.ChainAdvance, written []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	right := make(map[string]bool, len(written))
	for _, id := range written {
		right[id] = true
	}
	for _, a := range tried {
		e := l.all[a.TakeID]
		switch {
		case e == nil:
		case right[a.TakeID]:
			e.row, e.stale = a.To.Records, progressOf(e.state) != a.To
		case e.row == a.From:
			delete(l.all, a.TakeID)
		}
	}
}

// keepNoting writes rows until ctx ends, and then once more.
func (s *Service) keepNoting(ctx context.Context) {
	tick := time.NewTicker(noteEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			s.note(context.WithoutCancel(ctx))
			return
		case <-tick.C:
			s.note(ctx)
		}
	}
}

// note brings the rows up to what is known.
func (s *Service) note(ctx context.Context) {
	s.ledger.writing.Lock()
	defer s.ledger.writing.Unlock()
	behind := s.ledger.behind(s.opts.Now().Add(-forgetAfter))
	if len(behind) == 0 {
		return
	}
	written, err := s.opts.Store.AdvanceChains(ctx, behind)
	if err != nil {
		if ctx.Err() == nil {
			s.log.Warn("how far chains are could not be noted; it is tried again", "takes", len(behind), "error", err)
		}
		return
	}
	s.ledger.noted(behind, written)
}

// resume finds out how far a take's chain is, from its row and its file: the file has what the row says, or has lost some of it, or has more
// than was noted before the process was killed. Of that, what fits the stored bytes counts; a crash may also have left something else there.
func (s *Service) resume(take exam.Take, known store.Chain, durable int64) (entry, error) {
	file := chainFile{path: s.opts.Uploads.ChainPath(take.UploadID), sync: s.opts.SyncPath}
	state, err := file.state(take, known)
	if err != nil {
		return entry{}, err
	}
	e := entry{state: state, row: known.Progress.Records, used: s.opts.Now()}
	if known.Receipt != "" {
		return e, nil
	}
	e.stale = known.Progress.Records > 0 && progressOf(state) != known.Progress
	more, err := file.behind(state.Records)
	if err != nil || len(more) == 0 {
		return e, err
	}
	next, verdict := s.check(take, state, durable, more)
	if next == state {
		return e, nil
	}
	s.log.Info("a chain has more than was noted of it", "take", take.ID, "noted", state.Records, "found", next.Records, "why no more", verdict)
	if err := file.sync(file.path); err != nil {
		return entry{}, err
	}
	e.state, e.stale = next, true
	return e, nil
}

// noteOne brings one row up to what is known, at once.
func (s *Service) noteOne(ctx context.Context, takeID string) error {
	s.ledger.writing.Lock()
	defer s.ledger.writing.Unlock()
	e, ok := s.ledger.get(takeID, s.opts.Now())
	if !ok || !e.stale {
		return nil
	}
	err := s.opts.Store.AdvanceChain(ctx, takeID, e.row, progressOf(e.state))
	if errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrState) {
		s.ledger.forget(takeID)
	}
	if err != nil {
		return fmt.Errorf("note a take's chain: %w", err)
	}
	s.ledger.noted([]store.ChainAdvance{{TakeID: takeID, From: e.row, To: progressOf(e.state)}}, []string{takeID})
	return nil
}
