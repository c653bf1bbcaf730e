package disk

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/trivue/trivue/archive"
	"golang.org/x/sys/unix"
)

// Put implements archive.Store.
func (s *Store) Put(ctx context.Context, key string, r io.Reader, size int64, sha256 string) error {
	err := archive.CheckPut(key, size, sha256)
	if err == nil {
		err = s.put(ctx, key, r, record{Size: size, SHA256: sha256})
	}
	if err != nil {
		return fmt.Errorf("put object %s: %w", key, err)
	}
	return nil
}

func (s *Store) put(ctx context.Context, key string, r io.Reader, rec record) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if o, err := s.open(key); err == nil {
		o.Close()
		if o.info.SHA256 == rec.SHA256 && o.info.Size == rec.Size {
			return nil
		}
	}
	text, err := json.Marshal(rec)
	if err != nil {
		return err
	}
	content, err := s.writeTemporary(archive.NewVerifier(ctx, r, rec.Size, rec.SHA256))
	if err != nil {
		return err
	}
	defer content.discard()
	checksum, err := s.writeTemporary(bytes.NewReader(text))
	if err != nil {
		return err
	}
	defer checksum.discard()

	unlock, err := s.lock(unix.LOCK_EX)
	if err != nil {
		return err
	}
	defer unlock()
	for _, tree := range []string{objects, meta} {
		if err := s.root.MkdirAll(path.Dir(path.Join(tree, key)), 0o700); err != nil {
			return obstructed(err)
		}
	}
	// An old object stops being visible before its bytes change.
	if err := s.remove(path.Join(meta, key)); err != nil {
		return obstructed(err)
	}
	if err := content.moveTo(path.Join(objects, key)); err != nil {
		return obstructed(err)
	}
	return obstructed(checksum.moveTo(path.Join(meta, key)))
}

// obstructed names the error of a key that is a folder of other keys, or the other way round.
func obstructed(err error) error {
	if errors.Is(err, unix.EISDIR) || errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.EEXIST) || errors.Is(err, unix.ENOTEMPTY) {
		return fmt.Errorf("%w (%w)", archive.ErrConflict, err)
	}
	return err
}

// Delete implements archive.Store.
func (s *Store) Delete(_ context.Context, key string) error {
	if err := archive.CheckKey(key); err != nil {
		return fmt.Errorf("delete object %s: %w", key, err)
	}
	unlock, err := s.lock(unix.LOCK_EX)
	if err != nil {
		return fmt.Errorf("delete object %s: %w", key, err)
	}
	defer unlock()
	for _, tree := range []string{meta, objects} {
		name := path.Join(tree, key)
		if info, err := s.root.Lstat(name); err == nil && info.IsDir() {
			return nil // a folder of other keys is no object
		}
		if err := s.remove(name); err != nil && !errors.Is(absent(err), archive.ErrNotFound) {
			return fmt.Errorf("delete object %s: %w", key, err)
		}
		// Folders that became empty go too; the first that did not ends it.
		for dir := path.Dir(name); dir != tree && s.root.Remove(dir) == nil; dir = path.Dir(dir) {
		}
	}
	return nil
}

// remove deletes a file, if there is one, so that it stays deleted after a power cut.
func (s *Store) remove(name string) error {
	if err := s.root.Remove(name); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	return s.syncDir(path.Dir(name))
}

// temporary is a file in tmp/ whose bytes are safe. It is locked as long as its writer lives.
type temporary struct {
	store *Store
	file  *os.File
	name  string
}

// writeTemporary writes all of r. After an error nothing remains.
func (s *Store) writeTemporary(r io.Reader) (_ *temporary, err error) {
	t, err := s.createTemporary()
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			t.discard()
		}
	}()
	f := t.file
	if _, err := io.CopyBuffer(struct{ io.Writer }{f}, r, make([]byte, 256<<10)); err != nil {
		return nil, err
	}
	if err := f.Sync(); err != nil {
		return nil, err
	}
	return t, nil
}

func (s *Store) createTemporary() (*temporary, error) {
	// Another process that opens the store must not see the file before its lock.
	unlock, err := s.lock(unix.LOCK_SH)
	if err != nil {
		return nil, err
	}
	defer unlock()
	name := path.Join(tmp, rand.Text())
	f, err := s.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	t := &temporary{s, f, name}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		t.discard()
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	return t, nil
}

// moveTo gives the file its final name, for good.
func (t *temporary) moveTo(name string) error {
	if err := t.store.root.Rename(t.name, name); err != nil {
		return err
	}
	// Folders above may be new as well, and are only there after a power cut if their own folders were written.
	for dir := path.Dir(name); ; dir = path.Dir(dir) {
		if err := t.store.syncDir(dir); err != nil || dir == "." {
			return err
		}
	}
}

// discard removes the file if it was not moved.
func (t *temporary) discard() {
	t.file.Close()
	_ = t.store.root.Remove(t.name)
}

// removeStale deletes the files in tmp/ whose writer is gone.
func (s *Store) removeStale() error {
	unlock, err := s.lock(unix.LOCK_EX)
	if err != nil {
		return err
	}
	defer unlock()
	entries, err := fs.ReadDir(s.root.FS(), tmp)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := path.Join(tmp, e.Name())
		f, err := s.root.Open(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
			err = s.root.Remove(name)
		}
		f.Close()
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (s *Store) syncDir(name string) error {
	d, err := s.root.Open(name)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
