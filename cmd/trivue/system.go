package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"github.com/trivue/trivue/archive"
	"github.com/trivue/trivue/archive/disk"
	"github.com/trivue/trivue/archive/s3"
	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/ingest/chain"
	"github.com/trivue/trivue/ingest/takes"
	"github.com/trivue/trivue/ingest/tus"
	"github.com/trivue/trivue/interview"
	"github.com/trivue/trivue/jobs"
	"github.com/trivue/trivue/jobs/redisd"
	"github.com/trivue/trivue/pipeline/process"
	"github.com/trivue/trivue/review"
	"github.com/trivue/trivue/server"
	"github.com/trivue/trivue/store"
	"github.com/trivue/trivue/web"
	"github.com/trivue/trivue/worker"
)

// system is everything that runs behind the listeners.
type system struct {
	store   *store.Store
	objects archive.Store
	uploads *tus.Ingest
	jobs    *jobs.Service
	server  *server.Server

	password, passwordFile string // of the first administrator, when just made
	closers                []func() error
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// start brings the system up. What was started is ended again where something fails.
func (c serveCommand) start(ctx context.Context, log *slog.Logger) (s *system, err error) {
	s = &system{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if err := os.MkdirAll(c.Data, 0o750); err != nil {
		return s, fmt.Errorf("data folder: %w", err)
	}
	if err := s.openStore(ctx, c); err != nil {
		return s, err
	}
	objects, err := openArchive(ctx, c.Data, c.S3)
	if err != nil {
		return s, err
	}
	s.objects = objects
	queue, err := s.openQueue(ctx, c, log)
	if err != nil {
		return s, err
	}
	hub := server.NewHub()
	interviews := interview.Service{Store: s.store, Notifier: hub, Now: time.Now}
	work := filepath.Join(c.Data, "work")
	uploads := filepath.Join(c.Data, "uploads")
	if err := os.MkdirAll(work, 0o750); err != nil {
		return s, err
	}
	runner := &worker.Worker{Store: s.store, Objects: objects, Steps: process.Steps{Runner: newRunner(log)}, Uploads: uploads, Work: work, Now: time.Now}
	s.jobs, err = jobs.New(jobs.Options{Redis: queue, Store: s.store, Work: runner, Notifier: hub, Log: log, Concurrency: c.Workers,
		Observe: func(name exam.StageName, outcome jobs.Outcome, took time.Duration) {
			server.ObserveStage(string(name), string(outcome), took)
		},
		Sweeps: []jobs.Sweep{
			{Name: "uploads", Do: func(ctx context.Context) error { return s.uploads.Sweep(ctx) }},
			{Name: "interviews", Do: interviews.AdvanceAll},
			{Name: "rehearsals", Do: func(ctx context.Context) error {
				return worker.Retention{Store: s.store, Objects: objects, RemoveUpload: s.uploads.Remove, Work: work, Wake: s.jobs.Wake, Now: time.Now}.Sweep(ctx)
			}},
			{Name: "expired sessions", Do: func(ctx context.Context) error { return s.store.DeleteExpired(ctx, time.Now()) }},
		}})
	if err != nil {
		return s, err
	}
	s.uploads, err = tus.New(tus.Options{Folder: uploads, BasePath: "/files/", Store: s.store, Notifier: hub, Waker: s.jobs, Log: log, NewID: newID,
		Authorize: s.authorizeUpload})
	if err != nil {
		return s, err
	}
	s.closers = append(s.closers, func() error { s.uploads.Close(); return nil })
	receipts, err := chain.OpenKey(filepath.Join(c.Data, "receipt.key"), c.ReceiptName)
	if err != nil {
		return s, err
	}
	own := takes.New(takes.Options{Store: s.store, Uploads: s.uploads, Signer: receipts, Notifier: hub, Log: log, Now: time.Now}).Handlers(s.authorizeCandidate)
	trusted, err := c.trustedProxies()
	if err != nil {
		return s, err
	}
	s.server = server.New(server.Options{TrustedProxies: trusted, Store: s.store, Interviews: interviews, Objects: objects, Media: review.Service{Store: s.store, Archive: objects}, Uploads: s.uploads,
		Takes:        server.TakeHandlers{PutChain: own.PutChain, GetReceipt: own.GetReceipt, List: own.List},
		RemoveUpload: s.uploads.Remove, Pages: web.Handler(), Wake: s.jobs.Wake, Hub: hub, Log: log, NewID: newID, Secure: c.Cert != "" || c.Proxied, Version: version})
	if err := s.jobs.Start(); err != nil {
		return s, err
	}
	s.closers = append(s.closers, s.jobs.Close)
	return s, s.ensureAdmin(ctx, c)
}

// close ends everything in the reverse order of its beginning.
func (s *system) close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	s.closers = nil
	return errors.Join(errs...)
}

func (s *system) openStore(ctx context.Context, c serveCommand) error {
	dsn := c.Database
	if dsn == "" {
		dsn = "sqlite:" + filepath.Join(c.Data, "trivue.db")
	}
	var err error
	if s.store, err = store.Open(ctx, dsn); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	s.closers = append(s.closers, s.store.Close)
	return nil
}

// openArchive opens the bucket, or the folder of objects where there is none.
func openArchive(ctx context.Context, data string, c s3Flags) (archive.Store, error) {
	if c.Bucket == "" {
		return disk.Open(filepath.Join(data, "objects"))
	}
	objects, err := s3.Open(ctx, s3.Options{Endpoint: c.Endpoint, Region: c.Region, Bucket: c.Bucket, Prefix: c.Prefix, PathStyle: c.PathStyle,
		AccessKey: c.AccessKey, SecretKey: c.SecretKey, CreateBucket: c.Create})
	if err != nil {
		return nil, fmt.Errorf("object storage: %w", err)
	}
	return objects, nil
}

// openQueue connects to the Redis that was named, or runs one.
func (s *system) openQueue(ctx context.Context, c serveCommand, log *slog.Logger) (jobs.Redis, error) {
	if c.Redis != "" {
		return jobs.ParseRedis(c.Redis)
	}
	redis, err := redisd.Start(ctx, redisd.Options{Dir: filepath.Join(c.Data, "redis"), Log: log})
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, redis.Close)
	return jobs.RedisSocket(redis.Socket()), nil
}

func (s *system) authorizeUpload(r *http.Request) (tus.Grant, error) {
	attemptID, candidate, ok, err := s.server.UploadGrant(r)
	if err == nil && !ok {
		err = tus.ErrUnauthorized
	}
	return tus.Grant{AttemptID: attemptID, Candidate: candidate}, err
}

func (s *system) authorizeCandidate(r *http.Request) (tus.Grant, error) {
	attemptID, ok := s.server.CandidateGrant(r)
	if !ok {
		return tus.Grant{}, tus.ErrUnauthorized
	}
	return tus.Grant{AttemptID: attemptID, Candidate: true}, nil
}

// ensureAdmin makes the first administrator, and keeps the password that was made up in a file that only its owner can read:
// what was printed once has often scrolled away.
func (s *system) ensureAdmin(ctx context.Context, c serveCommand) error {
	password, err := server.EnsureAdmin(ctx, s.store, newID, c.Admin, c.AdminPassword)
	if err != nil {
		return fmt.Errorf("first administrator: %w", err)
	}
	if password == "" || c.AdminPassword != "" {
		return nil
	}
	s.password, s.passwordFile = password, filepath.Join(c.Data, "admin-password.txt")
	return os.WriteFile(s.passwordFile, []byte(c.Admin+" "+password+"\n"), 0o600)
}

// checks are what the system cannot work without.
func (s *system) checks(data string) []server.Check {
	return []server.Check{{Name: "database", Do: s.store.Ping}, {Name: "redis", Do: s.jobs.Ping}, server.ArchiveReady(s.objects), server.FreeSpace(data, tus.DefaultReserve)}
}

func (s *system) queueDepths() ([]server.QueueDepth, error) {
	depths, err := s.jobs.Depths()
	var all []server.QueueDepth
	for _, d := range depths {
		all = append(all, server.QueueDepth{Queue: d.Queue, State: "waiting", Tasks: d.Waiting}, server.QueueDepth{Queue: d.Queue, State: "running", Tasks: d.Running},
			server.QueueDepth{Queue: d.Queue, State: "delayed", Tasks: d.Delayed})
	}
	return all, err
}
