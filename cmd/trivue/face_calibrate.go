package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/trivue/trivue/facematch"
	"github.com/trivue/trivue/facematch/calibrate"
	"github.com/trivue/trivue/facematch/calibrate/plot"
	"github.com/trivue/trivue/facematch/engine"
	"github.com/trivue/trivue/pipeline/process"
)

type faceCalibrateCommand struct {
	faceFlags `embed:""`

	Dir  string  `arg:"" help:"Folder with several pictures of each person: in a folder per person, or named NAME_1.jpg, NAME_2.jpg." placeholder:"DIR" type:"existingdir"`
	FAR  float64 `name:"far" help:"Largest part of pairs of different people that may count as the same." default:"0.001"`
	Plot string  `help:"Draw error rates and ROC curve into a PNG file." placeholder:"FILE.png"`
	JSON bool    `name:"json" help:"Print the answer as JSON."`
}

// faceCalibration is what the command prints as JSON.
type faceCalibration struct {
	calibrate.Report
	Model  string          `json:"model"`
	Unused []unusedPicture `json:"unused"`
}

// unusedPicture is a picture from which there was nothing to learn.
type unusedPicture struct {
	File string `json:"file"`
	Why  string `json:"why"`
}

// Run looks at every picture and compares each with each. Descriptors stay in memory.
func (c faceCalibrateCommand) Run(ctx context.Context) error {
	if !(c.FAR > 0 && c.FAR < 1) {
		return &exitError{2, fmt.Errorf("--far %v: give a part above 0 and below 1, such as 0.001", c.FAR)}
	}
	files, err := labelled(os.DirFS(c.Dir))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return &exitError{1, fmt.Errorf("there is no JPEG, PNG or WebP picture in %s", c.Dir)}
	}
	samples, answer, err := c.look(ctx, files)
	if err != nil {
		return err
	}
	if answer.Report, err = calibrate.Evaluate(samples, c.FAR); err != nil {
		for _, u := range answer.Unused {
			fmt.Fprintf(os.Stderr, "%s: %s\n", u.File, u.Why)
		}
		return &exitError{1, err}
	}
	if c.Plot != "" {
		if err := c.plot(answer.Report); err != nil {
			return &exitError{1, err}
		}
	}
	if c.JSON {
		return json.NewEncoder(os.Stdout).Encode(answer)
	}
	tellCalibration(os.Stdout, answer)
	return nil
}

func (c faceCalibrateCommand) plot(r calibrate.Report) error {
	f, err := os.Create(c.Plot)
	if err != nil {
		return fmt.Errorf("plot: %w", err)
	}
	defer f.Close()
	if err := plot.Write(f, r); err != nil {
		return err
	}
	return f.Close()
}

// labelledFile is a picture of somebody.
type labelledFile struct{ person, path string }

// labelled lists the pictures in a folder.
func labelled(folder fs.FS) (files []labelledFile, err error) {
	err = fs.WalkDir(folder, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if person, ok := calibrate.Label(path); ok && !entry.IsDir() {
			files = append(files, labelledFile{person, path})
		}
		return nil
	})
	return files, err
}

// look has all pictures looked at, as many at a time as there are processors.
func (c faceCalibrateCommand) look(ctx context.Context, files []labelledFile) ([]calibrate.Sample, faceCalibration, error) {
	e := c.engine()
	defer e.Close()
	bar := newProgressBar(os.Stderr)
	defer bar.end()
	samples, answer := make([]*calibrate.Sample, len(files)), faceCalibration{Unused: []unusedPicture{}}
	var mu sync.Mutex
	done := 0
	group, looking := errgroup.WithContext(ctx)
	group.SetLimit(runtime.NumCPU())
	for i, f := range files {
		group.Go(func() error {
			picture, why, err := c.usable(looking, e, f.path)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			if done++; !c.JSON {
				bar.show(process.Progress{Done: float64(done) / float64(len(files)), Left: -1, File: f.path})
			}
			if why != "" {
				answer.Unused = append(answer.Unused, unusedPicture{f.path, why})
				return nil
			}
			answer.Model = picture.Model
			samples[i] = &calibrate.Sample{Person: f.person, Descriptor: picture.Faces[0].Descriptor}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, answer, err
	}
	slices.SortFunc(answer.Unused, func(a, b unusedPicture) int { return strings.Compare(a.File, b.File) })
	var usable []calibrate.Sample
	for _, s := range samples {
		if s != nil {
			usable = append(usable, *s)
		}
	}
	return usable, answer, nil
}

// usable looks at a picture and says why there is nothing to learn from it, where that is so. Flawed pictures count: people will be
// compared on such.
func (c faceCalibrateCommand) usable(ctx context.Context, e *engine.Engine, path string) (picture facematch.Picture, why string, err error) {
	picture, err = lookAt(ctx, e, filepath.Join(c.Dir, filepath.FromSlash(path)))
	var problem *facematch.Problem
	switch {
	case errors.As(err, &problem) && problem.Code != facematch.NoModels && problem.Code != facematch.Unavailable:
		return picture, problem.Detail, nil
	case err != nil:
		return picture, "", err
	}
	for _, flaw := range picture.Flaws(facematch.DefaultLimits()) {
		if flaw == facematch.NoFace || flaw == facematch.SeveralFaces {
			return picture, flawTexts[flaw], nil
		}
	}
	return picture, "", nil
}

func tellCalibration(w io.Writer, c faceCalibration) {
	for _, u := range c.Unused {
		fmt.Fprintf(w, "not used: %s: %s\n", u.File, u.Why)
	}
	fmt.Fprintf(w, "%d people, %d pictures; %d pairs of one person, %d of two. Area under the ROC curve %.4f\n\n", c.People, c.Pictures, c.Same, c.Different, c.AUC)
	fmt.Fprintf(w, "threshold  others accepted (FAR)               own refused (FRR)\n")
	row := func(r calibrate.Row, note string) {
		fmt.Fprintf(w, "%9.3f  %6d  %7.3f %% (at most %7.3f %%)  %6d  %7.3f %%%s\n", r.Threshold, r.FalseMatches, 100*r.FAR, 100*r.FARAtMost, r.FalseNonMatches, 100*r.FRR, note)
	}
	for _, r := range c.Table {
		row(r, "")
	}
	fmt.Fprintln(w)
	row(c.Equal, "  equal error rates")
	row(c.Suggested, fmt.Sprintf("  suggested for a FAR of at most %.3g %%", 100*c.Target))
	if len(c.Doubts) > 0 {
		fmt.Fprintln(w)
	}
	for _, d := range c.Doubts {
		fmt.Fprintf(w, "doubt: %s\n", d)
	}
}
