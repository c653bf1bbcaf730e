package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/pipeline/demo"
	"github.com/trivue/trivue/pipeline/gstx"
	"github.com/trivue/trivue/pipeline/process"
)

type demoCommand struct {
	Out     string `help:"Folder for the recordings and their playback." default:"sample" placeholder:"DIR"`
	Seconds int    `help:"Length of the scene." default:"60"`
	Seed    uint64 `help:"Another seed gives another interview." default:"1"`
	Lang    string `help:"Language of the playback page: zh-CN or en; the browser's where not given." enum:",zh-CN,en" default:""`
}

// Run generates the recordings into Out/recordings and processes them into Out/playback.
func (c demoCommand) Run(ctx context.Context) error {
	recordings := filepath.Join(c.Out, "recordings")
	if err := os.MkdirAll(recordings, 0o750); err != nil {
		return err
	}
	bar := newProgressBar(os.Stderr)
	interview, err := demo.Generate(ctx, gstx.New(), recordings, demo.Options{Seconds: c.Seconds, Seed: c.Seed}, func(done float64) {
		bar.show(process.Progress{Done: done, Left: -1, Stage: "generate the sample interview"})
	})
	bar.end()
	if err != nil {
		return fmt.Errorf("generate the sample interview: %w", err)
	}
	err = processCommand{Camera: interview.Files[exam.Camera], Screen: interview.Files[exam.Screen], Phone: interview.Files[exam.Phone],
		Out: filepath.Join(c.Out, "playback"), Lang: c.Lang}.Run(ctx)
	if errors.Is(err, process.ErrNothingUsable) {
		return fmt.Errorf("the sample interview was generated, but not one of its recordings can be used: run trivue doctor: %w", err)
	}
	return err
}
