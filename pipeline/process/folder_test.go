package process

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// result has a run put files into the folder, each with its own name and mark as content.
func result(t *testing.T, path, mark string, names ...string) {
	t.Helper()
	f, err := openFolder(path)
	require.NoError(t, err)
	put(t, f, mark, names...)
	require.NoError(t, f.publish())
	require.NoError(t, f.close())
}

func put(t *testing.T, f *folder, mark string, names ...string) {
	t.Helper()
	for _, name := range append(names, TimelineFile) {
		require.NoError(t, os.WriteFile(filepath.Join(f.staging(), name), []byte(name+mark), 0o600))
	}
}

// contents are the visible files of a folder.
func contents(t *testing.T, path string) map[string]string {
	t.Helper()
	all := map[string]string{}
	entries, err := os.ReadDir(path)
	require.NoError(t, err)
	for _, e := range entries {
		if e.Name() != ownName {
			data, err := os.ReadFile(filepath.Join(path, e.Name()))
			require.NoError(t, err)
			all[e.Name()] = string(data)
		}
	}
	return all
}

func TestAResultReplacesAllOfTheEarlierOneAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("mine"), 0o600))
	result(t, dir, " 1", "camera-0.webm", "phone-1.mp4", "index.html", "phone.vtt")
	result(t, dir, " 2", "camera-0.webm", "index.html")
	assert.Equal(t, map[string]string{"notes.txt": "mine", "camera-0.webm": "camera-0.webm 2", "index.html": "index.html 2", TimelineFile: TimelineFile + " 2"}, contents(t, dir))
	left, err := os.ReadDir(filepath.Join(dir, ownName))
	require.NoError(t, err)
	require.Len(t, left, 1)
	assert.Equal(t, listName, left[0].Name())
}

func TestAFailedRunLeavesTheFolderAsItWas(t *testing.T) {
	for name, earlier := range map[string]bool{"with an earlier result": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if earlier {
				result(t, dir, " 1", "camera-0.webm", "index.html")
			}
			before := contents(t, dir)
			f, err := openFolder(dir)
			require.NoError(t, err)
			put(t, f, " 2", "camera-0.webm")
			require.NoError(t, f.close())
			assert.Equal(t, before, contents(t, dir))
			if !earlier {
				assert.NoDirExists(t, filepath.Join(dir, ownName))
			}
		})
	}
}

func TestSomebodyElsesFilesAreNeverOverwritten(t *testing.T) {
	for _, name := range []string{"camera-0.webm", "index.html", "screen.vtt", "phone-2-1.jpg"} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("mine"), 0o600))
		_, err := openFolder(dir)
		require.ErrorContains(t, err, name)
		assert.Equal(t, map[string]string{name: "mine"}, contents(t, dir))
	}
	t.Run("put there during the run", func(t *testing.T) {
		dir := t.TempDir()
		f, err := openFolder(dir)
		require.NoError(t, err)
		put(t, f, "", "camera-0.webm")
		require.NoError(t, os.WriteFile(filepath.Join(dir, "camera-0.webm"), []byte("mine"), 0o600))
		require.ErrorContains(t, f.publish(), "camera-0.webm")
		require.NoError(t, f.close())
		assert.Equal(t, map[string]string{"camera-0.webm": "mine"}, contents(t, dir))
	})
	t.Run("named by a list that is not ours", func(t *testing.T) {
		root := t.TempDir()
		dir := filepath.Join(root, "out")
		require.NoError(t, os.MkdirAll(filepath.Join(dir, ownName), 0o700))
		victim := filepath.Join(root, "thesis.doc")
		require.NoError(t, os.WriteFile(victim, nil, 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "notes.txt"), nil, 0o600))
		require.NoError(t, os.WriteFile(filepath.Join(dir, ownName, listName), []byte("../thesis.doc\nnotes.txt\n"+victim+"\n"), 0o600))
		result(t, dir, "", "camera-0.webm")
		assert.FileExists(t, victim)
		assert.FileExists(t, filepath.Join(dir, "notes.txt"))
	})
}

// TestARunKilledWhilePublishing stops at every file that is put in place. What is there says whether it is complete, and the next
// run clears everything away that both have left.
func TestARunKilledWhilePublishing(t *testing.T) {
	for _, stuck := range []string{"screen-0.webm", "index.html", TimelineFile} {
		t.Run(stuck, func(t *testing.T) {
			dir := t.TempDir()
			result(t, dir, " 1", "camera-0.webm", "index.html", "phone-0.mp4")
			f, err := openFolder(dir)
			require.NoError(t, err)
			put(t, f, " 2", "camera-0.webm", "screen-0.webm", "index.html")
			// A folder of that name cannot be replaced by a file: the run ends there, as if it were killed.
			_ = os.Remove(filepath.Join(dir, stuck))
			f.listed = append(f.listed, stuck)
			obstacle := filepath.Join(dir, stuck, "x")
			require.NoError(t, os.MkdirAll(obstacle, 0o700))
			require.Error(t, f.publish())
			require.NoError(t, f.lock.Close())
			require.NoError(t, os.RemoveAll(filepath.Join(dir, stuck)))

			assert.NoFileExists(t, filepath.Join(dir, TimelineFile), "it is not complete")
			result(t, dir, " 3", "phone-0.mp4")
			assert.Equal(t, map[string]string{"phone-0.mp4": "phone-0.mp4 3", TimelineFile: TimelineFile + " 3"}, contents(t, dir))
			assert.NoDirExists(t, f.work())
		})
	}
}

func TestTwoRunsDoNotShareAFolder(t *testing.T) {
	dir := t.TempDir()
	f, err := openFolder(dir)
	require.NoError(t, err)
	_, err = openFolder(dir)
	require.ErrorContains(t, err, "another run")
	assert.DirExists(t, f.staging(), "the first goes on")
	require.NoError(t, f.close())
	result(t, dir, "", "camera-0.webm")
}
