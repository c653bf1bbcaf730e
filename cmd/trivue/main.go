// Command trivue is the whole product: server, worker, and the tools around them. Each subcommand has a file of its own; this
// package only wires the others together.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// version is set by the build.
var version = "development"

// commands is the command line. Every flag can also be given as TRIVUE_<FLAG> in the environment, and under its own name in
// the configuration file.
type commands struct {
	Config kong.ConfigFlag `help:"Configuration file (YAML: flag names without dashes in front, one per line)." type:"existingfile" placeholder:"FILE"`

	Serve   serveCommand   `cmd:"" help:"Run the whole system: pages, uploads, processing, playback."`
	Worker  workerCommand  `cmd:"" help:"Do the media work of servers, in a process of its own."`
	Process processCommand `cmd:"" help:"Make a synchronised playback of recordings on disk, without a server."`
	Align   alignCommand   `cmd:"" help:"Find where one recording lies on another's clock, by their sound."`
	Face    faceCommand    `cmd:"" help:"Compare faces on pictures, and find the distance that tells your people apart."`
	Demo    demoCommand    `cmd:"" help:"Generate a sample interview and process it."`
	Doctor  doctorCommand  `cmd:"" help:"Check this machine, and say how to mend what is wrong."`
	Exam    examCommand    `cmd:"" help:"Import exams from folders, and list them."`
	Staff   staffCommand   `cmd:"" help:"Manage who may sign in."`
	Version versionCommand `cmd:"" help:"Print the version."`
	Stage   stageCommand   `cmd:"" hidden:"" help:"Run one stage of media work; started by trivue itself."`
	Look    lookCommand    `cmd:"" hidden:"" help:"Look for faces in pictures; started by trivue itself."`
}

// exitError ends the program with a code of its own after its message was printed.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

func main() {
	os.Exit(run(os.Args[1:]))
}

// run returns the exit code: 0 done, 1 failed, 2 bad usage.
func run(args []string) int {
	var c commands
	parser, err := kong.New(&c,
		kong.Name("trivue"),
		kong.Description("Trivue (三视): self-hosted online interviews. Camera, screen and phone, on one timeline."),
		kong.Configuration(loadConfiguration),
		kong.DefaultEnvars("TRIVUE"),
		kong.PostBuild(nameAsFlags),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		fmt.Fprintln(os.Stderr, "trivue:", err)
		return 2
	}
	command, err := parser.Parse(gatherFiles(args))
	if err != nil {
		fmt.Fprintf(os.Stderr, "trivue: %v\nSee trivue --help.\n", err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	command.BindTo(ctx, (*context.Context)(nil))
	err = command.Run()
	var exit *exitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		if exit.err != nil {
			fmt.Fprintln(os.Stderr, "trivue:", exit.err)
		}
		return exit.code
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "trivue: stopped")
		return 130
	default:
		fmt.Fprintln(os.Stderr, "trivue:", err)
		return 1
	}
}

type versionCommand struct{}

func (versionCommand) Run() error {
	fmt.Println(version)
	return nil
}
