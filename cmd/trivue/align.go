package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/trivue/trivue/pipeline/align"
	"github.com/trivue/trivue/pipeline/align/lagplot"
	"github.com/trivue/trivue/pipeline/process"
)

type alignCommand struct {
	Reference string `arg:"" help:"Media file whose clock counts." placeholder:"REFERENCE"`
	Other     string `arg:"" help:"Media file to be placed on it." placeholder:"OTHER"`
	JSON      bool   `name:"json" help:"Print the answer as JSON."`
	Plot      string `help:"Draw lag against time into a PNG file." placeholder:"FILE.png"`
}

// Run compares the files' sound. That they cannot be aligned is an answer too.
func (c alignCommand) Run(ctx context.Context) error {
	bar := newProgressBar(os.Stderr)
	report := func(done float64) { bar.show(process.Progress{Done: done, Left: -1, File: filepath.Base(c.Other)}) }
	if c.JSON {
		report = func(float64) {}
	}
	answer, err := process.Align(ctx, newRunner(quietLog()), c.Reference, c.Other, report)
	bar.end()
	if file := new(process.FileError); errors.As(err, &file) && ctx.Err() == nil {
		return &exitError{1, &toldError{file.File + ": " + explain("", err), err}}
	}
	if err != nil {
		return err
	}
	if c.Plot != "" {
		if err := c.plot(answer); err != nil {
			return &exitError{1, err}
		}
	}
	if c.JSON {
		return json.NewEncoder(os.Stdout).Encode(answer)
	}
	c.tell(answer)
	return nil
}

func (c alignCommand) plot(answer align.Answer) error {
	f, err := os.Create(c.Plot)
	if err != nil {
		return fmt.Errorf("plot: %w", err)
	}
	defer f.Close()
	if err := lagplot.Write(f, filepath.Base(c.Reference), filepath.Base(c.Other), answer); err != nil {
		return err
	}
	return f.Close()
}

// tell prints the answer for people.
func (c alignCommand) tell(answer align.Answer) {
	fmt.Printf("%s on %s: %s", filepath.Base(c.Other), filepath.Base(c.Reference), answer.Verdict)
	if answer.Verdict != align.CannotAlign {
		fmt.Printf(", confidence %.2f", answer.Confidence)
	}
	fmt.Println()
	if answer.Reason != "" {
		fmt.Println(answer.Reason)
	}
	for _, p := range answer.Pieces {
		fmt.Printf("%9.3f s to %9.3f s: begins at %9.4f s, clock %+.1f ppm, residual %.2f ms\n", p.From, p.To, p.At(p.From), (p.Rate-1)*1e6, p.Residual*1000)
	}
}
