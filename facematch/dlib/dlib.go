// Package dlib finds and describes faces with dlib, through go-face, of which it is the only importer. It runs in children of package
// engine only: a hostile picture may crash or hang C code, and nothing in here has a deadline.
package dlib

import (
	"fmt"
	"image"
	"os"
	"path/filepath"

	"github.com/Kagami/go-face"

	"github.com/trivue/trivue/facematch"
	"github.com/trivue/trivue/facematch/engine"
	"github.com/trivue/trivue/facematch/models"
)

// Recognizer holds the loaded models.
type Recognizer struct {
	rec *face.Recognizer
}

var _ engine.Recognizer = (*Recognizer)(nil)

// Open loads the models of a set. Scratch is a folder for the names that go-face expects.
func Open(set models.Set, scratch string) (*Recognizer, error) {
	for name, path := range map[string]string{
		"shape_predictor_5_face_landmarks.dat":      set.Landmarks,
		"dlib_face_recognition_resnet_model_v1.dat": set.Descriptor,
		"mmod_human_face_detector.dat":              set.Detector,
	} {
		if err := os.Symlink(path, filepath.Join(scratch, name)); err != nil {
			return nil, fmt.Errorf("prepare the face models: %w", err)
		}
	}
	rec, err := face.NewRecognizer(scratch)
	if err != nil {
		return nil, fmt.Errorf("load the face models: %w", err)
	}
	return &Recognizer{rec}, nil
}

// Find implements engine.Recognizer by dlib's HOG detector, which needs a twentieth of the time and memory of its neural one.
func (r *Recognizer) Find(jpeg []byte) ([]engine.Found, error) {
	faces, err := r.rec.Recognize(jpeg)
	if err != nil {
		return nil, fmt.Errorf("look for faces: %w", err)
	}
	found := make([]engine.Found, 0, len(faces))
	for _, f := range faces {
		if len(f.Shapes) != len(engine.Found{}.Landmarks) {
			return nil, fmt.Errorf("the landmark model gives %d points, not %d: it is another model", len(f.Shapes), len(engine.Found{}.Landmarks))
		}
		// dlib's right and bottom lie within the rectangle.
		one := engine.Found{Box: image.Rectangle{f.Rectangle.Min, f.Rectangle.Max.Add(image.Pt(1, 1))}, Descriptor: facematch.Descriptor(f.Descriptor)}
		copy(one.Landmarks[:], f.Shapes)
		found = append(found, one)
	}
	return found, nil
}
