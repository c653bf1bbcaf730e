package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
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
	s.server = start(t, s.data)
	s.line = newLine(t, s.server.address)
	s.starts = time.Now().Add(startsIn)
	importInterview(t, s.data, s.starts, skip, questions...)
	s.attempt = attemptID(t, s.data)
	s.staff = signIn(t, s.server.address)
	return s
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
	s.browser.at(exam.Finished)
	s.browser.wait(`[data-testid="may-close"][data-tone="good"]`)
	takes := s.browser.journal()
	require.NotEmpty(s.t, takes)
	for _, take := range takes {
		bytes, sum := stored(s.t, s.data, take.Take)
		assert.Equal(s.t, take.Bytes, bytes, "%s take %s", take.Kind, take.Take)
		assert.Equal(s.t, take.SHA256, sum, "%s take %s", take.Kind, take.Take)
		assert.NotEmpty(s.t, take.Receipt, "%s take %s", take.Kind, take.Take)
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

// TestACandidatesInterview goes the whole way through a real interview, with pictures of every step where TRIVUE_PICTURES says so.
func TestACandidatesInterview(t *testing.T) {
	s := sit(t, 25*time.Second, []exam.Step{exam.Devices}, question(1, 3*time.Second, 6*time.Second), question(2, 3*time.Second, 60*time.Second))
	b := s.browser
	picture := func(name string) {
		if folder := os.Getenv("TRIVUE_PICTURES"); folder != "" {
			b.do("picture", args{"file": filepath.Join(folder, name+".png")})
		}
	}
	b.do("open", args{"url": s.page()})
	b.at(exam.Login)
	s.signIn()
	b.wait(`[data-testid="waiting-approval"]`)
	picture("login-waiting")
	s.support("login", map[string]any{"letIn": true, "reason": ""})
	b.at(exam.BindPhone)
	picture("phone")
	s.support("waive", map[string]any{"step": "phone", "reason": "手机故障"})
	b.at(exam.SignPledge)
	picture("pledge")
	b.do("fill", args{"selector": "#pledge-name", "text": "李明"})
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
	b.at(exam.Answering)
	b.wait(`[data-testid="question"] strong`)
	picture("answering")
	b.press("a4-front")
	b.press("a4-back")
	b.press("help")
	b.do("fill", args{"selector": "#help-text", "text": "听不到提示音"})
	b.press("help-send")
	s.support("answer", map[string]any{"text": "请继续作答"})
	b.wait(`.talk :not([data-from="me"])`)
	picture("help")
	b.do("wait", args{"selector": ".talk"})
	b.do("key", args{"key": "Escape"})
	b.press("end")
	b.press("dialog-yes")
	takes := s.finish()
	picture("finished")
	assert.Len(t, takes, 2)

	log := logOf(t, s.data, s.attempt)
	kinds := map[exam.EventKind]int{}
	for _, e := range log {
		kinds[e.Kind]++
	}
	for _, kind := range []exam.EventKind{exam.EventSignedIn, exam.EventLoginApproved, exam.EventStepWaived, exam.EventPledgeSigned, exam.EventEntered, exam.EventDevicesConfirmed, exam.EventAnsweringBegan,
		exam.EventAnsweringEnded, exam.EventAllReceived, exam.EventHelpAsked, exam.EventHelpAnswered, exam.EventStill, exam.EventTakeBegan, exam.EventTakeEnded, exam.EventPageOpened, exam.EventShare} {
		assert.NotZero(t, kinds[kind], kind)
	}
	a := s.staff.until(s.attempt, "it is ready", func(a attemptState) bool { return a.Summary.State == exam.Ready || a.Summary.State == exam.Broken })
	require.Equal(t, exam.Ready, a.Summary.State)
	require.NoError(t, s.server.stop(t))
}
