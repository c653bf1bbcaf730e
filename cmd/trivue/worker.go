package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/trivue/trivue/jobs"
	"github.com/trivue/trivue/jobs/redisd"
	"github.com/trivue/trivue/server"
)

// workerCommand does the media work of servers, in a process of its own.
type workerCommand struct {
	placeFlags `embed:""`

	Workers   int    `help:"Stages of media work at once; as many as there are processors if 0." default:"0"`
	OpsListen string `help:"Address of metrics and health, for operators only; none where not given." placeholder:"ADDRESS"`
}

// Help is what "trivue worker --help" says besides the flags.
func (workerCommand) Help() string {
	return "A worker takes the same --data, --database, --redis and --s3-… as the servers it works for. Received files and what the stages write are in the data " +
		"folder: it must be the servers' own, on the same machine or mounted from it. Without --database and --redis the worker uses the embedded ones of the server " +
		"whose data folder it is, which works on that server's machine only. Servers with --workers 0 leave all work to workers."
}

// Run works until ctx ends; running stages are given back then.
func (c workerCommand) Run(ctx context.Context) (err error) {
	log, err := c.logger()
	if err != nil {
		return &exitError{2, err}
	}
	if c.Workers <= 0 {
		c.Workers = runtime.NumCPU()
	}
	if c.Data, err = filepath.Abs(c.Data); err != nil {
		return err
	}
	// A worker that makes itself a folder by a mistyped name would fail every stage: the files are elsewhere.
	if info, err := os.Stat(c.uploads()); err != nil || !info.IsDir() {
		return &exitError{2, fmt.Errorf("there are no received files in %s: name the servers' own data folder with --data, and start a server there once before", c.Data)}
	}
	var operations net.Listener
	if c.OpsListen != "" {
		if operations, err = net.Listen("tcp", c.OpsListen); err != nil {
			return fmt.Errorf("%w; choose another with --ops-listen", err)
		}
		defer operations.Close()
	}
	s := &system{}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := c.start(ctx, s, log); err != nil {
		return err
	}
	fmt.Printf("Trivue's worker is running: %d stages at once, files in %s.\n", c.Workers, c.Data)
	return c.serveOperations(ctx, s, operations, log)
}

func (c workerCommand) start(ctx context.Context, s *system, log *slog.Logger) error {
	if err := s.open(ctx, c.placeFlags); err != nil {
		return err
	}
	queue, err := c.queue()
	if err != nil {
		return err
	}
	work, err := s.newWorker(c.placeFlags, log)
	if err != nil {
		return err
	}
	s.jobs, err = jobs.New(jobs.Options{Redis: queue, Store: s.store, Work: work, Log: log, Concurrency: c.Workers, Observe: observe})
	if err != nil {
		return err
	}
	if err := s.jobs.Start(); err != nil {
		return err
	}
	s.closers = append(s.closers, s.jobs.Close)
	return nil
}

// queue is the Redis that was named, or the one that the server of the data folder runs.
func (c workerCommand) queue() (jobs.Redis, error) {
	if c.Redis != "" {
		return jobs.ParseRedis(c.Redis)
	}
	socket, err := redisd.Socket(c.redisFolder())
	if err != nil {
		return nil, err
	}
	return jobs.RedisSocket(socket), nil
}

// serveOperations answers operators until ctx ends.
func (c workerCommand) serveOperations(ctx context.Context, s *system, listener net.Listener, log *slog.Logger) error {
	if listener == nil {
		<-ctx.Done()
		return nil
	}
	ops := &http.Server{Handler: server.Operations(s.checks(c.Data), server.QueueMetrics(s.queueDepths)), ReadHeaderTimeout: 15 * time.Second,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}
	defer context.AfterFunc(ctx, func() { _ = ops.Close() })()
	return ignoreClosed(ops.Serve(listener))
}
