package examfile_test

import (
	"bytes"
	"image"
	"image/jpeg"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/exam/examfile"
)

var now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

const plainExam = `title: 复试
id: exam-1
starts: 2026-12-01T09:00:00+08:00
questions:
  - text: 第一题
    prepare: 1m30s
    answer: 180
`

func jpg(t testing.TB, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, width, height)), nil))
	return b.Bytes()
}

var photo = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 200, 280)), nil); err != nil {
		panic(err)
	}
	return b.Bytes()
})

// folder is a good folder with some files in the place of others.
func folder(t testing.TB, files map[string]string) fstest.MapFS {
	t.Helper()
	fsys := fstest.MapFS{
		"exam.yaml":      {Data: []byte(plainExam)},
		"candidates.csv": {Data: []byte("ticket,name,id_tail,photo\n001,王小明,12345x,photos/001.jpg\n")},
		"photos/001.jpg": {Data: photo()},
	}
	for name, content := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return fsys
}

func said(p examfile.Problems) (all []string) {
	for _, one := range p {
		all = append(all, one.String())
	}
	return all
}

func TestFolderIsRead(t *testing.T) {
	exams := plainExam + `  - {text: "第二题\n\n**加粗**", answer: 2m}
policy:
  skip: [phone, devices]
  windows: {login: 45m, entry: 1200}
  face: blurred
  loginTries: 5
  timing: paper
  support: 010-12345678
  phone: {pan: 270, end: hand}
attachments:
  - file: attachments/须知.md
  - {file: 'attachments\图.png', title: 考场平面图}
pledge:
  text: |
    我承诺
    诚实
`
	var plan bytes.Buffer
	require.NoError(t, png.Encode(&plan, image.NewGray(image.Rect(0, 0, 9, 9))))
	got, problems := examfile.Read(folder(t, map[string]string{"exam.yaml": exams, "attachments/须知.md": "# 须知\n", "attachments/图.png": plan.String()}), now)
	require.Empty(t, said(problems))

	assert.Equal(t, "复试", got.Exam.Title)
	assert.Equal(t, "exam-1", got.Exam.ID)
	assert.True(t, got.Exam.StartsAt.Equal(time.Date(2026, 12, 1, 1, 0, 0, 0, time.UTC)))
	assert.Equal(t, exam.Policy{Skip: []exam.Step{exam.BindPhone, exam.Devices}, Windows: exam.Windows{Login: 45 * time.Minute, Entry: 20 * time.Minute, Upload: time.Hour},
		Face: exam.FaceBlurred, LoginTries: 5, Timing: exam.ByPaper, Support: "010-12345678", Phone: exam.PhonePolicy{Pan: 270, End: exam.EndByHand}}, got.Exam.Policy)
	// SHA-256 by another program.
	assert.Equal(t, exam.Pledge{Text: "我承诺\n诚实", SHA256: "28a689cde2e385412344026db93250fe222c02be0075c4603660c48275e94b6f"}, got.Exam.Pledge)
	assert.Equal(t, []exam.Question{{ID: "q1", Text: "第一题", Prepare: 90 * time.Second, Answer: 3 * time.Minute}, {ID: "q2", Text: "第二题\n\n**加粗**", Answer: 2 * time.Minute}}, got.Questions)

	require.Len(t, got.Files, 3)
	notice, plot, photo := got.Files[0], got.Files[1], got.Files[2]
	assert.Equal(t, "attachments/须知.md", notice.Path)
	assert.Equal(t, []exam.Attachment{
		{ID: notice.SHA256[:16], Title: "须知", MIME: "text/markdown", Size: 9, SHA256: notice.SHA256, Key: "exams/exam-1/attachments/" + notice.SHA256},
		{ID: plot.SHA256[:16], Title: "考场平面图", MIME: "image/png", Size: int64(plan.Len()), SHA256: plot.SHA256, Key: plot.Key},
	}, got.Attachments)
	assert.Equal(t, "exams/exam-1/photos/"+photo.SHA256, photo.Key)
	assert.Equal(t, []exam.Candidate{{ExamID: "exam-1", Ticket: "001", Name: "王小明", IDTail: "12345X", Photo: photo.Key}}, got.Candidates)
}

func TestRehearsalNeedsNoStart(t *testing.T) {
	text := strings.Replace(plainExam, "starts: 2026-12-01T09:00:00+08:00", "rehearsal: true", 1)
	got, problems := examfile.Read(folder(t, map[string]string{"exam.yaml": text}), now)
	require.Empty(t, said(problems))
	assert.True(t, got.Exam.Rehearsal)
	assert.Zero(t, got.Exam.StartsAt)
}

// What spreadsheet programs write, in China and elsewhere.
func TestCandidatesAsSpreadsheetsWriteThem(t *testing.T) {
	plain := "ticket,name,id_tail,photo\r\n001,王小明,123456,\r\n002,\"欧阳, 雪\",0000,\r\n,,,\r\n"
	encode := func(f func(string) (string, error), s string) string {
		out, err := f(s)
		require.NoError(t, err)
		return out
	}
	gbk := simplifiedchinese.GBK.NewEncoder().String
	utf16 := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String
	for name, test := range map[string]struct {
		file    string
		guessed bool
	}{
		"UTF-8":                {plain, false},
		"UTF-8 with BOM":       {"\ufeff" + plain, false},
		"GBK":                  {encode(gbk, plain), true},
		"UTF-16 with tabs":     {encode(utf16, "ticket\tname\tid_tail\tphoto\r\n001\t王小明\t123456\t\r\n002\t\"欧阳, 雪\"\t0000\t\r\n"), false},
		"semicolons":           {"ticket;name;id_tail\n001;王小明;123456\n002;欧阳, 雪;0000\n", false},
		"columns in any order": {"NAME,Ticket,id_tail,\n王小明,001,123456,\n\"欧阳, 雪\",002,0000\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			fsys := folder(t, map[string]string{"candidates.csv": test.file})
			delete(fsys, "photos/001.jpg")
			got, problems := examfile.Read(fsys, now)
			require.Zero(t, problems.Errors(), said(problems))
			assert.Equal(t, []exam.Candidate{{ExamID: "exam-1", Ticket: "001", Name: "王小明", IDTail: "123456"}, {ExamID: "exam-1", Ticket: "002", Name: "欧阳, 雪", IDTail: "0000"}},
				got.Candidates)
			want := []string{"candidates.csv:2: warning: candidates without a photo: 2 (line 2, 3); support cannot compare their faces with one"}
			if test.guessed {
				want = append([]string{"candidates.csv: warning: it is not in UTF-8 and was read as GBK: check that Chinese characters are right, or save it in UTF-8"}, want...)
			}
			assert.Equal(t, want, said(problems))
		})
	}
}

func TestSampleIsImportedWithoutProblems(t *testing.T) {
	for _, sample := range []examfile.SampleExam{{Rehearsal: true}, {Starts: now.Add(24 * time.Hour)}} {
		dir := filepath.Join(t.TempDir(), "new", "folder")
		require.NoError(t, examfile.Sample(dir, sample))
		got, problems := examfile.Read(os.DirFS(dir), now)
		require.Empty(t, said(problems))
		assert.Equal(t, sample.ID(), got.Exam.ID)
		assert.Equal(t, sample.Title(), got.Exam.Title)
		assert.Equal(t, sample.Rehearsal, got.Exam.Rehearsal)
		assert.True(t, sample.Starts.Equal(got.Exam.StartsAt))
		assert.Equal(t, sample.Rehearsal, got.Exam.Policy.Skips(exam.BindPhone))
		assert.Len(t, got.Candidates, 3)
		assert.Len(t, got.Questions, 2)
		assert.Len(t, got.Attachments, 1)
		assert.NotEmpty(t, got.Exam.Pledge.Text)
		ticket, tail := examfile.SampleTicket()
		assert.Equal(t, ticket, got.Candidates[0].Ticket)
		assert.Equal(t, tail, got.Candidates[0].IDTail)
		require.ErrorIs(t, examfile.Sample(dir, sample), examfile.ErrNotEmpty, "nothing is overwritten")
	}
}

// A folder from a stranger shows no file of the machine that it does not contain.
func TestLinksDoNotLeadOut(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(outside, "secret.md"), []byte("geheim"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "inside.md"), []byte("须知"), 0o600))
	require.NoError(t, os.Symlink(filepath.Join(outside, "secret.md"), filepath.Join(dir, "out.md")))
	require.NoError(t, os.Symlink(outside, filepath.Join(dir, "folder")))
	require.NoError(t, os.Symlink("inside.md", filepath.Join(dir, "link.md")))
	require.NoError(t, unix.Mkfifo(filepath.Join(dir, "pipe.md"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "candidates.csv"), []byte("ticket,name,id_tail\n"), 0o600))
	text := plainExam + "attachments:\n  - file: link.md\n  - file: out.md\n  - file: folder/secret.md\n  - file: pipe.md\n"
	require.NoError(t, os.WriteFile(filepath.Join(dir, "exam.yaml"), []byte(text), 0o600))
	root, err := os.OpenRoot(dir)
	require.NoError(t, err)
	defer root.Close()
	got, problems := examfile.Read(root.FS(), now)
	require.Len(t, got.Attachments, 1, "a link inside is fine")
	assert.Equal(t, "link", got.Attachments[0].Title)
	require.Equal(t, 3, problems.Errors(), said(problems))
	for n, want := range []string{"exam.yaml:10:11: out.md cannot be read (path escapes from parent)", "exam.yaml:11:11: folder/secret.md cannot be read", "exam.yaml:12:11: pipe.md is not a file"} {
		assert.True(t, strings.HasPrefix(problems[n].String(), want), problems[n].String())
	}
}

func TestUnreadableFileIsSaid(t *testing.T) {
	fsys := folder(t, nil)
	delete(fsys, "exam.yaml")
	_, problems := examfile.Read(deniedFS{fsys}, now)
	assert.Equal(t, []string{
		"exam.yaml: the file is missing: copy it into the folder, or correct the name",
		"candidates.csv:2:16: photos/001.jpg may not be read: change its permissions"}, said(problems))
}

// deniedFS lets nobody read photos.
type deniedFS struct{ fs.FS }

func (d deniedFS) Open(name string) (fs.File, error) {
	if strings.HasPrefix(name, "photos/") {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
	}
	return d.FS.Open(name)
}
