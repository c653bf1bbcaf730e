// Package examfile reads the folder that an exam is imported from: exam.yaml, candidates.csv, and the photos and documents that
// they name. It finds everything that is wrong at once and says where and what to do, for people who write such files by hand and
// with spreadsheet programs. docs/interview.md describes the folder.
package examfile

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/trivue/trivue/exam"
)

// Names of the two files that a folder must have.
const (
	ExamFile       = "exam.yaml"
	CandidatesFile = "candidates.csv"
)

// Content is what a folder says.
type Content struct {
	Exam        exam.Exam // without CreatedAt
	Candidates  []exam.Candidate
	Questions   []exam.Question
	Attachments []exam.Attachment
	// Files are the photos and documents that Candidates and Attachments refer to, each content once.
	Files []File
}

// File is a file of the folder that belongs in the archive.
type File struct {
	Path   string // in the folder
	Key    string // in the archive: exams/<exam>/photos/<sha256> or exams/<exam>/attachments/<sha256>
	Size   int64  // bytes
	SHA256 string // lower-case hexadecimal
}

// Read reads a folder. Nothing outside of fsys is looked at; os.Root.FS also keeps symbolic links inside. Where the problems have an
// error, the content is not complete and must not be used. Now is what a start is compared with.
func Read(fsys fs.FS, now time.Time) (Content, Problems) {
	r := &reader{fsys: fsys, now: now, used: map[string]bool{}, keys: map[string]bool{}}
	// Photos and documents belong below the exam's identifier, so it comes first.
	r.readExam()
	r.readCandidates()
	r.unused("photos", "attachments")
	r.problems.sort()
	return r.content, r.problems
}

type reader struct {
	fsys     fs.FS
	now      time.Time
	content  Content
	problems Problems
	used     map[string]bool // paths that something refers to
	keys     map[string]bool // of content.Files
}

// archive notes a file's content for the archive and gives its key.
func (r *reader) archive(name, folder string, data []byte) (key, sum string) {
	hash := sha256.Sum256(data)
	sum = hex.EncodeToString(hash[:])
	key = "exams/" + r.content.Exam.ID + "/" + folder + "/" + sum
	if !r.keys[key] {
		r.keys[key] = true
		r.content.Files = append(r.content.Files, File{Path: name, Key: key, Size: int64(len(data)), SHA256: sum})
	}
	return key, sum
}

// unused warns of files that lie where others are referred to: mostly a name that was mistyped.
func (r *reader) unused(folders ...string) {
	for _, folder := range folders {
		// A folder that is not there, or cannot be listed, has no file that could have been forgotten.
		_ = fs.WalkDir(r.fsys, folder, func(name string, entry fs.DirEntry, err error) error {
			if err != nil {
				return fs.SkipDir
			}
			if base := path.Base(name); entry.IsDir() || r.used[name] || strings.HasPrefix(base, ".") || base == "Thumbs.db" || base == "desktop.ini" {
				return nil
			}
			r.warn(place{file: name}, "nothing refers to this file; it is not imported")
			return nil
		})
	}
}
