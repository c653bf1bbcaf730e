package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/trivue/trivue/facematch/models"
	"github.com/trivue/trivue/pipeline/process"
)

type faceModelsCommand struct {
	To     string `help:"Models folder." default:"data/models" placeholder:"DIR"`
	From   string `help:"A folder that holds the files, or the address of a mirror; their public homes where not given." placeholder:"DIR|URL"`
	Choice string `name:"model" help:"Which model tells people apart: dlib, or taguchi, which was trained on many East Asian faces." enum:"dlib,taguchi" default:"dlib"`
}

// Run fetches what is missing. What was fetched before stays.
func (c faceModelsCommand) Run(ctx context.Context) error {
	bar := newProgressBar(os.Stderr)
	fetching := models.Fetching{To: c.To, From: c.From, Progress: func(f models.File, here, total int64) {
		if total > 0 {
			bar.show(process.Progress{Done: float64(here) / float64(total), Left: -1, File: f.Name})
		}
	}}
	fetched, err := fetching.Fetch(ctx, models.Choice(c.Choice))
	bar.end()
	for _, f := range fetched {
		fmt.Printf("%s: official, in %s (%s)\n", f.Name, c.To, f.Purpose)
	}
	if mismatch := new(models.MismatchError); err != nil && ctx.Err() == nil && !errors.As(err, &mismatch) && !errors.Is(err, models.ErrBusy) {
		return fmt.Errorf("%w\nRun the command again: it goes on where it was. Without a way to that address, bring the files by hand and give their folder as --from", err)
	}
	if err == nil && len(fetched) == 0 {
		fmt.Printf("The face models are in %s already.\n", c.To)
	}
	return err
}

// fetchFaceModels tries once to fetch the models, for a server that was just started; everything else works without them.
func fetchFaceModels(ctx context.Context, folder string, log *slog.Logger) {
	fetched, err := models.Fetching{To: folder}.Fetch(ctx, models.ChooseStock)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		log.Warn("the face models could not be fetched; everything else works, and support compares faces by eye (make models tries again)", "error", err)
	case len(fetched) > 0:
		log.Info("the face models were fetched", "folder", folder)
	}
}

// modelsFolder is where a data folder keeps the face models.
func modelsFolder(data string) string { return filepath.Join(data, "models") }
