package main

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

	"github.com/google/uuid"

	"github.com/trivue/trivue/archive"
	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/ingest/chain"
	"github.com/trivue/trivue/ingest/takes"
	"github.com/trivue/trivue/ingest/tus"
	"github.com/trivue/trivue/interview"
	"github.com/trivue/trivue/jobs"
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
func (c serveCommand) start(ctx context.Context, f *front, log *slog.Logger) (s *system, err error) {
	s = &system{}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if err := os.MkdirAll(c.Data, 0o750); err != nil {
		return s, fmt.Errorf("data folder: %w", err)
	}
	if err := s.open(ctx, c.placeFlags); err != nil {
		return s, err
	}
	queue, err := s.openQueue(ctx, c.placeFlags, log)
	if err != nil {
		return s, err
	}
	hub := server.NewHub()
	previews := server.Previews{Folder: c.previews()}
	interviews := interview.Service{Store: s.store, Notifier: everywhere{s}, Now: time.Now}
	// What other processes tell may be of an interview.
	options := jobs.Options{Redis: queue, Store: s.store, Notifier: server.Courses{Hub: hub}, Log: log, Concurrency: *c.Workers, Observe: observe,
		Sweeps: []jobs.Sweep{
			{Name: "uploads", Do: func(ctx context.Context) error { return s.uploads.Sweep(ctx) }},
			{Name: "interviews", Do: interviews.AdvanceAll},
			{Name: "rehearsals", Do: func(ctx context.Context) error {
				return worker.Retention{Store: s.store, Objects: s.objects, RemoveUpload: s.uploads.Remove, Work: c.work(), Wake: s.jobs.Wake, Now: time.Now}.Sweep(ctx)
			}},
			{Name: "previews", Do: func(ctx context.Context) error { return previews.Sweep(ctx, time.Now()) }},
			{Name: "expired sessions", Do: func(ctx context.Context) error { return s.store.DeleteExpired(ctx, time.Now()) }},
		}}
	if *c.Workers > 0 {
		if options.Work, err = s.newWorker(c.placeFlags, log); err != nil {
			return s, err
		}
	}
	if s.jobs, err = jobs.New(options); err != nil {
		return s, err
	}
	s.uploads, err = tus.New(tus.Options{Folder: c.uploads(), BasePath: "/files/", Store: s.store, Notifier: hub, Waker: s.jobs, Log: log, NewID: newID,
		Authorize: s.authorizeUpload})
	if err != nil {
		return s, err
	}
	s.closers = append(s.closers, func() error { s.uploads.Close(); return nil })
	receipts, err := chain.OpenKey(filepath.Join(c.Data, "receipt.key"), c.ReceiptName)
	if err != nil {
		return s, err
	}
	signed := takes.New(takes.Options{Store: s.store, Uploads: s.uploads, Signer: receipts, Notifier: hub, Log: log, Now: time.Now})
	s.closers = append(s.closers, func() error { signed.Close(); return nil })
	own := signed.Handlers(s.authorizeTakes)
	trusted, err := c.trustedProxies()
	if err != nil {
		return s, err
	}
	s.server = server.New(server.Options{TrustedProxies: trusted, Store: s.store, Interviews: interviews, Objects: s.objects, Previews: previews, Media: review.Service{Store: s.store, Archive: s.objects}, Uploads: s.uploads,
		Takes:        server.TakeHandlers{PutChain: own.PutChain, GetReceipt: own.GetReceipt, List: own.List},
		RemoveUpload: s.uploads.Remove, Pages: f.pages(web.Handler()), Wake: s.jobs.Wake, Hub: hub, Log: log, NewID: newID, Secure: f.config != nil || c.Proxied, Version: version})
	if err := s.jobs.Start(); err != nil {
		return s, err
	}
	s.closers = append(s.closers, s.jobs.Close)
	return s, s.ensureAdmin(ctx, c)
}

// everywhere tells of a change of an interview: pages are open at other servers too, and theirs must not wait for the next sign of life.
type everywhere struct{ system *system }

func (e everywhere) AttemptChanged(attemptID string) { e.system.jobs.AttemptChanged(attemptID) }

// close ends everything in the reverse order of its beginning.
func (s *system) close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	s.closers = nil
	return errors.Join(errs...)
}

func (s *system) authorizeUpload(r *http.Request) (tus.Grant, error) {
	if server.SaysPhone(r) {
		return s.authorizePhone(r)
	}
	attemptID, candidate, ok, err := s.server.UploadGrant(r)
	if err == nil && !ok {
		err = tus.ErrUnauthorized
	}
	grant := tus.Grant{AttemptID: attemptID, Candidate: candidate}
	if candidate {
		grant.Kinds = exam.LaptopKinds
	}
	return grant, err
}

func (s *system) authorizePhone(r *http.Request) (tus.Grant, error) {
	attemptID, ok := s.server.PhoneGrant(r)
	if !ok {
		return tus.Grant{}, tus.ErrUnauthorized
	}
	return tus.Grant{AttemptID: attemptID, Candidate: true, Kinds: []exam.Kind{exam.Phone}}, nil
}

// authorizeTakes says whose takes a request is about: the laptop's or the phone's, each with an address of its own.
func (s *system) authorizeTakes(r *http.Request) (tus.Grant, error) {
	if strings.HasPrefix(r.URL.Path, "/api/phone/") {
		return s.authorizePhone(r)
	}
	attemptID, ok := s.server.CandidateGrant(r)
	if !ok {
		return tus.Grant{}, tus.ErrUnauthorized
	}
	grant := tus.Grant{AttemptID: attemptID, Candidate: true}
	if r.PathValue("take") != "" {
		grant.Kinds = exam.LaptopKinds // its list shows the phone's as well
	}
	return grant, nil
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
