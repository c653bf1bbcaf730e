package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/exam/examfile"
	"github.com/trivue/trivue/timeline"
)

// seat is one candidate before a browser, with the server behind a line that fails as it is told.
type seat struct {
	t       *testing.T
	data    string
	server  *system
	line    *line
	browser *candidateBrowser
	staff   *client
	attempt string
	starts  time.Time
}

// sit starts a server with an exam that starts after a time, and a browser.
func sit(t *testing.T, startsIn time.Duration, skip []exam.Step, questions ...exam.Question) *seat {
	t.Helper()
	browser := newCandidateBrowser(t)
	s := &seat{t: t, data: t.TempDir(), browser: browser}
	s.open(startsIn, skip, questions...)
	return s
}

// open starts the server, and gives it an exam that starts after a time; later on a machine that has so much to do that the candidate
// would come too late.
func (s *seat) open(startsIn time.Duration, skip []exam.Step, questions ...exam.Question) {
	s.t.Helper()
	began := time.Now()
	s.server = start(s.t, s.data)
	s.line = newLine(s.t, s.server.address)
	s.staff = signIn(s.t, s.server.address)
	s.starts = time.Now().Add(max(startsIn, 6*time.Since(began)))
	importInterview(s.t, s.data, s.starts, skip, questions...)
	s.attempt = attemptID(s.t, s.data)
}

// restart kills the server as a power cut does, and starts it anew.
func (s *seat) restart() {
	s.t.Helper()
	s.server.kill(s.t)
	s.server = start(s.t, s.data)
	s.line.to(s.server.address)
	s.staff = signIn(s.t, s.server.address)
}

func (s *seat) page() string { return s.line.address() + "/candidate?exam=" + interviewExam }

// support does something for the candidate, as staff.
func (s *seat) support(what string, body any) {
	s.t.Helper()
	text, err := json.Marshal(body)
	require.NoError(s.t, err)
	s.staff.text(http.MethodPost, "/api/attempts/"+s.attempt+"/"+what, string(text))
}

// enter goes from the login to the waiting room.
func (s *seat) enter() {
	s.t.Helper()
	b := s.browser
	b.do("open", args{"url": s.page()})
	b.at(exam.Login)
	s.signIn()
	b.wait(`[data-testid="waiting-approval"]`)
	s.support("login", map[string]any{"letIn": true, "reason": ""})
	b.at(exam.Entry)
	b.press("enter")
	b.at(exam.Confirm)
	b.wait(recordingLamp)
	b.press("confirm-next")
}

const recordingLamp = `[data-lamp="recording"][data-state="recording"]`

func (s *seat) signIn() {
	s.t.Helper()
	s.browser.do("fill", args{"selector": "#sign-in-ticket", "text": interviewTicket})
	s.browser.do("fill", args{"selector": "#sign-in-idTail", "text": interviewTail})
	s.browser.press("sign-in")
}

// shareAgain is what a candidate does after a page was opened anew: a browser gives the screen on a click only.
func (s *seat) shareAgain() {
	s.t.Helper()
	s.browser.press("share-again")
	s.browser.wait(recordingLamp)
}

// finish waits until the page says that it may be closed, and holds what the server has against what the browser recorded.
func (s *seat) finish() []journaled {
	s.t.Helper()
	takes := s.arrive()
	for _, take := range takes {
		assert.NotEmpty(s.t, take.Receipt, "%s take %s", take.Kind, take.Take)
	}
	return takes
}

// arrive is finish on a disk so full that a receipt may have found no room; the page has seen it all the same.
func (s *seat) arrive() []journaled {
	s.t.Helper()
	s.browser.at(exam.Finished)
	s.browser.wait(`[data-testid="may-close"][data-tone="good"]`)
	takes := s.browser.journal()
	require.NotEmpty(s.t, takes)
	for _, take := range takes {
		bytes, sum := stored(s.t, s.data, take.Take)
		assert.Equal(s.t, take.Bytes, bytes, "%s take %s", take.Kind, take.Take)
		assert.Equal(s.t, take.SHA256, sum, "%s take %s", take.Kind, take.Take)
	}
	var faults []string
	s.browser.ask("faults", nil, &faults)
	assert.Empty(s.t, faults, "errors in the page")
	return takes
}

// causes are why each recording of a kind stopped, in order of time, from the log.
func causes(t *testing.T, log []exam.Event, kind exam.Kind) []string {
	t.Helper()
	gaps, err := exam.Gaps(log, []exam.Kind{kind}, time.Unix(0, 0), time.Now())
	require.NoError(t, err)
	var reasons []string
	for _, g := range gaps {
		reasons = append(reasons, g.Cause)
	}
	return reasons
}

func question(n int, prepare, answer time.Duration) exam.Question {
	return exam.Question{ID: fmt.Sprintf("q%d", n), Prepare: prepare, Answer: answer,
		Text: fmt.Sprintf("第 %d 题：请结合**实际工作**谈谈你的理解。\n\n1. 是什么\n2. 怎么办", n)}
}

// importSample imports the sample exam with a start by the command that admins use.
func importSample(t *testing.T, data string, starts time.Time) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "exam")
	require.NoError(t, examfile.Sample(dir, examfile.SampleExam{Starts: starts}))
	out, err := exec.Command(binary(t), "exam", "import", dir, "--data", data).CombinedOutput()
	require.NoError(t, err, string(out))
}

// TestACandidatesInterview goes the whole way through a real interview that was imported by command, by keyboard alone. At every step, in both
// languages, axe-core finds nothing serious, and at 200 % zoom nothing is cut off. Where TRIVUE_PICTURES names a folder it leaves pictures
// of every step there: those of the documentation.
func TestACandidatesInterview(t *testing.T) {
	b := newCandidateBrowser(t)
	s := &seat{t: t, data: t.TempDir(), browser: b}
	s.server = start(t, s.data)
	s.line = newLine(t, s.server.address)
	importSample(t, s.data, time.Now().Add(10*time.Minute))
	ticket, tail := examfile.SampleTicket()
	s.attempt = attemptOf(t, s.data, "sample-exam", ticket)
	s.staff = signIn(t, s.server.address)
	number := 0
	usable := func(name string) {
		t.Helper()
		var problems []string
		b.ask("problems", nil, &problems)
		assert.Empty(t, problems, name)
	}
	picture := func(name string) {
		t.Helper()
		number++
		for _, language := range []string{"zh", "en"} {
			if folder := os.Getenv("TRIVUE_PICTURES"); folder != "" {
				b.do("picture", args{"file": filepath.Join(folder, fmt.Sprintf("%02d-%s.%s.jpg", number, name, language))})
			}
			usable(name + " in " + language)
			b.press("language")
		}
	}
	b.do("keyboard", args{"on": true})
	b.do("open", args{"url": s.line.address() + "/candidate?exam=sample-exam"})
	b.at(exam.Devices)
	b.press("check-start")
	for _, check := range []string{"browser", "camera", "microphone", "storage", "network"} {
		b.wait(`[data-check="` + check + `"]:is([data-state="good"], [data-state="warn"])`)
	}
	b.press("speaker")
	b.press("speaker-yes")
	b.press("share-test")
	b.wait(`[data-check="screen"][data-state="good"]`)
	b.press("record-test")
	b.press("recording-yes")
	b.wait(`.verdict[data-state="good"]`)
	picture("devices")
	b.press("devices-next")
	b.at(exam.Login)
	picture("login")
	b.do("fill", args{"selector": "#sign-in-ticket", "text": ticket})
	b.do("fill", args{"selector": "#sign-in-idTail", "text": tail})
	b.press("sign-in")
	b.wait(`[data-testid="waiting-approval"]`)
	assert.True(t, s.eventually(func(log []exam.Event) bool { return reports(log, exam.EventStill, `"login"`) }), "support has a picture to compare")
	picture("approval")
	s.support("login", map[string]any{"letIn": true, "reason": ""})
	b.at(exam.BindPhone)
	picture("phone")
	s.support("waive", map[string]any{"step": "phone", "reason": "手机故障"})
	b.at(exam.Attachments)
	picture("attachments")
	b.press("open-document")
	b.wait(`[data-testid="reader-done"]:visible`)
	usable("a document")
	b.press("reader-done")
	b.at(exam.SignPledge)
	b.do("fill", args{"selector": "#pledge-name", "text": "张示例"})
	picture("pledge")
	b.press("sign-pledge")
	b.at(exam.Entry)
	picture("entry")
	b.press("enter")
	b.at(exam.Confirm)
	b.wait(recordingLamp)
	picture("confirm")
	b.press("confirm-next")
	b.at(exam.Waiting)
	picture("waiting")
	// Nobody waits ten minutes: the start is moved, as an admin would, and the page is told when it asks.
	importSample(t, s.data, time.Now().Add(3*time.Second))
	b.do("reload", nil)
	b.at(exam.Answering)
	b.wait(`[data-testid="share-again"]:visible`)
	usable("the screen is to be shared again")
	s.shareAgain()
	b.wait(`[data-testid="question"] strong`)
	picture("answering")
	b.press("a4-front")
	b.press("a4-back")
	b.press("help")
	b.do("fill", args{"selector": "#help-text", "text": "听不到提示音"})
	b.press("help-send")
	s.support("answer", map[string]any{"text": "请继续作答，提示音不影响录像。"})
	b.wait(`.talk :not([data-from="me"])`)
	usable("help")
	b.do("key", args{"key": "Escape"})
	s.line.cut()
	s.wrong("offline")
	picture("offline")
	b.press("end")
	b.wait(`[data-testid="dialog-yes"]:visible`)
	usable("whether to end")
	b.press("dialog-yes")
	b.at(exam.Sending)
	picture("upload")
	s.line.mend()
	s.finish()
	picture("finished")

	log := logOf(t, s.data, s.attempt)
	kinds := map[exam.EventKind]int{}
	for _, e := range log {
		kinds[e.Kind]++
	}
	for _, kind := range []exam.EventKind{exam.EventSignedIn, exam.EventDevicesChecked, exam.EventLoginApproved, exam.EventStepWaived, exam.EventAttachmentRead, exam.EventPledgeSigned, exam.EventEntered,
		exam.EventDevicesConfirmed, exam.EventAnsweringBegan, exam.EventAnsweringEnded, exam.EventAllReceived, exam.EventHelpAsked, exam.EventHelpAnswered, exam.EventStill, exam.EventTakeBegan,
		exam.EventTakeEnded, exam.EventPageOpened, exam.EventShare} {
		assert.NotZero(t, kinds[kind], kind)
	}
	a := s.staff.until(s.attempt, "it is ready", func(a attemptState) bool { return a.Summary.State == exam.Ready || a.Summary.State == exam.Broken })
	require.Equal(t, exam.Ready, a.Summary.State)
	tl, err := timeline.Decode([]byte(s.staff.text(http.MethodGet, "/api/attempts/"+s.attempt+"/timeline", "")))
	require.NoError(t, err)
	for _, r := range tl.Recordings {
		for _, gap := range r.Gaps {
			assert.Equal(t, "page-left", gap.Cause, "the gap that loading the page again made")
		}
	}
	require.NoError(t, s.server.stop(t))
}
