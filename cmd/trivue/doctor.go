package main

import (
	"context"
	"os"

	"github.com/trivue/trivue/doctor"
	"github.com/trivue/trivue/pipeline/gstx"
	"github.com/trivue/trivue/web"
)

type doctorCommand struct {
	Data   string `help:"Data folder to look at." default:"data" placeholder:"DIR"`
	Listen string `help:"Address that will be served." default:"127.0.0.1:8080"`
	Cert   string `name:"tls-cert" help:"TLS certificate that will be used." placeholder:"FILE"`
	Key    string `name:"tls-key" help:"Its key." placeholder:"FILE"`
	JSON   bool   `help:"Print JSON."`
}

// Run checks the machine. Exit code 1 where something is wrong that keeps Trivue from working.
func (c doctorCommand) Run(ctx context.Context) error {
	runner := newRunner(quietLog())
	report := doctor.Run(ctx, doctor.Checks(doctor.Setup{
		GStreamer:   func() (string, []string) { return gstx.Version(), gstx.Missing() },
		RedisServer: "redis-server", DataFolder: c.Data, Models: modelsFolder(c.Data), Sandbox: runner.Probe,
		Listen: c.Listen, Certificate: c.Cert, Key: c.Key, FrontEnd: web.Files(), Pages: web.Pages,
	}))
	var err error
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
