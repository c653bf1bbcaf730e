package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/trivue/trivue/server"
)

type serveCommand struct {
	placeFlags `embed:""`
	tlsFlags   `embed:""`

	Listen    string   `help:"Address to serve." default:"127.0.0.1:8080"`
	OpsListen string   `help:"Address of metrics and health, for operators only; empty for none." default:"127.0.0.1:8081"`
	Proxied   bool     `help:"A proxy in front speaks HTTPS: cookies are for HTTPS only, and --trusted-proxy says who clients are."`
	Trusted   []string `name:"trusted-proxy" help:"Networks of proxies whose X-Forwarded-For is believed, with --proxied." default:"127.0.0.0/8,::1/128" placeholder:"CIDR"`

	Admin         string        `help:"Name of the first administrator." default:"admin"`
	AdminPassword string        `help:"The first administrator's password; made up and printed where not given."`
	Workers       *int          `help:"Stages of media work at once; as many as there are processors where not given. 0: no work here, worker processes do it." placeholder:"N"`
	Sample        bool          `help:"Put a generated sample interview and a rehearsal into an empty system."`
	FetchModels   bool          `help:"Try once in the background to fetch the face models, where they are not there."`
	ReceiptName   string        `help:"Name of this service in the receipts that it signs, such as its host name; trivue where not given."`
	Grace         time.Duration `help:"How long running requests may take to end at shutdown." default:"20s"`
}

// Run serves until ctx ends, then ends everything in order: no new requests, running ones to their end, stages given back, Redis
// flushed.
func (c serveCommand) Run(ctx context.Context) (err error) {
	log, err := c.logger()
	if err != nil {
		return &exitError{2, err}
	}
	if _, err := c.mode(); err != nil {
		return &exitError{2, err}
	}
	if _, err := c.trustedProxies(); err != nil {
		return &exitError{2, err}
	}
	if c.Workers == nil {
		all := runtime.NumCPU()
		c.Workers = &all
	}
	if *c.Workers < 0 {
		return &exitError{2, fmt.Errorf("--workers %d: give the number of stages at once, or 0 for none", *c.Workers)}
	}
	if c.Data, err = filepath.Abs(c.Data); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("%w; choose another with --listen", err)
	}
	defer listener.Close()
	var operations net.Listener
	if c.OpsListen != "" {
		if operations, err = net.Listen("tcp", c.OpsListen); err != nil {
			return fmt.Errorf("%w; choose another with --ops-listen, or none with --ops-listen=", err)
		}
		defer operations.Close()
	}
	f, err := c.openFront(c.Data, log)
	if err != nil {
		return err
	}
	defer f.close()
	s, err := c.start(ctx, f, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := c.listenAndServe(ctx, s, f, listener, operations, log); err != nil {
		return err
	}
	return nil
}

// trustedProxies reads the networks of proxies; a single address is a network of one.
func (c serveCommand) trustedProxies() ([]netip.Prefix, error) {
	if !c.Proxied {
		return nil, nil
	}
	var networks []netip.Prefix
	for _, text := range c.Trusted {
		network, err := netip.ParsePrefix(text)
		if addr, single := netip.ParseAddr(text); single == nil {
			network, err = netip.PrefixFrom(addr, addr.BitLen()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("--trusted-proxy: %w; write it as 10.0.0.0/24 or 10.0.0.7", err)
		}
		networks = append(networks, network)
	}
	return networks, nil
}

func (c serveCommand) listenAndServe(ctx context.Context, s *system, f *front, listener, operations net.Listener, log *slog.Logger) error {
	// Uploads and media take as long as they take; a request's head does not.
	public := &http.Server{Handler: s.server.Handler(), ReadHeaderTimeout: 15 * time.Second, IdleTimeout: 2 * time.Minute, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug), TLSConfig: f.config}
	// A shutdown would wait for the slowest upload; its sender goes on where it was.
	public.RegisterOnShutdown(s.uploads.Stop)
	ops := &http.Server{Handler: server.Operations(s.checks(c.Data), server.QueueMetrics(s.queueDepths)), ReadHeaderTimeout: 15 * time.Second, ErrorLog: public.ErrorLog}
	group, serving := errgroup.WithContext(ctx)
	group.Go(func() error {
		if f.config != nil {
			return ignoreClosed(public.ServeTLS(listener, "", ""))
		}
		return ignoreClosed(public.Serve(listener))
	})
	if operations != nil {
		group.Go(func() error { return ignoreClosed(ops.Serve(operations)) })
	}
	group.Go(func() error { return f.serve(serving, public.ErrorLog) })
	c.announce(s, f, listener, operations)
	if c.Sample {
		group.Go(func() error { return s.seed(serving, c.address(listener, f), log) })
	}
	if c.FetchModels {
		group.Go(func() error { fetchFaceModels(serving, modelsFolder(c.Data), log); return nil })
	}
	group.Go(func() error {
		<-serving.Done()
		log.Info("shutting down: running requests may end")
		s.server.Close()
		end, cancel := context.WithTimeout(context.Background(), c.Grace)
		defer cancel()
		err := public.Shutdown(end)
		if errors.Is(err, context.DeadlineExceeded) {
			// Clients of resumable uploads go on where they were; what they sent so far is kept.
			err = public.Close()
		}
		return errors.Join(err, ops.Close())
	})
	return group.Wait()
}

func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
