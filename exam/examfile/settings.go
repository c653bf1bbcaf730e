package examfile

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"regexp"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/trivue/trivue/exam"
)

// Limits of exam.yaml, in bytes and questions.
const (
	maxExamFile  = 4 << 20
	maxTitle     = 300
	maxText      = 64 << 10
	maxQuestions = 100
)

// The identifier is part of archive keys, which have lower case only.
var identifier = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

func (r *reader) readExam() {
	r.content.Exam.Policy = exam.DefaultPolicy()
	data, ok := r.readOwn(ExamFile, maxExamFile)
	if !ok {
		return
	}
	root, ok := r.parse(data)
	if !ok {
		return
	}
	fields := r.mapping(root, ExamFile, "title", "id", "starts", "rehearsal", "policy", "questions", "attachments", "pledge")
	for _, name := range []string{"title", "id", "questions"} {
		if _, ok := fields[name]; !ok && root.Kind == yaml.MappingNode {
			r.fail(place{file: ExamFile}, "%s is missing: add a line “%s: …”", name, name)
		}
	}
	if f, ok := fields["id"]; ok {
		r.readID(f)
	}
	if f, ok := fields["title"]; ok {
		r.content.Exam.Title, _ = r.scalar(f.value, "title", false, maxTitle)
	}
	if f, ok := fields["rehearsal"]; ok {
		switch value, ok := r.scalar(f.value, "rehearsal", false, 10); {
		case ok && value != "true" && value != "false":
			r.fail(at(f.value), "rehearsal is %q: write true or false", value)
		case ok:
			r.content.Exam.Rehearsal = value == "true"
		}
	}
	r.readStarts(fields["starts"], root)
	if f, ok := fields["policy"]; ok {
		r.readPolicy(f)
	}
	r.readQuestions(fields["questions"])
	r.readAttachments(fields["attachments"])
	if f, ok := fields["pledge"]; ok {
		r.readPledge(f)
	}
}

func (r *reader) readID(f field) {
	id, ok := r.scalar(f.value, "id", false, 1000)
	if ok && (len(id) > 64 || !identifier.MatchString(id)) {
		r.fail(at(f.value), "id is %q: write lower-case letters and digits, with hyphens between them where wanted, 64 at most, such as exam-2026", id)
		return
	}
	r.content.Exam.ID = id
}

func (r *reader) readStarts(f field, root *yaml.Node) {
	if f.key == nil {
		if !r.content.Exam.Rehearsal && root.Kind == yaml.MappingNode {
			r.fail(place{file: ExamFile}, "starts is missing: add a line “starts: 2026-12-01T09:00:00+08:00”, or “rehearsal: true” for one that is always open")
		}
		return
	}
	value, ok := r.scalar(f.value, "starts", false, 100)
	if !ok {
		return
	}
	starts, err := time.Parse(time.RFC3339, value)
	if err != nil {
		for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", "2006/1/2 15:04", "2006/1/2 15:04:05"} {
			if local, err := time.Parse(layout, value); err == nil {
				r.fail(at(f.value), "starts has no time zone: write %s+08:00 if it is Beijing time", local.Format("2006-01-02T15:04:05"))
				return
			}
		}
		r.fail(at(f.value), "starts is %q: write date, time and time zone as in 2026-12-01T09:00:00+08:00", value)
		return
	}
	switch {
	case r.content.Exam.Rehearsal:
		r.warn(at(f.value), "a rehearsal is always open: its start is not used")
		return
	case starts.Year() < 2000 || starts.Year() > 2200:
		r.fail(at(f.value), "starts is in the year %d: correct it", starts.Year())
	case !starts.After(r.now):
		r.warn(at(f.value), "the start is over: nobody can enter any more")
	}
	r.content.Exam.StartsAt = starts
}

func (r *reader) readQuestions(f field) {
	if f.key == nil {
		return
	}
	nodes := r.sequence(f)
	if len(nodes) == 0 && (f.value.Kind == yaml.SequenceNode || f.value.Tag == "!!null") {
		r.fail(at(f.key), "there are no questions: add at least one")
	}
	if len(nodes) > maxQuestions {
		r.fail(at(f.key), "there are %d questions: %d at most", len(nodes), maxQuestions)
		return
	}
	var total time.Duration
	for n, node := range nodes {
		name := fmt.Sprintf("question %d", n+1)
		q := exam.Question{ID: fmt.Sprintf("q%d", n+1)}
		fields := r.mapping(node, name, "text", "prepare", "answer")
		for _, key := range []string{"text", "answer"} {
			if _, ok := fields[key]; !ok && node.Kind == yaml.MappingNode {
				r.fail(at(node), "%s has no %s: add it", name, key)
			}
		}
		if f, ok := fields["text"]; ok {
			q.Text, _ = r.scalar(f.value, "text", true, maxText)
		}
		if f, ok := fields["prepare"]; ok {
			q.Prepare, _ = r.duration(f)
		}
		if f, ok := fields["answer"]; ok {
			if q.Answer, ok = r.duration(f); ok && q.Answer == 0 {
				r.fail(at(f.value), "answer is 0: nobody can answer in no time")
			}
		}
		total += q.Prepare + q.Answer
		r.content.Questions = append(r.content.Questions, q)
	}
	if total > longestTime {
		r.fail(at(f.key), "the questions take %v together: 24h at most", total)
	}
}

func (r *reader) readAttachments(f field) {
	if f.key == nil {
		return
	}
	lines := map[string]int{} // by identifier
	for n, node := range r.sequence(f) {
		name := fmt.Sprintf("attachment %d", n+1)
		fields := r.mapping(node, name, "file", "title")
		file, ok := fields["file"]
		if !ok {
			if node.Kind == yaml.MappingNode {
				r.fail(at(node), "%s has no file: add “file: attachments/…”", name)
			}
			continue
		}
		var a exam.Attachment
		if title, ok := fields["title"]; ok {
			a.Title, _ = r.scalar(title.value, "title", false, maxTitle)
		}
		given, ok := r.scalar(file.value, "file", false, 1000)
		if !ok {
			continue
		}
		clean, data, ok := r.open(at(file.value), given, maxAttachment)
		if !ok {
			continue
		}
		var err error
		if a.MIME, err = document(clean, data); err != nil {
			r.fail(at(file.value), "%s %v", clean, err)
			continue
		}
		if a.Title == "" {
			a.Title = strings.TrimSuffix(path.Base(clean), path.Ext(clean))
		}
		a.Size = int64(len(data))
		a.Key, a.SHA256 = r.archive(clean, "attachments", data)
		// Not its place in the list: what was acknowledged is this document and no other.
		a.ID = a.SHA256[:16]
		if line, twice := lines[a.ID]; twice {
			r.fail(at(file.value), "%s is the same document as in line %d: remove one", clean, line)
			continue
		}
		lines[a.ID] = file.value.Line
		r.content.Attachments = append(r.content.Attachments, a)
	}
	if len(lines) > 0 && r.content.Exam.Policy.Skips(exam.Attachments) {
		r.warn(at(f.key), "the policy skips attachments: candidates do not see these")
	}
}

func (r *reader) readPledge(f field) {
	fields := r.mapping(f.value, "pledge", "file", "text")
	file, inFile := fields["file"]
	written, inPlace := fields["text"]
	var text string
	var ok bool
	switch {
	case inFile && inPlace:
		r.fail(at(f.key), "pledge has both file and text: keep one")
		return
	case inPlace:
		text, ok = r.scalar(written.value, "text", true, maxText)
	case inFile:
		text, ok = r.pledgeFile(file)
	case f.value.Kind == yaml.MappingNode && len(f.value.Content) == 0:
		r.fail(at(f.key), "pledge has neither file nor text: add one, or remove it")
	}
	if !ok {
		return
	}
	sum := sha256.Sum256([]byte(text))
	r.content.Exam.Pledge = exam.Pledge{Text: text, SHA256: hex.EncodeToString(sum[:])}
	if r.content.Exam.Policy.Skips(exam.SignPledge) {
		r.warn(at(f.key), "the policy skips the pledge: candidates do not see this one")
	}
}

func (r *reader) pledgeFile(f field) (string, bool) {
	given, ok := r.scalar(f.value, "file", false, 1000)
	if !ok {
		return "", false
	}
	clean, data, ok := r.open(at(f.value), given, maxText)
	if !ok {
		return "", false
	}
	if data, ok = r.readText(clean, data); !ok {
		return "", false
	}
	text := strings.TrimSpace(strings.ReplaceAll(string(data), "\r\n", "\n"))
	c, bad := unprintable(text, true)
	switch {
	case text == "":
		r.fail(at(f.value), "%s is empty: write the pledge into it", clean)
	case bad:
		r.fail(at(f.value), "%s contains the character %U, which nothing can show: save it as plain text", clean, c)
	default:
		return text, true
	}
	return "", false
}
