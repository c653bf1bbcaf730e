package child

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// scratchName is the folder for temporary files within a job's output folder, there while the job runs.
const scratchName = ".scratch"

// clear removes everything in a folder and leaves the folder.
func clear(folder string) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	var all error
	for _, e := range entries {
		all = errors.Join(all, os.RemoveAll(filepath.Join(folder, e.Name())))
	}
	return all
}

// checkPlain refuses what is neither a file nor a folder. On a kernel without Landlock, a child that has been taken over could
// otherwise leave a symbolic link to a file that is none of its business, for the parent to archive and serve.
func checkPlain(folder string) error {
	return filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !entry.IsDir() && !entry.Type().IsRegular() {
			return fmt.Errorf("%s is neither a file nor a folder", entry.Name())
		}
		return nil
	})
}
