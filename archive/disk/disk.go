// Package disk keeps objects in a local folder:
//
//	objects/<key>  the bytes, as a plain file: a backup or a person needs nothing of ours to read it
//	meta/<key>     size and SHA-256 of it, as JSON
//	tmp/           what is being written
//	lock           held while files are moved into place or away
//
// The checksum lies in a file of its own because extended attributes get lost in copies, and a trailer would spoil the bytes. An
// object exists when both its files do. Its bytes are moved into place first and meta last, and meta is removed first: whatever a
// crash leaves behind, no object is visible whose bytes are not those of its checksum.
package disk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"

	"github.com/trivue/trivue/archive"
	"golang.org/x/sys/unix"
)

// Store is an archive.Store in a folder.
type Store struct {
	root *os.Root // no path can lead out of it, whatever a key says and whatever links somebody puts in
}

var _ archive.Store = (*Store)(nil)

const (
	objects = "objects"
	meta    = "meta"
	tmp     = "tmp"
)

// Open opens the folder, makes it if need be, and removes what killed processes have left in it.
func Open(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open archive: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open archive: %w", err)
	}
	s := &Store{root: root}
	for _, d := range []string{objects, meta, tmp} {
		if err := root.MkdirAll(d, 0o700); err != nil {
			root.Close()
			return nil, fmt.Errorf("open archive: %w", err)
		}
	}
	if err := s.removeStale(); err != nil {
		root.Close()
		return nil, fmt.Errorf("open archive: %w", err)
	}
	return s, nil
}

// Close releases the folder. Objects that are open stay readable.
func (s *Store) Close() error { return s.root.Close() }

// record is the content of a meta file.
type record struct {
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Open implements archive.Store.
func (s *Store) Open(_ context.Context, key string) (archive.Object, error) {
	o, err := s.open(key)
	if err != nil {
		return nil, fmt.Errorf("open object %s: %w", key, err)
	}
	return o, nil
}

// Stat implements archive.Store.
func (s *Store) Stat(_ context.Context, key string) (archive.Info, error) {
	o, err := s.open(key)
	if err != nil {
		return archive.Info{}, fmt.Errorf("stat object %s: %w", key, err)
	}
	defer o.Close()
	return o.info, nil
}

type object struct {
	*os.File
	info archive.Info
}

func (o *object) Info() archive.Info { return o.info }

func (s *Store) open(key string) (*object, error) {
	if err := archive.CheckKey(key); err != nil {
		return nil, err
	}
	unlock, err := s.lock(unix.LOCK_SH)
	if err != nil {
		return nil, err
	}
	defer unlock()
	return s.openLocked(key)
}

func (s *Store) openLocked(key string) (*object, error) {
	text, err := s.root.ReadFile(path.Join(meta, key))
	if err != nil {
		return nil, absent(err)
	}
	var r record
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("read its checksum: %w", err)
	}
	f, err := s.root.Open(path.Join(objects, key))
	if err != nil {
		return nil, absent(err)
	}
	info, err := f.Stat()
	if err == nil && info.Size() != r.Size {
		err = fmt.Errorf("it has %d bytes, but %d were put: %w", info.Size(), r.Size, archive.ErrChecksum)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &object{f, archive.Info{Key: key, Size: r.Size, SHA256: r.SHA256, ModTime: info.ModTime().UTC()}}, nil
}

// absent turns the errors of a missing file into ErrNotFound: no such file, a folder of that name, or a file in place of a folder.
func absent(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.EISDIR) || errors.Is(err, unix.ENOTDIR) {
		return archive.ErrNotFound
	}
	return err
}

// lock takes the store's lock (unix.LOCK_SH or LOCK_EX), which also works between processes. It is only held for as long as a few
// files are opened or moved.
func (s *Store) lock(how int) (unlock func(), err error) {
	f, err := s.root.OpenFile("lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock archive: %w", err)
	}
	for {
		err = unix.Flock(int(f.Fd()), how)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock archive: %w", err)
	}
	return func() { f.Close() }, nil
}
