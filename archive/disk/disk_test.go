package disk_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/trivue/trivue/archive"
	"github.com/trivue/trivue/archive/disk"
	"github.com/trivue/trivue/archive/storagetest"
)

func open(t testing.TB, dir string) *disk.Store {
	t.Helper()
	s, err := disk.Open(dir)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// everything lists the files and folders below a folder.
func everything(t testing.TB, dir string) []string {
	t.Helper()
	var all []string
	require.NoError(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		all = append(all, path)
		return err
	}))
	return all
}

func TestConformance(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storagetest.Storage {
		dir := filepath.Join(t.TempDir(), "new", "folder")
		s := open(t, dir)
		// The first operation makes the lock file.
		_, err := s.Stat(t.Context(), "none")
		require.ErrorIs(t, err, archive.ErrNotFound)
		return storagetest.Storage{Store: s, Residue: func(t testing.TB) []string { return everything(t, dir) }}
	})
}

// A link that somebody put into the folder must not lead an object's bytes elsewhere, or elsewhere's bytes out.
func TestLinksDoNotLeadOut(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	s := open(t, dir)
	require.NoError(t, os.WriteFile(filepath.Join(outside, "secret"), []byte("x"), 0o600))
	require.NoError(t, os.Symlink(outside, filepath.Join(dir, "objects", "a")))
	require.NoError(t, os.Symlink(outside, filepath.Join(dir, "meta", "a")))
	require.Error(t, put(t, s, "a/b", "content"))
	_, err := s.Open(t.Context(), "a/secret")
	require.Error(t, err)
	_ = s.Delete(t.Context(), "a/secret")
	require.Equal(t, []string{outside, filepath.Join(outside, "secret")}, everything(t, outside))
}

func TestBytesThatChangedOnDisk(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	require.NoError(t, put(t, s, "a", "content"))
	require.NoError(t, os.Truncate(filepath.Join(dir, "objects", "a"), 3))
	_, err := s.Open(t.Context(), "a")
	require.ErrorIs(t, err, archive.ErrChecksum)
	require.NoError(t, put(t, s, "a", "content"), "putting it again mends it")
	_, err = s.Stat(t.Context(), "a")
	require.NoError(t, err)
}

func TestFolderInPlaceOfObject(t *testing.T) {
	s := open(t, t.TempDir())
	require.NoError(t, put(t, s, "a/b", "content"))
	require.ErrorIs(t, put(t, s, "a", "content"), archive.ErrConflict)
	require.ErrorIs(t, put(t, s, "a/b/c", "content"), archive.ErrConflict)
	_, err := s.Stat(t.Context(), "a/b")
	require.NoError(t, err)
}
