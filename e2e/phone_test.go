package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/timeline"
)

// butThePhone leaves out what a test of the phone need not go through.
var butThePhone = []exam.Step{exam.Devices, exam.Attachments, exam.SignPledge}

// phoneAt waits until the phone's page shows a step.
func (s *seat) phoneAt(phone *candidateBrowser, step string) {
	s.t.Helper()
	phone.wait(`main [data-step="` + step + `"]`)
}

// toPhone signs the candidate in and goes to where a phone is asked for.
func (s *seat) toPhone() {
	s.t.Helper()
	b := s.browser
	b.do("open", args{"url": s.page()})
	b.at(exam.Login)
	s.signIn()
	b.wait(`[data-testid="waiting-approval"]`)
	s.support("login", map[string]any{"letIn": true, "reason": ""})
	b.at(exam.BindPhone)
}

// code is what the laptop shows for a phone to join.
func (s *seat) code() string {
	s.t.Helper()
	var text string
	s.browser.wait(`[data-testid="phone-code"]`)
	s.browser.ask("text", args{"selector": `[data-testid="phone-code"]`}, &text)
	code := strings.ReplaceAll(strings.TrimSpace(text), " ", "")
	require.Len(s.t, code, 8)
	return code
}

func (s *seat) phonePage() string { return s.line.address() + "/phone" }

const phoneRecords = `body[data-recording="true"]`

// film takes a phone from its link to where it films.
func (s *seat) film(phone *candidateBrowser) {
	s.t.Helper()
	phone.do("open", args{"url": s.phonePage() + "?code=" + s.code()})
	s.phoneAt(phone, "allow")
	phone.press("allow")
	s.phoneAt(phone, "pan")
	s.pan(phone)
	s.phoneAt(phone, "place")
	s.place(phone)
}

func (s *seat) pan(phone *candidateBrowser) {
	s.t.Helper()
	phone.wait(phoneRecords)
	phone.do("turn", args{"by": 0}) // the sensor says that it is there
	phone.press("pan-start")
	phone.wait(`[data-testid="pan-again"]`)
	phone.do("turn", args{"by": 360})
}

func (s *seat) place(phone *candidateBrowser) {
	s.t.Helper()
	phone.wait(`[data-testid="place"]:enabled, [data-testid="place-anyway"]`)
	phone.do("click", args{"selector": `[data-testid="place"]:enabled, [data-testid="place-anyway"]:visible`})
	s.phoneAt(phone, "film")
	phone.wait(phoneRecords)
}

// sent waits until the phone says that it may be closed, and holds what the server has against what it recorded.
func (s *seat) sent(phone *candidateBrowser) []journaled {
	s.t.Helper()
	s.phoneAt(phone, "done")
	takes := phone.journal()
	for _, take := range takes {
		bytes, sum := stored(s.t, s.data, take.Take)
		assert.Equal(s.t, exam.Phone, exam.Kind(take.Kind))
		assert.Equal(s.t, take.Bytes, bytes, "take %s", take.Take)
		assert.Equal(s.t, take.SHA256, sum, "take %s", take.Take)
		assert.NotEmpty(s.t, take.Receipt, "take %s", take.Take)
	}
	var faults []string
	phone.ask("faults", nil, &faults)
	assert.Empty(s.t, faults, "errors in the phone's page")
	return takes
}

// pictures leaves one of each step in both languages where TRIVUE_PICTURES names a folder: those of docs/phone.md.
func pictures(phone *candidateBrowser) func(name string) {
	number := 0
	return func(name string) {
		folder := os.Getenv("TRIVUE_PICTURES")
		if folder == "" {
			return
		}
		number++
		for _, language := range []string{"zh", "en"} {
			phone.do("picture", args{"file": filepath.Join(folder, fmt.Sprintf("%02d-%s.%s.jpg", number, name, language))})
			phone.press("language")
		}
	}
}

// TestAPhoneFilmsAnInterview goes the whole way of a phone beside a laptop: joined by link, the room filmed once around, put in place,
// filming until the candidate ends, everything received, and placed on the timeline by what both have heard.
func TestAPhoneFilmsAnInterview(t *testing.T) {
	s := sit(t, 90*time.Second, butThePhone, question(1, time.Second, 20*time.Minute))
	b, phone := s.browser, newPhoneBrowser(t)
	picture := pictures(phone)
	s.toPhone()

	phone.do("open", args{"url": s.phonePage()})
	s.phoneAt(phone, "join")
	picture("join")
	phone.do("fill", args{"selector": "#code", "text": "2222-2222"})
	phone.press("join")
	phone.wait(`[data-testid="join-refusal"][data-code="unknown"]`)
	picture("join-wrong")
	code := s.code()
	phone.do("close", nil)
	phone.do("open", args{"url": s.phonePage() + "?code=" + code})
	s.phoneAt(phone, "allow")
	picture("allow")
	phone.press("allow")
	s.phoneAt(phone, "pan")
	phone.wait(phoneRecords)
	phone.do("turn", args{"by": 0})
	phone.press("pan-start")
	phone.wait(`[data-testid="pan-again"]`)
	phone.do("turn", args{"by": 150})
	if os.Getenv("TRIVUE_PICTURES") != "" {
		picture("pan") // changing the language begins it anew
		phone.press("pan-start")
		phone.wait(`[data-testid="pan-again"]`)
	}
	phone.do("turn", args{"by": 360})
	s.phoneAt(phone, "place")
	phone.wait(`[data-testid="place"]:enabled, [data-testid="place-anyway"]`)
	picture("place")
	s.place(phone)
	picture("film")

	// Its code is used up: another phone is told so.
	other := newPhoneBrowser(t)
	other.do("open", args{"url": s.phonePage() + "?code=" + code})
	other.wait(`[data-testid="join-refusal"][data-code="unknown"]`)

	b.at(exam.Entry)
	b.press("enter")
	b.at(exam.Confirm)
	b.wait(recordingLamp)
	b.press("confirm-next")
	passes(time.Until(s.starts))
	b.at(exam.Answering)
	passes(40 * time.Second)                                   // enough for both to have heard the same
	faster := s.line.poison("slow", "bandwidth", `{"rate":4}`) // so that there is something to see of the sending
	b.press("end")
	b.press("dialog-yes")
	s.phoneAt(phone, "send")
	picture("send")
	faster()
	takes := s.sent(phone)
	picture("done")
	s.finish()

	log := logOf(t, s.data, s.attempt)
	kinds := map[exam.EventKind]int{}
	for _, e := range log {
		kinds[e.Kind]++
	}
	for _, kind := range []exam.EventKind{exam.EventPhoneBound, exam.EventPhonePanned, exam.EventPhonePlaced, exam.EventPhoneEnded} {
		assert.Equal(t, 1, kinds[kind], kind)
	}
	for _, e := range log {
		if e.Kind == exam.EventPhonePanned {
			var pan struct {
				Degrees  int
				Way      exam.PanWay
				Take     string
				From, To int64
			}
			require.NoError(t, json.Unmarshal(e.Data, &pan))
			assert.GreaterOrEqual(t, pan.Degrees, 330)
			assert.Equal(t, exam.PanBySensor, pan.Way)
			assert.Equal(t, takes[0].Take, pan.Take)
			assert.Less(t, pan.From, pan.To)
		}
	}
	a := s.staff.until(s.attempt, "it is ready", func(a attemptState) bool { return a.Summary.State == exam.Ready || a.Summary.State == exam.Broken })
	require.Equal(t, exam.Ready, a.Summary.State)
	tl, err := timeline.Decode([]byte(s.staff.text(http.MethodGet, "/api/attempts/"+s.attempt+"/timeline", "")))
	require.NoError(t, err)
	found := false
	for _, r := range tl.Recordings {
		if r.Kind != exam.Phone {
			continue
		}
		found = true
		for _, take := range r.Takes {
			assert.Equal(t, timeline.BySound, take.Placed, take.Reason)
		}
	}
	assert.True(t, found, "the timeline has the phone")
	require.NoError(t, s.server.stop(t))
}
