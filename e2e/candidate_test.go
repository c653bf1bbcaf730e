package e2e

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/store"
)

// candidateBrowser is a candidate's Chromium under remote control (candidate.mjs), on a profile that outlives it.
type candidateBrowser struct {
	t   *testing.T
	in  io.Writer
	out *bufio.Scanner
}

func newCandidateBrowser(t *testing.T) *candidateBrowser { t.Helper(); return newBrowser(t, "laptop") }

// newPhoneBrowser is a candidate's phone: as large as one, felt by fingers, turned as it is told.
func newPhoneBrowser(t *testing.T) *candidateBrowser { t.Helper(); return newBrowser(t, "phone") }

func newBrowser(t *testing.T, device string) *candidateBrowser {
	t.Helper()
	needsBrowser(t)
	cmd := exec.Command("node", "candidate.mjs", t.TempDir(), speech(t), device)
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	log := &tail{}
	cmd.Stderr = log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	require.NoError(t, cmd.Start())
	b := &candidateBrowser{t: t, in: in, out: bufio.NewScanner(out)}
	b.out.Buffer(nil, 1<<20)
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("the browser's script said:\n%s", log)
		}
	})
	return b
}

// args are what a command of candidate.mjs takes.
type args map[string]any

// ask gives a command and its answer.
func (b *candidateBrowser) ask(command string, with args, into any) {
	b.t.Helper()
	if with == nil {
		with = args{}
	}
	with["do"] = command
	line, err := json.Marshal(with)
	require.NoError(b.t, err)
	_, err = b.in.Write(append(line, '\n'))
	require.NoError(b.t, err)
	require.True(b.t, b.out.Scan(), "the browser's script has ended")
	var answer struct {
		Result json.RawMessage `json:"result"`
		Error  string          `json:"error"`
	}
	require.NoError(b.t, json.Unmarshal(b.out.Bytes(), &answer))
	require.Empty(b.t, answer.Error)
	if into != nil {
		require.NoError(b.t, json.Unmarshal(answer.Result, into))
	}
}

func (b *candidateBrowser) do(command string, with args) { b.t.Helper(); b.ask(command, with, nil) }
func (b *candidateBrowser) press(id string)              { b.t.Helper(); b.do("press", args{"id": id}) }
func (b *candidateBrowser) at(step exam.Step)            { b.t.Helper(); b.do("at", args{"step": step}) }
func (b *candidateBrowser) wait(selector string) {
	b.t.Helper()
	b.do("wait", args{"selector": selector})
}

// journaled is a take on the candidate's disk.
type journaled struct {
	Take, Kind, Began, End, SHA256, Receipt string
	Bytes                                   int64
}

func (b *candidateBrowser) journal() []journaled {
	b.t.Helper()
	var takes []journaled
	b.ask("journal", nil, &takes)
	return takes
}

// interviewExam is an exam of one candidate that starts soon.
const (
	interviewExam   = "interview"
	interviewTicket = "20260018"
	interviewTail   = "123X"
	pledgeText      = "我已阅读考生须知，承诺诚信应试。"
)

// importInterview puts an exam with one candidate into the database of a running server.
func importInterview(t *testing.T, data string, starts time.Time, skip []exam.Step, questions ...exam.Question) {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(data, "trivue.db"))
	require.NoError(t, err)
	defer db.Close()
	policy := exam.DefaultPolicy()
	policy.Skip, policy.Support = skip, "010-12345678"
	sum := sha256.Sum256([]byte(pledgeText))
	_, err = db.ImportExam(t.Context(), store.ExamContent{
		Exam:       exam.Exam{ID: interviewExam, Title: "2026 年公开招聘面试", StartsAt: starts, Policy: policy, Pledge: exam.Pledge{Text: pledgeText, SHA256: hex.EncodeToString(sum[:])}},
		Candidates: []exam.Candidate{{ExamID: interviewExam, Ticket: interviewTicket, Name: "李明", IDTail: interviewTail}},
		Questions:  questions,
	}, store.Import{Now: time.Now(), NewID: uuid.NewString})
	require.NoError(t, err)
}

// attemptID is the attempt of the one candidate.
func attemptID(t *testing.T, data string) string {
	return attemptOf(t, data, interviewExam, interviewTicket)
}

func attemptOf(t *testing.T, data, examID, ticket string) string {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(data, "trivue.db"))
	require.NoError(t, err)
	defer db.Close()
	a, err := db.AttemptOf(t.Context(), examID, ticket)
	require.NoError(t, err)
	return a.ID
}

// logOf reads the attempt's log and holds it against its hashes.
func logOf(t *testing.T, data, attempt string) []exam.Event {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+filepath.Join(data, "trivue.db"))
	require.NoError(t, err)
	defer db.Close()
	log, err := db.Events(t.Context(), attempt, 0)
	require.NoError(t, err)
	require.NoError(t, exam.CheckLog(log))
	return log
}

// speech is sound for the fake microphone: of the sample interview, so that recordings can be placed by it.
func speech(t *testing.T) string {
	t.Helper()
	made := sample(t)
	path := filepath.Join(t.TempDir(), "speech.wav")
	for _, take := range made.Takes {
		if take.Kind == exam.Camera {
			out, err := exec.Command("ffmpeg", "-v", "error", "-y", "-i", take.File, "-vn", "-ac", "1", "-ar", "48000", path).CombinedOutput()
			require.NoError(t, err, string(out))
			return path
		}
	}
	t.Fatal("the sample has no camera")
	return ""
}

// stored is what the server has of an upload.
func stored(t *testing.T, data, take string) (bytes int64, sum string) {
	t.Helper()
	f, err := os.Open(filepath.Join(data, "uploads", take))
	require.NoError(t, err)
	defer f.Close()
	hash := sha256.New()
	bytes, err = io.Copy(hash, f)
	require.NoError(t, err)
	return bytes, hex.EncodeToString(hash.Sum(nil))
}
