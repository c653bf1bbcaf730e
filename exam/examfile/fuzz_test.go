package examfile_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam/examfile"
)

// check says what holds for every folder, whatever is in it.
func check(t *testing.T, files map[string]string) {
	fsys := folder(t, files)
	got, problems := examfile.Read(fsys, now)
	for _, p := range problems {
		require.NotEmpty(t, p.Text)
		require.True(t, utf8.ValidString(p.String()), "%q", p.String())
		if content, ok := files[p.File]; ok {
			// YAML knows more line ends than LF.
			lines := 1
			for _, end := range []string{"\n", "\r", "\u0085", "\u2028", "\u2029"} {
				lines += strings.Count(content, end)
			}
			if utf8.ValidString(content) {
				require.LessOrEqual(t, p.Line, lines+1, "%v", p)
			}
		}
	}
	if problems.Errors() > 0 {
		return
	}
	// What has no error can be stored and shown.
	require.NoError(t, got.Exam.Policy.Validate())
	require.NotEmpty(t, got.Exam.ID)
	require.NotEmpty(t, got.Exam.Title)
	require.True(t, got.Exam.Rehearsal || !got.Exam.StartsAt.IsZero())
	require.NotEmpty(t, got.Questions)
	for _, q := range got.Questions {
		require.NotEmpty(t, q.Text)
		require.True(t, utf8.ValidString(q.Text) && !strings.ContainsRune(q.Text, 0))
		require.Positive(t, q.Answer)
		require.GreaterOrEqual(t, q.Prepare.Seconds(), 0.0)
	}
	tickets := map[string]bool{}
	for _, c := range got.Candidates {
		require.False(t, tickets[c.Ticket])
		tickets[c.Ticket] = true
		require.NotEmpty(t, c.Name)
		require.Regexp(t, `^[0-9]{3,5}[0-9X]$`, c.IDTail)
		require.True(t, utf8.ValidString(c.Ticket+c.Name) && !strings.ContainsRune(c.Ticket+c.Name, 0))
	}
	for _, f := range got.Files {
		require.Contains(t, fsys, f.Path)
	}
}

func FuzzExam(f *testing.F) {
	f.Add([]byte(plainExam))
	f.Add([]byte(plainExam + "policy: {skip: [phone], windows: {login: 30m, entry: 900}, loginTries: 3}\nattachments: [{file: photos/001.jpg, title: a}]\npledge: {text: |-\n}\n"))
	f.Add([]byte("title: &a [*a]\nid: {? x : y}\nquestions: *a\n"))
	f.Add([]byte("--- !!binary a\n...\n%YAML 1.1\n---\n<<: {title: b}\n"))
	f.Fuzz(func(t *testing.T, data []byte) { check(t, map[string]string{"exam.yaml": string(data)}) })
}

func FuzzCandidates(f *testing.F) {
	f.Add([]byte("ticket,name,id_tail,photo\n001,王小明,12345X,photos/001.jpg\n"))
	f.Add([]byte("\ufeffticket;name;id_tail\r\n001;\"a\"\"\r\nb\";1234\r\n;;\r\n"))
	f.Add([]byte("ticket,name,id_tail\n1,\xcd\xf5\xd0\xa1\xc3\xf7,123456\n"))
	f.Add([]byte("\xff\xfet\x00i\x00c\x00k\x00e\x00t\x00\n\x00"))
	f.Add([]byte("ticket,name,id_tail,photo\n\"1\",a\"b,1234,../x\n2,\"c"))
	f.Fuzz(func(t *testing.T, data []byte) { check(t, map[string]string{"candidates.csv": string(data)}) })
}
