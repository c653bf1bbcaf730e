// Package models knows the files that faces are found and described with: what they are called, where they come from, and how each
// is known to be whole and unchanged.
package models

import (
	"crypto/sha1" //nolint:gosec // git's own object names: the form in which the files' publishers name their content
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// File is one model file.
type File struct {
	// Name is the file's in the models folder.
	Name string
	// Object is the name that git gives to the official content (git hash-object); empty where only that of the packed form is known.
	Object string
	// URL is its public home.
	URL string
	// Packed is the object of the file as it is published, where that is packed by bzip2; the URL is that file's.
	Packed string
	// Purpose says what the file is for.
	Purpose string
}

const (
	testdata = "https://github.com/Kagami/go-face-testdata/raw/master/models/"
	davis    = "https://github.com/davisking/dlib-models/raw/master/"
)

// The files. The detector by neural network is never used, but go-face does not start without it.
var (
	Landmarks = File{
		Name: "shape_predictor_5_face_landmarks.dat", Object: "67878ed3894d929c5e03bd1ad2d931cc6d745ee7",
		URL: testdata + "shape_predictor_5_face_landmarks.dat", Purpose: "finds eyes and nose",
	}
	Detector = File{
		Name: "mmod_human_face_detector.dat", Object: "f112a0a45dbda96080352c45f615d00ddd4f130c",
		URL: testdata + "mmod_human_face_detector.dat", Purpose: "go-face does not start without it",
	}
	Stock = File{
		Name: "dlib_face_recognition_resnet_model_v1.dat", Object: "ddb515897db3724ddeed593083d3f39818db1a54",
		URL: testdata + "dlib_face_recognition_resnet_model_v1.dat", Purpose: "tells people apart; trained mostly on Western faces",
	}
	Taguchi = File{
		Name: "taguchi_face_recognition_resnet_model_v1.dat", Packed: "0cf5fe1be0cd76ed4825477b2757049d67425766",
		URL: davis + "taguchi_face_recognition_resnet_model_v1.dat.bz2", Purpose: "tells people apart; trained on many East Asian faces",
	}
)

// published is the name under which a file is published.
func (f File) published() string {
	if f.Packed != "" {
		return f.Name + ".bz2"
	}
	return f.Name
}

// Choice is which model tells people apart.
type Choice string

// The choices.
const (
	ChooseStock   Choice = "dlib"
	ChooseTaguchi Choice = "taguchi"
)

func (c Choice) file() (File, error) {
	switch c {
	case ChooseStock:
		return Stock, nil
	case ChooseTaguchi:
		return Taguchi, nil
	}
	return File{}, fmt.Errorf("there is no face model %q: choose %s or %s", c, ChooseStock, ChooseTaguchi)
}

// Files are those that a choice needs.
func (c Choice) Files() ([]File, error) {
	f, err := c.file()
	return []File{Landmarks, Detector, f}, err
}

// Set is the files of one choice, by absolute path.
type Set struct {
	Landmarks  string `json:"landmarks"`
	Detector   string `json:"detector"`
	Descriptor string `json:"descriptor"`
}

// MissingError is what a folder lacks.
type MissingError struct {
	Folder string
	Names  []string
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("the face models are not installed: missing are %s, in %s. Run: trivue face models --to %s", strings.Join(e.Names, ", "), e.Folder, e.Folder)
}

// Find gives the files of a choice in a folder; a *MissingError where they are not there. Their content is not looked at.
func Find(folder string, c Choice) (Set, error) {
	files, err := c.Files()
	if err != nil {
		return Set{}, err
	}
	if folder, err = filepath.Abs(folder); err != nil {
		return Set{}, err
	}
	missing := &MissingError{Folder: folder}
	paths := make([]string, len(files))
	for i, f := range files {
		paths[i] = filepath.Join(folder, f.Name)
		info, err := os.Stat(paths[i])
		switch {
		case errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular():
			missing.Names = append(missing.Names, f.Name)
		case err != nil:
			return Set{}, fmt.Errorf("look for the face models: %w", err)
		}
	}
	if len(missing.Names) > 0 {
		return Set{}, missing
	}
	return Set{Landmarks: paths[0], Detector: paths[1], Descriptor: paths[2]}, nil
}

// Object is the name that git gives to a content of that size: the SHA-1 of a header and the content.
func Object(content io.Reader, size int64) (string, error) {
	sum := sha1.New() //nolint:gosec // see above
	fmt.Fprintf(sum, "blob %d\x00", size)
	if _, err := io.Copy(sum, content); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// ObjectOf is Object of a file.
func ObjectOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	return Object(f, info.Size())
}
