package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/trivue/trivue/facematch"
	"github.com/trivue/trivue/facematch/engine"
	"github.com/trivue/trivue/facematch/models"
)

type faceCommand struct {
	Compare   faceCompareCommand   `cmd:"" help:"Compare the faces on two pictures."`
	Calibrate faceCalibrateCommand `cmd:"" help:"Find the threshold that tells your people apart, from a folder of pictures."`
	Models    faceModelsCommand    `cmd:"" help:"Fetch the face models from their public homes, a mirror or a folder."`
}

// faceFlags say which models are used.
type faceFlags struct {
	Models string `help:"Folder of the face models." default:"data/models" placeholder:"DIR"`
	Choice string `name:"model" help:"Which model tells people apart: ${enum}." enum:"dlib,taguchi" default:"dlib"`
}

func (f faceFlags) engine() *engine.Engine {
	return newFaceEngine(f.Models, models.Choice(f.Choice), quietLog())
}

type faceCompareCommand struct {
	faceFlags `embed:""`

	A         string  `arg:"" help:"Picture (JPEG, PNG, WebP), such as the registered photo." placeholder:"A"`
	B         string  `arg:"" help:"Picture to be compared with it." placeholder:"B"`
	Threshold float64 `help:"Largest distance at which two faces count as the same, as the exam has it (trivue face calibrate finds one)." default:"0.6"`
	JSON      bool    `name:"json" help:"Print the answer as JSON."`
}

// faceComparison is what the command prints as JSON.
type faceComparison struct {
	facematch.Comparison
	Pictures [2]facePicture `json:"pictures"`
}

type facePicture struct {
	File string `json:"file"`
	facematch.Picture
}

// MarshalJSON leaves the descriptors out: they are biometric data, and printed text stays where nobody looks after it.
func (p facePicture) MarshalJSON() ([]byte, error) {
	type face struct {
		Box       facematch.Box       `json:"box"`
		Landmarks facematch.Landmarks `json:"landmarks"`
		Quality   facematch.Quality   `json:"quality"`
	}
	faces := []face{}
	for _, f := range p.Faces {
		faces = append(faces, face{f.Box, f.Landmarks, f.Quality})
	}
	return json.Marshal(struct {
		File   string          `json:"file"`
		Width  int             `json:"width"`
		Height int             `json:"height"`
		Light  facematch.Light `json:"light"`
		Model  string          `json:"model"`
		Faces  []face          `json:"faces"`
	}{p.File, p.Width, p.Height, p.Light, p.Model, faces})
}

// Run compares two pictures. That they cannot be compared is an answer too, with exit code 0; exit code 1 is for pictures that cannot
// be looked at.
func (c faceCompareCommand) Run(ctx context.Context) error {
	if !(c.Threshold > 0 && c.Threshold < 2) {
		return &exitError{2, fmt.Errorf("--threshold %v: give a distance above 0 and below 2, such as %v", c.Threshold, facematch.DefaultThreshold)}
	}
	e := c.engine()
	defer e.Close()
	var pictures [2]facePicture
	for i, path := range []string{c.A, c.B} {
		picture, err := lookAt(ctx, e, path)
		if err != nil {
			return err
		}
		pictures[i] = facePicture{path, picture}
	}
	comparison, err := facematch.Compare(pictures[0].Picture, pictures[1].Picture, c.Threshold, facematch.DefaultLimits())
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(os.Stdout).Encode(faceComparison{comparison, pictures})
	}
	tellComparison(os.Stdout, comparison, pictures)
	return nil
}

// lookAt reads a picture and has its faces found.
func lookAt(ctx context.Context, e *engine.Engine, path string) (facematch.Picture, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return facematch.Picture{}, err
	}
	picture, err := e.Look(ctx, data)
	var problem *facematch.Problem
	if errors.As(err, &problem) && problem.OfPicture() {
		return picture, fmt.Errorf("%s: %w", path, err)
	}
	return picture, err
}

// flawTexts say what is wrong with a picture, for people.
var flawTexts = map[facematch.Flaw]string{
	facematch.NoFace:       "no face was found",
	facematch.SeveralFaces: "there are several faces",
	facematch.TooSmall:     "the face is too small",
	facematch.Blurred:      "the face is blurred",
	facematch.TooDark:      "the face is too dark",
	facematch.TooBright:    "the face is too bright",
	facematch.Flat:         "the face has hardly any contrast",
	facematch.TurnedAway:   "the face is turned away",
	facematch.Tilted:       "the head is tilted",
}

func tellComparison(w io.Writer, c facematch.Comparison, pictures [2]facePicture) {
	for i, p := range pictures {
		fmt.Fprintf(w, "%s: %d × %d, faces: %d\n", filepath.Base(p.File), p.Width, p.Height, len(p.Faces))
		for _, f := range p.Faces {
			q := f.Quality
			fmt.Fprintf(w, "  at %.0f,%.0f: eyes %.0f px apart, sharpness %.0f, brightness %.0f ± %.0f, turned %+.0f° (up %+.0f°, tilted %+.0f°)\n",
				f.Box.X, f.Box.Y, q.Size, q.Sharpness, q.Brightness, q.Contrast, q.Pose.Yaw, q.Pose.Pitch, q.Pose.Roll)
		}
		if flaws := c.Flaws[i]; len(flaws) > 0 {
			texts := make([]string, len(flaws))
			for j, flaw := range flaws {
				texts[j] = flawTexts[flaw]
			}
			fmt.Fprintf(w, "  %s\n", strings.Join(texts, "; "))
		}
	}
	if c.Distance == nil {
		fmt.Fprintf(w, "%s: nothing to compare\n", c.Verdict)
		return
	}
	fmt.Fprintf(w, "%s: distance %.3f, threshold %.3f\n", c.Verdict, *c.Distance, c.Threshold)
}
