package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
)

// In the output folder, ours is what the list names and the folder of that list; everything else belongs to somebody else.
const (
	ownName  = ".trivue"
	listName = "files" // in ownName: the names of the files that a run put into the output folder, one a line
	workName = "work"  // in ownName, while a run goes on
)

// resultName matches every name that a result can have in it.
var resultName = regexp.MustCompile(`^((camera|screen|phone)(-\d+){0,2}\.[a-z0-9]+|index\.html|timeline\.json)$`)

// folder is an output folder while a run has it for itself. The result is made inside of it, out of sight, and takes the place
// of an earlier one only when it is complete.
type folder struct {
	path   string
	lock   *os.File
	listed []string // names that an earlier run put here
}

// openFolder makes the folder if it is not there, and clears away the work of a run that was killed. It refuses a folder
// that another run has, and one with somebody else's files under names that a result would take.
func openFolder(path string) (*folder, error) {
	if err := os.MkdirAll(path, 0o750); err != nil {
		return nil, fmt.Errorf("make the output folder: %w", err)
	}
	lock, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the output folder: %w", err)
	}
	f := &folder{path: path, lock: lock}
	// File systems without locks must do without: a second run at the same time is a mistake, not an attack.
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		lock.Close()
		return nil, fmt.Errorf("another run is working in %s: wait for its end, or choose another folder", path)
	}
	if err := f.prepare(); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

func (f *folder) prepare() error {
	if err := f.readList(); err != nil {
		return err
	}
	entries, err := os.ReadDir(f.path)
	if err != nil {
		return fmt.Errorf("read the output folder: %w", err)
	}
	for _, e := range entries {
		if resultName.MatchString(e.Name()) && !slices.Contains(f.listed, e.Name()) {
			return f.foreign(e.Name())
		}
	}
	if err := os.RemoveAll(f.work()); err != nil {
		return fmt.Errorf("remove what a killed run left: %w", err)
	}
	if err := os.MkdirAll(f.staging(), 0o750); err != nil {
		return fmt.Errorf("make the work folder: %w", err)
	}
	return nil
}

func (f *folder) foreign(name string) error {
	return fmt.Errorf("%s holds a file %s that was not made here, and it would be overwritten: choose another folder, or move that file", f.path, name)
}

func (f *folder) own() string     { return filepath.Join(f.path, ownName) }
func (f *folder) work() string    { return filepath.Join(f.own(), workName) }
func (f *folder) staging() string { return filepath.Join(f.work(), "result") }

// readList takes only names that a result can have, so that no list, however it came about, has us remove anything else.
func (f *folder) readList() error {
	list, err := os.ReadFile(filepath.Join(f.own(), listName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read which files an earlier run made: %w", err)
	}
	for name := range strings.Lines(string(list)) {
		if name = strings.TrimSuffix(name, "\n"); resultName.MatchString(name) {
			f.listed = append(f.listed, name)
		}
	}
	return nil
}

// writeList replaces the list in one step.
func (f *folder) writeList(names []string) error {
	fresh := filepath.Join(f.work(), listName)
	if err := os.WriteFile(fresh, []byte(strings.Join(names, "\n")+"\n"), 0o640); err != nil {
		return fmt.Errorf("note which files are made: %w", err)
	}
	return os.Rename(fresh, filepath.Join(f.own(), listName))
}

// publish puts the staged result in the place of the earlier one. Whenever it is cut short, a folder that has a timeline.json is
// complete, and the list names every file of ours, so that the next run can clear it away.
func (f *folder) publish() error {
	entries, err := os.ReadDir(f.staging())
	if err != nil {
		return fmt.Errorf("read the result: %w", err)
	}
	var fresh []string
	for _, e := range entries {
		if !resultName.MatchString(e.Name()) {
			return fmt.Errorf("a result has no file called %q", e.Name())
		}
		if _, err := os.Lstat(filepath.Join(f.path, e.Name())); err == nil && !slices.Contains(f.listed, e.Name()) {
			return f.foreign(e.Name())
		}
		if e.Name() != TimelineFile {
			fresh = append(fresh, e.Name())
		}
	}
	fresh = append(fresh, TimelineFile)
	both := append(slices.Clone(f.listed), fresh...)
	slices.Sort(both)
	if err := f.writeList(slices.Compact(both)); err != nil {
		return err
	}
	// What says that the folder is complete goes first and comes last.
	outdated := []string{TimelineFile}
	for _, name := range f.listed {
		if name == "index.html" || !slices.Contains(fresh, name) {
			outdated = append(outdated, name)
		}
	}
	for _, name := range outdated {
		if err := os.Remove(filepath.Join(f.path, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove an earlier run's file: %w", err)
		}
	}
	for _, name := range fresh {
		if err := os.Rename(filepath.Join(f.staging(), name), filepath.Join(f.path, name)); err != nil {
			return fmt.Errorf("put the result in place: %w", err)
		}
	}
	return f.writeList(fresh)
}

// close removes the work files, and what else of ours a folder without a result does not need, and gives the folder free.
func (f *folder) close() error {
	err := os.RemoveAll(f.work())
	_ = os.Remove(f.own()) // stays where it holds a list
	return errors.Join(err, f.lock.Close())
}
