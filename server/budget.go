package server

import (
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// budgets bound what each address may use of something, so much a second and so much at once.
type budgets struct {
	mu       sync.Mutex
	of       map[string]*rate.Limiter
	perSec   rate.Limit
	at, most int
	now      func() time.Time
}

// mostBudgets is how many addresses are remembered; beyond that all are forgotten, which forgives and blocks nobody.
const mostBudgets = 10_000

func newBudgets(perSecond float64, atOnce int, now func() time.Time) *budgets {
	return &budgets{of: map[string]*rate.Limiter{}, perSec: rate.Limit(perSecond), at: atOnce, most: mostBudgets, now: now}
}

// take uses n of an address's budget, or gives how long it has to wait for that.
func (b *budgets) take(address string, n int64) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	limiter := b.of[address]
	if limiter == nil {
		if len(b.of) >= b.most {
			clear(b.of)
		}
		limiter = rate.NewLimiter(b.perSec, b.at)
		b.of[address] = limiter
	}
	now := b.now()
	reservation := limiter.ReserveN(now, int(min(n, math.MaxInt32)))
	if !reservation.OK() {
		return time.Minute
	}
	wait := reservation.DelayFrom(now)
	if wait > 0 {
		reservation.CancelAt(now)
	}
	return wait
}
