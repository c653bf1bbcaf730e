package models

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// State is what a file in the models folder is.
type State string

// The states.
const (
	Official State = "official"
	Missing  State = "missing"
	// Changed is a file whose content is not the official one: cut off, a page that says 404, or a model of somebody else's.
	Changed State = "changed"
)

// recordSuffix is of the small file in which the object of unpacked content is kept, whose packed form was the official one.
const recordSuffix = ".object"

// Check looks at the content of a file in a folder.
func Check(folder string, f File) (State, error) {
	path := filepath.Join(folder, f.Name)
	object, err := ObjectOf(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Missing, nil
	case err != nil:
		return "", err
	}
	want := f.Object
	if f.Packed != "" {
		record, err := os.ReadFile(path + recordSuffix)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
		want = strings.TrimSpace(string(record))
	}
	if object != want {
		return Changed, nil
	}
	return Official, nil
}
