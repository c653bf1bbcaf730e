// Package tus receives recordings by resumable upload: tus 1.0 (https://tus.io/protocols/resumable-upload), by tusd as a library.
//
// What tusd leaves open is decided here: who may touch which upload, with every method; how large an upload may become, also one
// whose length is told late; that what is called received is on the disk and survives a power cut; that a damaged info file
// is rebuilt from the database; and that no error tells a stranger about the server's files.
package tus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/tus/tusd/v2/pkg/filestore"
	"github.com/tus/tusd/v2/pkg/handler"
	"github.com/tus/tusd/v2/pkg/memorylocker"
	xslog "golang.org/x/exp/slog"

	"github.com/trivue/trivue/exam"
)

// Store is what uploads need of the database.
type Store interface {
	Attempt(ctx context.Context, id string) (exam.Attempt, error)
	CreateTake(ctx context.Context, t exam.Take) error
	TakeByUpload(ctx context.Context, uploadID string) (exam.Take, error)
	SetProgress(ctx context.Context, takeID string, received int64) error
	MarkReceived(ctx context.Context, takeID string, size int64, at time.Time) error
	ChangeTakeState(ctx context.Context, takeID string, to exam.TakeState) error
	UploadingTakes(ctx context.Context) ([]exam.Take, error)
	SaveUploadInfo(ctx context.Context, uploadID string, info []byte) error
	UploadInfo(ctx context.Context, uploadID string) ([]byte, error)
	DeleteUploadInfo(ctx context.Context, uploadID string) error
}

// Notifier is told which attempt has changed. It must not block.
type Notifier interface{ AttemptChanged(attemptID string) }

// Waker is told which attempt has something new to be worked on. It must not block.
type Waker interface{ Wake(attemptID string) }

// Grant says what a request may touch.
type Grant struct {
	AttemptID string // empty: any attempt
}

// Allows reports whether the grant covers an attempt.
func (g Grant) Allows(attemptID string) bool { return g.AttemptID == "" || g.AttemptID == attemptID }

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
	NewID     func() string // of uploads and takes
	Now       func() time.Time
}

// Ingest is the HTTP handler of uploads.
type Ingest struct {
	opts   Options
	tusd   *handler.UnroutedHandler
	routes http.Handler
	log    *slog.Logger
	end    context.CancelFunc
	ended  chan struct{}
}

// DefaultReserve is how many bytes stay free on the disk where Options say nothing.
const DefaultReserve = 1 << 30

// progressEvery is how often the progress of a running request is noted.
const progressEvery = time.Second

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
	memorylocker.New().UseIn(composer)

	i := &Ingest{opts: opts, log: opts.Log, ended: make(chan struct{})}
	tusd, err := handler.NewUnroutedHandler(handler.Config{
		StoreComposer: composer, BasePath: opts.BasePath, MaxSize: opts.MaxSize,
		DisableDownload: true, DisableConcatenation: true, Cors: &handler.CorsConfig{Disable: true},
		NotifyUploadProgress: true, UploadProgressInterval: progressEvery,
		PreUploadCreateCallback:   i.creating,
		PreFinishResponseCallback: i.finishing,
		Logger:                    xslog.New(quiet{}),
		// A phone's connection may stall for long without being dead.
		NetworkTimeout: 2 * time.Minute,
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

// Close ends the bookkeeping. Requests must have ended.
func (i *Ingest) Close() {
	i.end()
	<-i.ended
}

// followProgress writes down how far running requests are, for the pages.
func (i *Ingest) followProgress(ctx context.Context) {
	defer close(i.ended)
	for {
		select {
		case <-ctx.Done():
			return
		case event := <-i.tusd.UploadProgress:
			take, err := i.opts.Store.TakeByUpload(ctx, event.Upload.ID)
			if err != nil {
				continue
			}
			i.noteProgress(ctx, take, event.Upload.Offset)
		}
	}
}

func (i *Ingest) noteProgress(ctx context.Context, take exam.Take, offset int64) {
	if err := i.opts.Store.SetProgress(ctx, take.ID, offset); err != nil && ctx.Err() == nil {
		i.log.Warn("progress of an upload could not be noted", "take", take.ID, "error", err)
		return
	}
	i.opts.Notifier.AttemptChanged(take.AttemptID)
}

func (i *Ingest) dataPath(uploadID string) string { return filepath.Join(i.opts.Folder, uploadID) }
func (i *Ingest) infoPath(uploadID string) string { return i.dataPath(uploadID) + ".info" }

// quiet drops tusd's log: every request is logged by the server, and what goes wrong here is logged with its cause.
type quiet struct{}

func (quiet) Enabled(context.Context, xslog.Level) bool  { return false }
func (quiet) Handle(context.Context, xslog.Record) error { return nil }
func (q quiet) WithAttrs([]xslog.Attr) xslog.Handler     { return q }
func (q quiet) WithGroup(string) xslog.Handler           { return q }
