package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/trivue/trivue/archive"
	"github.com/trivue/trivue/archive/disk"
	"github.com/trivue/trivue/archive/s3"
	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/jobs"
	"github.com/trivue/trivue/jobs/redisd"
	"github.com/trivue/trivue/pipeline/process"
	"github.com/trivue/trivue/server"
	"github.com/trivue/trivue/store"
	"github.com/trivue/trivue/worker"
)

// placeFlags say where everything is kept: the same for all servers and workers of a system.
type placeFlags struct {
	Data     string  `help:"Folder that everything is kept in." default:"data" placeholder:"DIR"`
	Database string  `help:"PostgreSQL to use instead of the embedded SQLite: postgres://…" placeholder:"URL"`
	Redis    string  `help:"Redis to use instead of the embedded one: redis://…, rediss://…, redis-socket://…, redis-sentinel://…" placeholder:"URL"`
	S3       s3Flags `embed:"" prefix:"s3-"`
	LogLevel string  `help:"Log debug, info, warn or error." enum:"debug,info,warn,error" default:"info"`
}

// s3Flags say where objects are kept if not in the data folder.
type s3Flags struct {
	Bucket    string `help:"Bucket to keep archived recordings in instead of the data folder."`
	Endpoint  string `help:"URL of an S3-compatible service; Amazon's where not given." placeholder:"URL"`
	Region    string `help:"Its region."`
	Prefix    string `help:"What all keys begin with."`
	PathStyle bool   `help:"The bucket is part of the path, as most services but Amazon's want it."`
	AccessKey string `help:"Access key; where not given, the usual AWS sources are asked."`
	SecretKey string `help:"Secret key."`
	Create    bool   `name:"create-bucket" help:"Make the bucket if it is missing."`
}

func (p placeFlags) logger() (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(p.LogLevel)); err != nil {
		return nil, err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	slog.SetDefault(log)
	return log, nil
}

// uploads is the folder of received files.
func (p placeFlags) uploads() string { return filepath.Join(p.Data, "uploads") }

// work is the folder in which stages write.
func (p placeFlags) work() string { return filepath.Join(p.Data, "work") }

// previews is the folder of what phones saw last.
func (p placeFlags) previews() string { return filepath.Join(p.Data, "previews") }

// open connects to the database and the archive.
func (s *system) open(ctx context.Context, p placeFlags) (err error) {
	dsn := p.Database
	if dsn == "" {
		dsn = "sqlite:" + filepath.Join(p.Data, "trivue.db")
	}
	if s.store, err = store.Open(ctx, dsn); err != nil {
		return fmt.Errorf("database: %w", err)
	}
	s.closers = append(s.closers, s.store.Close)
	s.objects, err = openArchive(ctx, p.Data, p.S3)
	return err
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

// redisFolder is where a server keeps its embedded Redis.
func (p placeFlags) redisFolder() string { return filepath.Join(p.Data, "redis") }

// openQueue connects to the Redis that was named, or runs one.
func (s *system) openQueue(ctx context.Context, p placeFlags, log *slog.Logger) (jobs.Redis, error) {
	if p.Redis != "" {
		return jobs.ParseRedis(p.Redis)
	}
	redis, err := redisd.Start(ctx, redisd.Options{Dir: p.redisFolder(), Log: log})
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, redis.Close)
	return jobs.RedisSocket(redis.Socket()), nil
}

// newWorker makes what does the work of stages in this process.
func (s *system) newWorker(p placeFlags, log *slog.Logger) (*worker.Worker, error) {
	work := p.work()
	if err := os.MkdirAll(work, 0o750); err != nil {
		return nil, fmt.Errorf("folder of stages: %w", err)
	}
	return &worker.Worker{Store: s.store, Objects: s.objects, Steps: process.Steps{Runner: newRunner(log)}, Uploads: p.uploads(), Work: work, Now: time.Now}, nil
}

func observe(name exam.StageName, outcome jobs.Outcome, took time.Duration) {
	server.ObserveStage(string(name), string(outcome), took)
}
