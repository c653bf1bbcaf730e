package examfile_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/trivue/trivue/exam/examfile"
)

// with gives the plain exam with one line in another's place.
func with(old, replacement string) string { return strings.Replace(plainExam, old, replacement, 1) }

// Each broken folder, with all that is said of it.
func TestBrokenFolders(t *testing.T) {
	candidates := func(lines string) map[string]string {
		return map[string]string{"candidates.csv": "ticket,name,id_tail,photo\n" + lines}
	}
	settings := func(text string) map[string]string { return map[string]string{"exam.yaml": text} }
	for _, test := range []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"everything at once", map[string]string{
			"exam.yaml":      "titel: 复试\nid: Exam 1\nstarts: 2026-12-01T09:00:00\nquestions:\n  - text: ''\n    answer: 0\n",
			"candidates.csv": "ticket,name,id_tail,photo\n001,王小明,12,photos/001.jpg\n001,李四,1234,photos/none.jpg\n",
		}, []string{
			`exam.yaml: title is missing: add a line “title: …”`,
			`exam.yaml:1:1: there is no "titel" in exam.yaml: it may have title, id, starts, rehearsal, policy, questions, attachments, pledge`,
			`exam.yaml:2:5: id is "Exam 1": write lower-case letters and digits, with hyphens between them where wanted, 64 at most, such as exam-2026`,
			`exam.yaml:3:9: starts has no time zone: write 2026-12-01T09:00:00+08:00 if it is Beijing time`,
			`exam.yaml:5:11: text is empty: write a value behind the colon, or remove the line`,
			`exam.yaml:6:13: answer is 0: nobody can answer in no time`,
			`candidates.csv:2:9: id_tail "12" is too short: write the last 4 to 6 characters of the identity number. Excel removes zeros in front: format the column as text`,
			`candidates.csv:3:1: ticket 001 is here a second time, first in line 2: each candidate needs one of their own`,
			`candidates.csv:3:13: photos/none.jpg is missing: copy it into the folder, or correct the name`,
		}},
		{"empty exam.yaml", settings("# nothing\n"), []string{"exam.yaml: exam.yaml is empty: start from what trivue exam template writes"}},
		{"not YAML", settings("title: a\n id: b\n  x"), []string{"exam.yaml:2: this is not YAML (mapping values are not allowed in this context): look for a missing colon, quote or space here or in the line before"}},
		{"two documents", settings(plainExam + "---\ntitle: b\n"), []string{"exam.yaml:8:1: a second document begins here: put everything into one, without ---"}},
		{"not a mapping", settings("- a\n"), []string{"exam.yaml:1:1: exam.yaml must be made of lines such as “title: …”"}},
		{"keys twice", settings(plainExam + "title: again\n"), []string{"exam.yaml:8:1: title is here a second time, first in line 1: remove one"}},
		{"alias", settings(with("title: 复试", "title: &a 复试") + "pledge: {text: *a}\n"), []string{"exam.yaml:8:16: text must be a single value here; put a text with special characters into quotes"}},
		{"unprintable", settings(with("title: 复试", `title: "a\0b"`)), []string{"exam.yaml:1:8: title contains the character U+0000, which nothing can show: remove it"}},
		{"start in the past", settings(with("2026-12-01", "2025-12-01")), []string{"exam.yaml:3:9: warning: the start is over: nobody can enter any more"}},
		{"start as a word", settings(with("2026-12-01T09:00:00+08:00", "明天九点")), []string{`exam.yaml:3:9: starts is "明天九点": write date, time and time zone as in 2026-12-01T09:00:00+08:00`}},
		{"start as people write it", settings(with("2026-12-01T09:00:00+08:00", "2026/12/1 9:00")), []string{"exam.yaml:3:9: starts has no time zone: write 2026-12-01T09:00:00+08:00 if it is Beijing time"}},
		{"no start", settings(with("starts: 2026-12-01T09:00:00+08:00\n", "")), []string{"exam.yaml: starts is missing: add a line “starts: 2026-12-01T09:00:00+08:00”, or “rehearsal: true” for one that is always open"}},
		{"rehearsal with a start", settings(plainExam + "rehearsal: true\n"), []string{"exam.yaml:3:9: warning: a rehearsal is always open: its start is not used"}},
		{"rehearsal as a word", settings(plainExam + "rehearsal: 是\n"), []string{`exam.yaml:8:12: rehearsal is "是": write true or false`}},
		{"no questions", settings(with(plainExam[strings.Index(plainExam, "questions"):], "questions: []\n")), []string{"exam.yaml:4:1: there are no questions: add at least one"}},
		{"questions that are no list", settings(with(plainExam[strings.Index(plainExam, "questions"):], "questions: 三道题\n")), []string{"exam.yaml:4:12: questions must be a list: begin each item with “- ” on a line of its own"}},
		{"times of questions", settings(with("answer: 180", "answer: 3分钟") + "  - {text: a, answer: 25h, prepare: -5}\n  - {text: b, answer: 1.5s}\n  - {prepare: 5, answers: 5}\n  - nur Text\n"), []string{
			`exam.yaml:7:13: answer is "3分钟": write whole seconds, or a time such as 90s, 30m or 1h30m`,
			"exam.yaml:8:23: answer is 25h: it must be from 0 to 24h",
			"exam.yaml:8:37: prepare is -5: it must be from 0 to 24h",
			"exam.yaml:9:23: answer is 1.5s: write whole seconds",
			"exam.yaml:10:5: question 4 has no answer: add it",
			"exam.yaml:10:5: question 4 has no text: add it",
			`exam.yaml:10:18: there is no "answers" in question 4: it may have text, prepare, answer`,
			"exam.yaml:11:5: question 5 must be made of lines such as “text: …”",
		}},
		{"longer than a day", settings(with("answer: 180", "answer: 24h")), []string{"exam.yaml:4:1: the questions take 24h1m30s together: 24h at most"}},
		{"policy", settings(plainExam + "policy:\n  skip: [phone, entry, phone]\n  windows: {login: 0, entry: 15m, uplaod: 1}\n  face: hidden\n  loginTries: viele\n  timing: 5\n"), []string{
			`exam.yaml:9:17: step "entry" cannot be left out: only devices, phone, attachments and pledge can`,
			"exam.yaml:9:24: phone is left out twice: remove one",
			"exam.yaml:10:3: entering opens 15m0s before the start, earlier than signing in (0s)",
			"exam.yaml:10:3: the window for login is 0s: it must be more than nothing and at most a day",
			`exam.yaml:10:35: there is no "uplaod" in windows: it may have login, entry, upload`,
			`exam.yaml:11:9: face is "hidden": it must be shown or blurred`,
			`exam.yaml:12:15: loginTries is "viele": write a whole number`,
			`exam.yaml:13:11: timing is "5": it must be question or paper`,
		}},
		{"the phone's policy", settings(plainExam + "policy:\n  phone: {pan: 400, end: never, side: left}\n"), []string{
			`exam.yaml:9:16: pan of the phone is 400: it must be from 0 (none) to 360 degrees`,
			`exam.yaml:9:26: end of the phone is "never": it must be attempt or hand`,
			`exam.yaml:9:33: there is no "side" in phone: it may have pan, end`,
		}},
		{"a pan that is no number", settings(plainExam + "policy:\n  phone: {pan: once}\n"), []string{`exam.yaml:9:16: pan is "once": write whole degrees, such as 330, or 0 for none`}},
		{"attachments", map[string]string{
			"exam.yaml":           plainExam + "attachments:\n  - file: attachments/a.docx\n  - file: ../a.pdf\n  - {title: 须知}\n  - file: attachments/leer.md\n  - file: attachments/gbk.txt\n  - file: attachments/A.pdf\n  - file: attachments/a.pdf\n  - file: attachments/b.pdf\n  - file: attachments\n  - file: attachments/c.png\n  - file: /etc/passwd\n",
			"attachments/a.docx":  "PK\x03\x04",
			"attachments/leer.md": " \n",
			"attachments/gbk.txt": "\xcd\xf5",
			"attachments/a.pdf":   "%PDF-1.7 …", "attachments/b.pdf": "%PDF-1.7 …", "attachments/vergessen.pdf": "%PDF", "attachments/.DS_Store": "x",
			"attachments/c.png": "\x89PNG\r\n\x1a\n damaged",
		}, []string{
			"exam.yaml:9:11: attachments/a.docx is not a PDF, JPEG or PNG by its content, nor .md or .txt by its name: save it as PDF",
			`exam.yaml:10:11: "../a.pdf" leads out of the folder, or is none of its files: copy the file into the folder and write its path from there`,
			"exam.yaml:11:5: attachment 3 has no file: add “file: attachments/…”",
			"exam.yaml:12:11: attachments/leer.md is empty: replace it by the document",
			"exam.yaml:13:11: attachments/gbk.txt is not text in UTF-8: save it again with that encoding",
			"exam.yaml:14:11: attachments/A.pdf is missing, but there is attachments/a.pdf: write the name as it is, capitals matter",
			"exam.yaml:16:11: attachments/b.pdf is the same document as in line 15: remove one",
			"exam.yaml:17:11: attachments is not a file",
			"exam.yaml:18:11: attachments/c.png is not a JPEG, PNG or WebP picture, or is damaged: save it again as JPEG",
			`exam.yaml:19:11: "/etc/passwd" leads out of the folder, or is none of its files: copy the file into the folder and write its path from there`,
			"attachments/vergessen.pdf: warning: nothing refers to this file; it is not imported",
		}},
		{"what the policy skips", map[string]string{"exam.yaml": plainExam + "policy: {skip: [attachments, pledge]}\nattachments: [{file: a.md}]\npledge: {text: 我承诺}\n", "a.md": "a"}, []string{
			"exam.yaml:9:1: warning: the policy skips attachments: candidates do not see these",
			"exam.yaml:10:1: warning: the policy skips the pledge: candidates do not see this one",
		}},
		{"pledge twice", settings(plainExam + "pledge: {text: a, file: b}\n"), []string{"exam.yaml:8:1: pledge has both file and text: keep one"}},
		{"pledge without text", settings(plainExam + "pledge: {}\n"), []string{"exam.yaml:8:1: pledge has neither file nor text: add one, or remove it"}},
		{"empty pledge", map[string]string{"exam.yaml": plainExam + "pledge: {file: p.md}\n", "p.md": "\ufeff\r\n"}, []string{"exam.yaml:8:16: p.md is empty: write the pledge into it"}},
		{"pledge that is no text", map[string]string{"exam.yaml": plainExam + "pledge: {file: p.doc}\n", "p.doc": "\xd0\xcf\x11\xe0\x00\x00"}, []string{"p.doc: the file is not a text file in UTF-8 or GBK: save it again in UTF-8 (in Excel: “CSV UTF-8”)"}},
		{"empty candidates.csv", map[string]string{"candidates.csv": ""}, []string{"candidates.csv:1: the file is empty: the first line must be ticket,name,id_tail,photo", "photos/001.jpg: warning: nothing refers to this file; it is not imported"}},
		{"workbook instead of CSV", map[string]string{"candidates.csv": "PK\x03\x04\x00"}, []string{"candidates.csv: the file is not a text file in UTF-8 or GBK: save it again in UTF-8 (in Excel: “CSV UTF-8”)", "photos/001.jpg: warning: nothing refers to this file; it is not imported"}},
		{"a file of something else", map[string]string{"candidates.csv": "ticket,name,id_tail\n" + strings.Repeat(",", 70000)}, []string{
			"candidates.csv:2: the line has 70000 bytes: is this the file that was meant? Write one candidate on each line",
			"photos/001.jpg: warning: nothing refers to this file; it is not imported",
		}},
		{"columns", map[string]string{"candidates.csv": "ticket,姓名,ticket,photo\n"}, []string{
			"candidates.csv:1: column id_tail is missing: the first line must be ticket,name,id_tail,photo",
			"candidates.csv:1: column name is missing: the first line must be ticket,name,id_tail,photo",
			`candidates.csv:1:8: there is no column "姓名": the first line must be ticket,name,id_tail,photo`,
			"candidates.csv:1:11: column ticket is there twice: remove one",
			"photos/001.jpg: warning: nothing refers to this file; it is not imported",
		}},
		{"nobody", candidates(""), []string{"candidates.csv:1: warning: there are no candidates yet", "photos/001.jpg: warning: nothing refers to this file; it is not imported"}},
		{"fields of candidates", candidates("2.026E+11,王小明,1234,photos/001.jpg\n,李四,1234567,photos/001.jpg\n０１,,X123,photos/001.jpg\na1,王五,12X4,photos/001.jpg\nA1,赵六,１２３４,photos/001.jpg,多\n"), []string{
			"candidates.csv:2:1: ticket 2.026E+11 is a number that Excel has shortened, its last digits are lost: format the column as text and enter them again",
			"candidates.csv:3:1: the ticket is empty: write the number that the candidate signs in with",
			`candidates.csv:3:5: id_tail is "1234567": write the last 4 to 6 characters of the identity number, digits with perhaps an X at the end`,
			"candidates.csv:3:13: warning: photos/001.jpg is the same picture as the photo in line 2: check which of the candidates it shows",
			"candidates.csv:4:1: ticket \"０１\" has a space or a full-width character in it: write it as candidates will type it",
			"candidates.csv:4:4: the name is empty: write it, as the candidate has to type it under the pledge",
			`candidates.csv:4:5: id_tail is "X123": write the last 4 to 6 characters of the identity number, digits with perhaps an X at the end`,
			"candidates.csv:4:10: warning: photos/001.jpg is the same picture as the photo in line 3: check which of the candidates it shows",
			`candidates.csv:5:7: id_tail is "12X4": write the last 4 to 6 characters of the identity number, digits with perhaps an X at the end`,
			"candidates.csv:5:12: warning: photos/001.jpg is the same picture as the photo in line 4: check which of the candidates it shows",
			"candidates.csv:6:1: ticket A1 is here a second time, first in line 5: each candidate needs one of their own",
			`candidates.csv:6:7: id_tail is "１２３４": write the last 4 to 6 characters of the identity number, digits with perhaps an X at the end`,
			"candidates.csv:6:12: warning: photos/001.jpg is the same picture as the photo in line 5: check which of the candidates it shows",
			`candidates.csv:6:27: there is no column for "多": put a text with a comma into quotation marks, or remove it`,
		}},
		{"a short line", candidates("001,王小明\n002,李四,1234,photos/001.jpg\n"), []string{
			`candidates.csv:2: id_tail is "": write the last 4 to 6 characters of the identity number, digits with perhaps an X at the end`,
			"candidates.csv:2: warning: candidates without a photo: 1 (line 2); support cannot compare their faces with one",
		}},
		{"quotation marks", candidates("001,王\"小\"明,1234,photos/001.jpg\n002,李四,1234,photos/001.jpg\n003,\"王五,1234,photos/001.jpg\n004,赵六,1234,\n"), []string{
			`candidates.csv:2:6: a quotation mark (") is out of place: put the whole field into quotation marks and write "" for one inside, or remove it`,
			"candidates.csv:5:18: the quotation mark that began in line 4 is not closed: put one behind the field, or remove it",
		}},
		{"photos", func() map[string]string {
			files := candidates("001,王小明,1234,photos/small.jpg\n002,李四,1234,photos/heic.jpg\n003,王五,1234,../003.jpg\n004,赵六,1234,photos/large.jpg\n005,孙七,1234,photos/001.JPG\n006,周八,1234,photos/001.jpg\n007,吴九,1234,photos/wide.png\n")
			files["photos/small.jpg"], files["photos/heic.jpg"], files["photos/large.jpg"] = string(jpg(t, 20, 20)), "\x00\x00\x00\x18ftypheic", strings.Repeat("x", 10<<20+1)
			// The header of a PNG is all that is looked at.
			files["photos/wide.png"] = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\xff\xff\x00\x00\xff\xff\x08\x00\x00\x00\x00\x93\x6e\x86\x8c"
			return files
		}(), []string{
			"candidates.csv:2:14: photos/small.jpg is a jpeg of 20 × 20 pixels, too small to tell a face: take one of at least 80 × 80",
			"candidates.csv:3:13: photos/heic.jpg is not a JPEG, PNG or WebP picture, or is damaged: save it again as JPEG",
			`candidates.csv:4:13: "../003.jpg" leads out of the folder, or is none of its files: copy the file into the folder and write its path from there`,
			"candidates.csv:5:13: photos/large.jpg has more than 10 MB: make it smaller",
			"candidates.csv:6:13: photos/001.JPG is missing, but there is photos/001.jpg: write the name as it is, capitals matter",
			"candidates.csv:8:13: photos/wide.png is a png of 65535 × 65535 pixels: make it smaller",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, problems := examfile.Read(folder(t, test.files), now)
			assert.Equal(t, test.want, said(problems))
			errors := 0
			for _, line := range test.want {
				if !strings.Contains(line, ": warning: ") {
					errors++
				}
			}
			assert.Equal(t, errors, problems.Errors())
		})
	}
}
