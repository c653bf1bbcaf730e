package main

import (
	"context"
	"os"

	"github.com/trivue/trivue/doctor"
	"github.com/trivue/trivue/pipeline/gstx"
	"github.com/trivue/trivue/web"
)

type doctorCommand struct {
	tlsFlags `embed:""`

	Data   string `help:"Data folder to look at." default:"data" placeholder:"DIR"`
	Listen string `help:"Address that will be served." default:"127.0.0.1:8080"`
	Public string `name:"public-url" help:"Address that browsers open, where a proxy is in front." placeholder:"URL"`
	JSON   bool   `help:"Print JSON."`
}

// Run checks the machine. Exit code 1 where something is wrong that keeps Trivue from working.
func (c doctorCommand) Run(ctx context.Context) error {
	mode, err := c.mode()
	if err != nil {
		return &exitError{2, err}
	}
	runner := newRunner(quietLog())
	setup := doctor.Setup{
		GStreamer:   func() (string, []string) { return gstx.Version(), gstx.Missing() },
		RedisServer: "redis-server", DataFolder: c.Data, Models: modelsFolder(c.Data), Sandbox: runner.Probe,
		Listen: c.Listen, PublicURL: c.Public, FrontEnd: web.Files(), Pages: web.Pages,
	}
	switch mode {
	case tlsFiles:
		setup.Certificate, setup.Key = c.Cert, c.Key
	case tlsOwn:
		setup.OwnCertificate, setup.OwnNames = ownFolder(c.Data), c.Names
	case tlsACME:
		setup.ACME, setup.Domains, setup.Challenge = acmeFolder(c.Data), c.Domains, c.Challenge
	}
	report := doctor.Run(ctx, doctor.Checks(setup))
	if c.JSON {
		err = report.WriteJSON(os.Stdout)
	} else {
		err = report.WriteText(os.Stdout, doctor.StyleOf(os.Stdout))
	}
	if err == nil && report.ExitCode() != 0 {
		return &exitError{code: report.ExitCode()}
	}
	return err
}
