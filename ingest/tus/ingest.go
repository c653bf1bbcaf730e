// Package tus receives recordings by resumable upload: tus 1.0 (https://tus.io/protocols/resumable-upload), by tusd as a library.
//
// What tusd leaves open is decided here: who may touch which upload, with every method; how large an upload may become, also one
// whose length is told late; that what is called received is on the disk and survives a power cut; that a damaged info file
// is rebuilt from the database; and that no error tells a stranger about the server's files.
//
// A candidate's own session (Grant.Candidate) names its uploads itself and is held to Limits; docs/interview.md says how its page sends.
package tus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tus/tusd/v2/pkg/filestore"
	"github.com/tus/tusd/v2/pkg/handler"
	"github.com/tus/tusd/v2/pkg/memorylocker"
	xslog "golang.org/x/exp/slog"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/internal/keyed"
)

// Store is what uploads need of the database.
type Store interface {
	Attempt(ctx context.Context, id string) (exam.Attempt, error)
	CreateTake(ctx context.Context, t exam.Take) error
	TakeByUpload(ctx context.Context, uploadID string) (exam.Take, error)
	SetProgress(ctx context.Context, received map[string]int64) error
	MarkReceived(ctx context.Context, takeID string, size int64, at time.Time) error
	ChangeTakeState(ctx context.Context, takeID string, to exam.TakeState) error
	UploadingTakes(ctx context.Context) ([]exam.Take, error)
	SaveUploadInfo(ctx context.Context, uploadID string, info []byte) error
	UploadInfo(ctx context.Context, uploadID string) ([]byte, error)
	DeleteUploadInfo(ctx context.Context, uploadID string) error
	Takes(ctx context.Context, attemptID string) ([]exam.Take, error)
	BeginChain(ctx context.Context, attemptID, takeID, mime, replaces string) error
	ResetChain(ctx context.Context, takeID string) error
}

// Notifier is told which attempt has changed. It must not block.
type Notifier interface{ AttemptChanged(attemptID string) }

// Waker is told which attempt has something new to be worked on. It must not block.
type Waker interface{ Wake(attemptID string) }

// Grant says what a request may touch.
type Grant struct {
	AttemptID string // empty: any attempt, but for a candidate
	// Candidate is set for the attempt's own session. It names its uploads, ends none of them, and is held to Limits.
	Candidate bool
	Kinds     []exam.Kind // of takes; all if nil
}

// Allows reports whether the grant covers an attempt.
func (g Grant) Allows(attemptID string) bool {
	return g.AttemptID == attemptID && attemptID != "" || g.AttemptID == "" && !g.Candidate
}

// AllowsKind reports whether the grant covers takes of a kind.
func (g Grant) AllowsKind(k exam.Kind) bool { return g.Kinds == nil || slices.Contains(g.Kinds, k) }

// ErrUnauthorized is what Authorize returns for a request without valid credentials.
var ErrUnauthorized = errors.New("sign in, or send a valid upload token as «Authorization: Bearer …»")

// Options configure an Ingest.
type Options struct {
	Folder    string // of the received files; made if it is not there
	BasePath  string // of the URLs, with slashes at both ends: /files/
	Store     Store
	Authorize func(r *http.Request) (Grant, error)
	Notifier  Notifier
	Waker     Waker
	Log       *slog.Logger
	MaxSize   int64         // bytes of one upload; 64 GiB if 0
	Reserve   int64         // bytes that stay free on the disk; 1 GiB if 0
	Expire    time.Duration // how long an upload may lie still before it is given up; 7 days if 0
	Limits    Limits        // of one candidate
	NewID     func() string // of uploads and takes
	Now       func() time.Time
	Observe   func(Observation)       // is told what happens, for metrics; must not block; nobody if nil
	SyncPath  func(path string) error // makes a file or folder survive a power cut; the function SyncPath if nil

	free func(folder string) (int64, error) // bytes that can be written to a folder's disk
}

// Ingest is the HTTP handler of uploads.
type Ingest struct {
	opts     Options
	tusd     *handler.UnroutedHandler
	locks    handler.Locker
	routes   http.Handler
	log      *slog.Logger
	progress progress
	syncer   syncer
	accounts accounts
	running  running

	creations keyed.Mutex // by attempt: its own session's uploads are made one by one
	admitting sync.Mutex  // held while room is being promised

	end   context.CancelFunc
	ended chan struct{}
}

// DefaultReserve is how many bytes stay free on the disk where Options say nothing.
const DefaultReserve = 1 << 30

// New makes the handler, which is to be mounted at Options.BasePath. Close ends what it started.
func New(opts Options) (*Ingest, error) {
	if opts.MaxSize == 0 {
		opts.MaxSize = 64 << 30
	}
	if opts.Reserve == 0 {
		opts.Reserve = DefaultReserve
	}
	if opts.Expire == 0 {
		opts.Expire = 7 * 24 * time.Hour
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.Default()
	}
	if opts.Observe == nil {
		opts.Observe = func(Observation) {}
	}
	if opts.SyncPath == nil {
		opts.SyncPath = SyncPath
	}
	if opts.free == nil {
		opts.free = freeSpace
	}
	opts.Limits = opts.Limits.orDefault()
	if err := os.MkdirAll(opts.Folder, 0o750); err != nil {
		return nil, fmt.Errorf("folder of uploads: %w", err)
	}
	composer := handler.NewStoreComposer()
	files := filestore.New(opts.Folder)
	files.FileModePerm, files.DirModePerm = 0o640, 0o750
	composer.UseCore(files)
	composer.UseTerminater(files)
	composer.UseLengthDeferrer(files)
	// One process owns the folder, so that locks in memory suffice; lock files would outlive a killed process.
	locks := memorylocker.New()
	locks.UseIn(composer)

	i := &Ingest{opts: opts, log: opts.Log, locks: locks, ended: make(chan struct{}),
		syncer:   syncer{folder: opts.Folder, sync: opts.SyncPath, files: map[string]*syncing{}},
		accounts: accounts{limits: opts.Limits, all: map[string]*account{}}}
	tusd, err := handler.NewUnroutedHandler(handler.Config{
		StoreComposer: composer, BasePath: opts.BasePath, MaxSize: opts.MaxSize,
		DisableDownload: true, DisableConcatenation: true, Cors: &handler.CorsConfig{Disable: true},
		PreUploadCreateCallback:   i.creating,
		PreFinishResponseCallback: i.finishing,
		Logger:                    xslog.New(quiet{}),
		NetworkTimeout:            networkTimeout,
	})
	if err != nil {
		return nil, fmt.Errorf("set up tus: %w", err)
	}
	i.tusd = tusd
	// tusd takes what is left of the path for the upload's name.
	i.routes = http.StripPrefix(strings.TrimSuffix(opts.BasePath, "/"), tusd.Middleware(http.HandlerFunc(i.route)))
	ctx, end := context.WithCancel(context.Background())
	i.end = end
	go i.followProgress(ctx)
	return i, nil
}

// Stop ends requests that receive something: what came stays, and their senders are told to try again. New ones are refused. It is
// to be called when a server's shutdown begins (http.Server.RegisterOnShutdown), which otherwise waits for the slowest upload.
func (i *Ingest) Stop() { i.running.end() }

// Close stops what Stop does, waits for it, and ends the bookkeeping. It is to be called once.
func (i *Ingest) Close() {
	i.Stop()
	i.running.all.Wait()
	i.end()
	<-i.ended
}

// admissions waits until nobody else is being promised room, and gives the function that ends the turn.
func (i *Ingest) admissions() func() {
	i.admitting.Lock()
	return sync.OnceFunc(i.admitting.Unlock)
}

// DataPath is where an upload's bytes are.
func (i *Ingest) DataPath(uploadID string) string { return i.dataPath(uploadID) }

// ChainPath is where the records of a candidate's take are, beside its upload.
func (i *Ingest) ChainPath(uploadID string) string { return i.dataPath(uploadID) + ".chain" }

func (i *Ingest) dataPath(uploadID string) string { return dataPath(i.opts.Folder, uploadID) }
func (i *Ingest) infoPath(uploadID string) string { return infoPath(i.opts.Folder, uploadID) }

func dataPath(folder, uploadID string) string { return filepath.Join(folder, uploadID) }
func infoPath(folder, uploadID string) string { return dataPath(folder, uploadID) + ".info" }

// quiet drops tusd's log: every request is logged by the server, and what goes wrong here is logged with its cause.
type quiet struct{}

func (quiet) Enabled(context.Context, xslog.Level) bool  { return false }
func (quiet) Handle(context.Context, xslog.Record) error { return nil }
func (q quiet) WithAttrs([]xslog.Attr) xslog.Handler     { return q }
func (q quiet) WithGroup(string) xslog.Handler           { return q }
