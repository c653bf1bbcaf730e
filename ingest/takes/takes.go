// Package takes tells a candidate's page what of its recordings is safe: it takes in the chains of takes, holds them against what was
// uploaded, and signs for takes that are whole. docs/interview.md, "Sending" and "Receipt", is the contract.
//
// A chain's records lie in a file beside the upload, in the browser's own format, and hold only what was found right. The row in the
// database follows that file; of a file that has more than the row says, as a killed process leaves it, the rest is checked again.
package takes

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/ingest/chain"
	"github.com/trivue/trivue/ingest/tus"
	"github.com/trivue/trivue/internal/keyed"
	"github.com/trivue/trivue/store"
)

// Store is what chains need of the database.
type Store interface {
	Take(ctx context.Context, id string) (exam.Take, error)
	Takes(ctx context.Context, attemptID string) ([]exam.Take, error)
	Chain(ctx context.Context, takeID string) (store.Chain, error)
	Chains(ctx context.Context, attemptID string) ([]store.Chain, error)
	AdvanceChain(ctx context.Context, takeID string, from int64, to store.ChainProgress) error
	AdvanceChains(ctx context.Context, all []store.ChainAdvance) (advanced []string, err error)
	DamageChain(ctx context.Context, takeID string, d store.ChainDamage) error
	ChangeTakeState(ctx context.Context, takeID string, to exam.TakeState) error
	SaveReceipt(ctx context.Context, takeID, note string, at time.Time) (string, error)
}

// Uploads are the received files: a *tus.Ingest.
type Uploads interface {
	DataPath(uploadID string) string
	ChainPath(uploadID string) string
	Sync(ctx context.Context, uploadID string) (int64, error)
	Forget(uploadID string)
	Settle(ctx context.Context, take exam.Take) (size int64, err error)
}

// Signer signs receipts: a *chain.Key.
type Signer interface {
	Sign(chain.Receipt) ([]byte, error)
}

// Options configure a Service.
type Options struct {
	Store    Store
	Uploads  Uploads
	Signer   Signer
	Notifier tus.Notifier
	Log      *slog.Logger
	Now      func() time.Time
	// Patience is how long Receipt waits for a take to be computed before it says that it still is: 10 s if 0, not at all if negative.
	Patience time.Duration
	// AtOnce is how many takes are computed at a time; half the processors if 0.
	AtOnce   int
	SyncPath func(path string) error // makes a file or folder survive a power cut; tus.SyncPath if nil
}

// Service answers for takes. Make one with New; Close ends it.
type Service struct {
	opts  Options
	log   *slog.Logger
	locks keyed.Mutex // by take: its chain grows by one request at a time

	ledger ledger

	ctx     context.Context // of computations; they outlive the requests that asked for them
	end     context.CancelFunc
	working sync.WaitGroup
	slots   chan struct{}
	mu      sync.Mutex
	jobs    map[string]*job // by take; guarded by mu
}

// New makes the service.
func New(opts Options) *Service {
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Patience == 0 {
		opts.Patience = 10 * time.Second
	}
	if opts.AtOnce <= 0 {
		opts.AtOnce = max(runtime.NumCPU()/2, 1)
	}
	if opts.SyncPath == nil {
		opts.SyncPath = tus.SyncPath
	}
	s := &Service{opts: opts, log: opts.Log, slots: make(chan struct{}, opts.AtOnce), jobs: map[string]*job{}}
	s.ctx, s.end = context.WithCancel(context.Background())
	s.working.Go(func() { s.keepNoting(s.ctx) })
	return s
}

// Close ends computations that run, and waits for them, and for what is still to be noted. Computations begin again when somebody asks for
// the receipt.
func (s *Service) Close() {
	s.end()
	s.working.Wait()
}

// ErrNotFound means that there is no such take for this sender: its upload is to be made again.
var ErrNotFound = errors.New("there is no such take")

// find gives a take whose chain the grant covers, and what is known of it. To others it does not exist.
func (s *Service) find(ctx context.Context, grant tus.Grant, takeID string) (exam.Take, store.Chain, error) {
	take, err := s.findTake(ctx, grant, takeID)
	if err != nil {
		return exam.Take{}, store.Chain{}, err
	}
	known, err := s.findChain(ctx, takeID)
	return take, known, err
}

func (s *Service) findTake(ctx context.Context, grant tus.Grant, takeID string) (exam.Take, error) {
	if !chain.IsTake(takeID) {
		return exam.Take{}, ErrNotFound
	}
	take, err := s.opts.Store.Take(ctx, takeID)
	switch {
	case errors.Is(err, store.ErrNotFound), err == nil && (!grant.Allows(take.AttemptID) || !grant.AllowsKind(take.Kind) || take.State == exam.Discarded):
		return exam.Take{}, ErrNotFound
	case err != nil:
		return exam.Take{}, fmt.Errorf("read what is known of a take: %w", err)
	}
	return take, nil
}

func (s *Service) findChain(ctx context.Context, takeID string) (store.Chain, error) {
	known, err := s.opts.Store.Chain(ctx, takeID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return store.Chain{}, ErrNotFound
	case err != nil:
		return store.Chain{}, fmt.Errorf("read what is known of a take: %w", err)
	}
	return known, nil
}

// Take is what the server has of one take.
type Take struct {
	Take      string         `json:"take"`
	Kind      exam.Kind      `json:"kind"`
	MIME      string         `json:"mime"`
	StartedAt time.Time      `json:"startedAt"`
	State     exam.TakeState `json:"state"`
	Bytes     int64          `json:"bytes"`   // that were received
	Size      int64          `json:"size"`    // that it is to have; −1 while that was not told
	Chunks    int64          `json:"chunks"`  // records of the chain that were found right, with the end
	Ended     bool           `json:"ended"`   // the end is among them
	Damaged   bool           `json:"damaged"` // the stored bytes are not what the chain says; it is sent again under a new name
	Receipt   bool           `json:"receipt"`
}

// List gives what the server has of an attempt's takes that a candidate's page has sent, in the order of exam.Kinds and then as they were
// made. Those that were given up are not among them.
func (s *Service) List(ctx context.Context, attemptID string) ([]Take, error) {
	takes, err := s.opts.Store.Takes(ctx, attemptID)
	var chains []store.Chain
	if err == nil {
		chains, err = s.opts.Store.Chains(ctx, attemptID)
	}
	if err != nil {
		return nil, fmt.Errorf("list takes: %w", err)
	}
	known := map[string]store.Chain{}
	for _, c := range chains {
		known[c.TakeID] = c
	}
	list := []Take{}
	for _, t := range takes {
		c, ok := known[t.ID]
		if !ok || t.State == exam.Discarded {
			continue
		}
		bytes := t.Received
		if info, err := os.Stat(s.opts.Uploads.DataPath(t.UploadID)); err == nil && t.State == exam.Uploading {
			bytes = info.Size() // the row is written once a second
		}
		if e, ok := s.ledger.get(t.ID, s.opts.Now()); ok {
			c.Progress = progressOf(e.state) // of a row that follows once a second
		}
		list = append(list, Take{Take: t.ID, Kind: t.Kind, MIME: c.MIME, StartedAt: t.StartedAt, State: t.State, Bytes: bytes, Size: t.Size,
			Chunks: c.Progress.Records, Ended: c.Progress.Whole, Damaged: c.Damage != nil, Receipt: c.Receipt != ""})
	}
	return list, nil
}
