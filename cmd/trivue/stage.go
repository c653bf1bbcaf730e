package main

import (
	"context"
	"log/slog"

	"github.com/trivue/trivue/pipeline/child"
	"github.com/trivue/trivue/pipeline/gstx"
	"github.com/trivue/trivue/pipeline/stage"
)

// stageCommand is the child's side of package child: this program, started by itself.
type stageCommand struct{}

func (stageCommand) Run(ctx context.Context) error {
	media := gstx.New()
	if code := child.Main(ctx, stage.Stages(media), stage.Preload(media)); code != 0 {
		return &exitError{code: code}
	}
	return nil
}

// newRunner makes the runner of stages that all commands use.
func newRunner(log *slog.Logger) *child.Runner {
	return child.New(child.Options{Log: log})
}

// quietLog keeps the commands that print for people from printing a log.
func quietLog() *slog.Logger { return slog.New(slog.DiscardHandler) }
