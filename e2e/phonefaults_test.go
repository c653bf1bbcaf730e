package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
)

// TestWhateverInterruptsAPhoneNothingIsLost is one interview in which one thing after the other stops the phone. It films again by itself
// each time; at the end the server has every byte that it recorded, and the log says why something is missing where it is.
func TestWhateverInterruptsAPhoneNothingIsLost(t *testing.T) {
	s := sit(t, 100*time.Second, butThePhone, question(1, time.Second, 20*time.Minute))
	b, phone := s.browser, newPhoneBrowser(t)
	s.toPhone()
	s.film(phone)
	b.at(exam.Entry)
	b.press("enter")
	b.at(exam.Confirm)
	b.wait(recordingLamp)
	b.press("confirm-next")

	filmsAgain := func() {
		t.Helper()
		s.phoneAt(phone, "film")
		phone.wait(phoneRecords)
		phone.do("wait", args{"selector": `[data-testid="alarm"]`, "state": "hidden"})
		passes(3 * time.Second) // what is recorded between two interruptions
	}

	phone.do("offline", args{"on": true})
	phone.wait(`[data-testid="trouble"][data-trouble="offline"]`)
	passes(2 * time.Second)
	phone.do("offline", args{"on": false})
	phone.do("wait", args{"selector": `[data-trouble="offline"]`, "state": "hidden"})
	filmsAgain()

	// Another app takes the camera.
	phone.do("loseCamera", nil)
	phone.wait(`[data-testid="trouble"][data-trouble="frozen"]`)
	filmsAgain()

	// The system stops the page.
	phone.do("standstill", args{"seconds": 8})
	filmsAgain()
	assert.True(t, s.eventually(func(log []exam.Event) bool { return reports(log, exam.EventFrozen, `"for"`) }), "the standstill is logged")

	phone.do("reload", nil)
	filmsAgain()
	phone.do("crash", nil)
	phone.do("open", args{"url": s.phonePage()})
	filmsAgain()
	phone.do("kill", nil)
	phone.do("open", args{"url": s.phonePage()})
	filmsAgain()

	passes(time.Until(s.starts))
	b.at(exam.Answering)
	b.press("end")
	b.press("dialog-yes")
	takes := s.sent(phone)
	assert.GreaterOrEqual(t, len(takes), 6)
	reasons := strings.Join(causes(t, logOf(t, s.data, s.attempt), exam.Phone), " ")
	assert.Equal(t, "never-began device-lost frozen page-left lost lost finished", reasons, "what was lost, and why")
	s.finish()
	require.NoError(t, s.server.stop(t))
}
