package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam/examfile"
	"github.com/trivue/trivue/store"
)

// served is a data folder as a server leaves it, with its database open beside the program.
func served(t *testing.T) (data string, db *store.Store) {
	t.Helper()
	data = t.TempDir()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(data, "trivue.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return data, db
}

// objectsOf lists the files of the archive in a data folder, without the checksums beside them.
func objectsOf(t *testing.T, data string) (keys []string) {
	t.Helper()
	root := filepath.Join(data, "objects", "objects")
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			keys = append(keys, strings.TrimPrefix(path, root+"/"))
		}
		return nil
	})
	require.NoError(t, err)
	return keys
}

func change(t *testing.T, path, old, replacement string) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), old)
	require.NoError(t, os.WriteFile(path, []byte(strings.ReplaceAll(string(text), old, replacement)), 0o600))
}

func TestExamFromTheTemplate(t *testing.T) {
	data, db := served(t)
	dir := filepath.Join(t.TempDir(), "面试")
	got := trivue(t, nil, "exam", "template", dir)
	require.Zero(t, got.code, got.stderr)
	got = trivue(t, nil, "exam", "template", dir)
	assert.Equal(t, 2, got.code)
	assert.Contains(t, got.stderr, "not empty")

	got = trivue(t, nil, "exam", "import", dir, "--data", data, "--dry-run")
	require.Zero(t, got.code, got.stderr)
	assert.Contains(t, got.stdout, "sample-exam  示例面试 (new)")
	assert.Contains(t, got.stdout, "3 added (20260001, 20260002, 20260003)")
	assert.Contains(t, got.stdout, "this was a dry run")
	exams, err := db.Exams(t.Context())
	require.NoError(t, err)
	require.Empty(t, exams)
	require.NoDirExists(t, filepath.Join(data, "objects"), "a dry run stores nothing")

	got = trivue(t, nil, "exam", "import", dir, "--data", data)
	require.Zero(t, got.code, got.stderr)
	assert.Empty(t, got.stderr)
	assert.Contains(t, got.stdout, "Imported.")
	assert.Contains(t, got.stdout, "09:00:00 +08:00", "the start is shown as it was written")
	candidates, err := db.Candidates(t.Context(), "sample-exam")
	require.NoError(t, err)
	require.Len(t, candidates, 3)
	attachments, err := db.ExamAttachments(t.Context(), "sample-exam")
	require.NoError(t, err)
	require.Len(t, attachments, 1)
	before := objectsOf(t, data)
	require.ElementsMatch(t, []string{attachments[0].Key, candidates[0].Photo, candidates[1].Photo, candidates[2].Photo}, before)

	got = trivue(t, nil, "exam", "import", dir, "--data", data)
	require.Zero(t, got.code, got.stderr)
	assert.Contains(t, got.stdout, "Everything was there already.")
	assert.Equal(t, before, objectsOf(t, data))

	got = trivue(t, nil, "exam", "list", "--data", data)
	require.Zero(t, got.code, got.stderr)
	assert.Regexp(t, `(?m)^sample-exam .* 3 +2 +示例面试$`, got.stdout)
}

func TestImportingAgainRemovesWhatNothingRefersTo(t *testing.T) {
	data, db := served(t)
	dir := filepath.Join(t.TempDir(), "exam")
	require.Zero(t, trivue(t, nil, "exam", "template", dir, "--rehearsal").code)
	require.Zero(t, trivue(t, nil, "exam", "import", dir, "--data", data).code)
	before, err := db.Candidates(t.Context(), "rehearsal")
	require.NoError(t, err)

	change(t, filepath.Join(dir, "candidates.csv"), "20260003,欧阳样本,2718,photos/20260003.png\r\n", "")
	change(t, filepath.Join(dir, "exam.yaml"), "title: 模拟面试", "title: 第二次模拟")
	got := trivue(t, nil, "exam", "import", dir, "--data", data)
	require.Zero(t, got.code, got.stderr)
	assert.Contains(t, got.stdout, "rehearsal  第二次模拟 (changed: title)")
	assert.Contains(t, got.stdout, "always open")
	assert.Contains(t, got.stdout, "1 removed (20260003), 2 unchanged")
	assert.Contains(t, got.stderr, filepath.Join(dir, "photos/20260003.png")+": warning: nothing refers to this file")
	after := objectsOf(t, data)
	assert.Len(t, after, 3)
	assert.NotContains(t, after, before[2].Photo)
	assert.Contains(t, after, before[1].Photo)
}

func TestWrongFolderIsToldLineByLine(t *testing.T) {
	data, db := served(t)
	dir := filepath.Join(t.TempDir(), "exam")
	require.Zero(t, trivue(t, nil, "exam", "template", dir).code)
	change(t, filepath.Join(dir, "exam.yaml"), "answer: 180", "answer: lange")
	change(t, filepath.Join(dir, "candidates.csv"), "20260002", "20260001")
	got := trivue(t, nil, "exam", "import", dir, "--data", data)
	assert.Equal(t, 1, got.code)
	assert.Empty(t, got.stdout)
	for _, said := range []string{
		filepath.Join(dir, "exam.yaml") + ":40:13: answer is \"lange\"",
		filepath.Join(dir, "exam.yaml") + ":43:13: answer is \"lange\"",
		filepath.Join(dir, "candidates.csv") + ":3:1: ticket 20260001 is here a second time, first in line 2",
		"nothing was imported",
	} {
		assert.Contains(t, got.stderr, said)
	}
	exams, err := db.Exams(t.Context())
	require.NoError(t, err)
	assert.Empty(t, exams)
	assert.NoDirExists(t, filepath.Join(data, "objects"))
}

// What the database refuses leaves neither rows nor objects.
func TestRefusedImportLeavesNothing(t *testing.T) {
	data, db := served(t)
	dir := filepath.Join(t.TempDir(), "exam")
	require.Zero(t, trivue(t, nil, "exam", "template", dir).code)
	text, err := os.ReadFile(filepath.Join(dir, "exam.yaml"))
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(text), "starts: ")
	change(t, filepath.Join(dir, "exam.yaml"), "starts: "+rest[:len("2026-12-01T09:00:00+08:00")], "starts: 2020-12-01T09:00:00+08:00")
	require.Zero(t, trivue(t, nil, "exam", "import", dir, "--data", data).code)
	before := objectsOf(t, data)

	change(t, filepath.Join(dir, "exam.yaml"), "最大困难", "最大惊喜")
	change(t, filepath.Join(dir, "attachments/notice.md"), "面试前", "之前")
	for _, flags := range [][]string{{"--dry-run"}, {}} {
		got := trivue(t, nil, append([]string{"exam", "import", dir, "--data", data}, flags...)...)
		assert.Equal(t, 1, got.code)
		assert.Contains(t, got.stderr, "its questions cannot change any more")
		assert.NotContains(t, got.stderr, "惊喜")
	}
	assert.Equal(t, before, objectsOf(t, data))
	questions, err := db.Questions(t.Context(), "sample-exam", []string{"q1"})
	require.NoError(t, err)
	assert.Contains(t, questions[0].Text, "最大困难")
}

func TestImportNamesWhatIsMissing(t *testing.T) {
	dir := t.TempDir()
	assert.Equal(t, 2, trivue(t, nil, "exam", "import", filepath.Join(dir, "none")).code)
	assert.Equal(t, 2, trivue(t, nil, "exam").code)
	got := trivue(t, nil, "exam", "import", dir, "--data", dir)
	assert.Equal(t, 1, got.code)
	assert.Contains(t, got.stderr, "exam.yaml: the file is missing")
	assert.Contains(t, got.stderr, "candidates.csv: the file is missing")
	sample := filepath.Join(dir, "sample")
	require.Zero(t, trivue(t, nil, "exam", "template", sample).code)
	got = trivue(t, nil, "exam", "import", sample, "--data", dir)
	assert.Equal(t, 1, got.code)
	assert.Contains(t, got.stderr, "--data")
	assert.NoFileExists(t, filepath.Join(dir, "trivue.db"), "no database is made where no server is")
}

func TestSampleRehearsalIsImportedOnce(t *testing.T) {
	data, db := served(t)
	objects, err := openArchive(t.Context(), data, s3Flags{})
	require.NoError(t, err)
	s := &system{store: db, objects: objects}
	for range 2 {
		require.NoError(t, s.seedRehearsal(t.Context(), examfile.SampleExam{Rehearsal: true}))
	}
	ticket, tail := examfile.SampleTicket()
	c, err := db.Candidate(t.Context(), "rehearsal", ticket)
	require.NoError(t, err)
	assert.Equal(t, tail, c.IDTail)
	assert.Contains(t, objectsOf(t, data), c.Photo)
}
