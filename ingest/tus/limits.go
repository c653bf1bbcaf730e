package tus

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/trivue/trivue/exam"
)

// Limits bound what one attempt's own session may do. They are far above what the capture page does; each that is 0 is Default's.
type Limits struct {
	Quota      int64   // bytes of all its takes together
	Unfinished int     // uploads that are begun and not whole
	Takes      int     // uploads there ever were
	Rate       float64 // POST and PATCH requests a second, over time
	Burst      int     // and at once
}

// DefaultLimits leave room for many times two recordings of some hours, sent in pieces of 512 kB over the fastest line, and for a day
// without a network on which every take is cut after 90 s.
var DefaultLimits = Limits{Quota: 64 << 30, Unfinished: 2000, Takes: 10_000, Rate: 200, Burst: 1000}

func (l Limits) orDefault() Limits {
	if l.Quota == 0 {
		l.Quota = DefaultLimits.Quota
	}
	if l.Unfinished == 0 {
		l.Unfinished = DefaultLimits.Unfinished
	}
	if l.Takes == 0 {
		l.Takes = DefaultLimits.Takes
	}
	if l.Rate == 0 {
		l.Rate = DefaultLimits.Rate
	}
	if l.Burst == 0 {
		l.Burst = DefaultLimits.Burst
	}
	return l
}

// account is what an attempt has used of its limits.
type account struct {
	limiter *rate.Limiter

	mu     sync.Mutex
	known  bool  // stored is; guarded by mu
	stored int64 // bytes of all takes; guarded by mu
	users  int   // requests that have it; guarded by accounts.mu
}

// accounts has one for every attempt whose session sends something.
type accounts struct {
	limits Limits
	mu     sync.Mutex
	all    map[string]*account // guarded by mu
}

// use gives an attempt's account, and the function that gives it back.
func (a *accounts) use(attemptID string) (*account, func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	one := a.all[attemptID]
	if one == nil {
		one = &account{limiter: rate.NewLimiter(rate.Limit(a.limits.Rate), a.limits.Burst)}
		a.all[attemptID] = one
	}
	one.users++
	return one, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		one.users--
	}
}

// prune forgets attempts that are idle, for which a new account says the same.
func (a *accounts) prune(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for id, one := range a.all {
		if one.users == 0 && one.limiter.TokensAt(now) >= float64(a.limits.Burst) {
			delete(a.all, id)
		}
	}
}

// wait is how long a request has to wait for its turn; 0 where it may go on.
func (a *account) wait(now time.Time) time.Duration {
	turn := a.limiter.ReserveN(now, 1)
	wait := turn.DelayFrom(now)
	if wait > 0 {
		turn.CancelAt(now)
	}
	return wait
}

// load counts what is stored, where that is not known.
func (a *account) load(count func() (int64, error)) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.known {
		return nil
	}
	stored, err := count()
	if err != nil {
		return err
	}
	a.stored, a.known = stored, true
	return nil
}

// add counts bytes that came in, as far as the quota goes, and gives how many those are.
func (a *account) add(n, quota int64) int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	n = max(min(n, quota-a.stored), 0)
	a.stored += n
	return n
}

func (a *account) left(quota int64) int64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return quota - a.stored
}

// doubt has an attempt's bytes counted anew: some that were added were not stored, or are gone.
func (a *accounts) doubt(attemptID string) {
	one, release := a.use(attemptID)
	defer release()
	one.mu.Lock()
	defer one.mu.Unlock()
	one.known = false
}

// stored is how many bytes of an attempt are on the disk.
func (i *Ingest) stored(ctx context.Context, attemptID string) (int64, error) {
	takes, err := i.opts.Store.Takes(ctx, attemptID)
	if err != nil {
		return 0, fmt.Errorf("count what is stored: %w", err)
	}
	var sum int64
	for _, take := range takes {
		if take.State == exam.Discarded {
			continue
		}
		size, err := i.sizeOnDisk(take.UploadID)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return 0, fmt.Errorf("count what is stored: %w", err)
		}
		sum += size
	}
	return sum, nil
}

// inTurn lets a candidate's request go on, or says when to come back.
func (i *Ingest) inTurn(w http.ResponseWriter, a *account) bool {
	wait := a.wait(i.opts.Now())
	if wait <= 0 {
		return true
	}
	w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	i.refuse(w, TooFast, http.StatusTooManyRequests, "too many requests; nothing that was received is lost, go on more slowly")
	return false
}
