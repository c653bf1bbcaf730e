package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
)

// noisyScreen is a screen on which every picture is another: recorded, it takes all the bits that it may.
const noisyScreen = `
navigator.mediaDevices.getDisplayMedia = async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 480, height: 270 });
  const context = canvas.getContext("2d");
  const picture = context.createImageData(canvas.width, canvas.height);
  setInterval(() => {
    for (let at = 0; at < picture.data.length; at += 65536) crypto.getRandomValues(picture.data.subarray(at, Math.min(at + 65536, picture.data.length)));
    for (let at = 3; at < picture.data.length; at += 4) picture.data[at] = 255;
    context.putImageData(picture, 0, 0);
  }, 100);
  const stream = canvas.captureStream(10);
  const [track] = stream.getVideoTracks();
  const settings = track.getSettings.bind(track);
  track.getSettings = () => ({ ...settings(), displaySurface: "monitor" });
  return stream;
};`

// waiting is how many bytes the browser has recorded and the server has not.
func (s *seat) waiting() (bytes int64) {
	s.t.Helper()
	for _, take := range s.browser.journal() {
		bytes += take.Bytes
		if info, err := os.Stat(filepath.Join(s.data, "uploads", take.Take)); err == nil {
			bytes -= info.Size()
		}
	}
	return bytes
}

// TestANarrowLineAfterATimeWithoutAny takes the network away while everything is recorded, and gives back one of 1 Mbit/s. The page goes down with
// its bit rates by itself, and what waits becomes less while more is recorded. It takes minutes: TRIVUE_LONG_FAULTS=1 for
// one without network, =5 for five.
func TestANarrowLineAfterATimeWithoutAny(t *testing.T) {
	long := os.Getenv("TRIVUE_LONG_FAULTS") == "5"
	if os.Getenv("TRIVUE_LONG_FAULTS") == "" {
		t.Skip("takes minutes: set TRIVUE_LONG_FAULTS=1 or =5")
	}
	s := sit(t, 10*time.Second, everythingBut, question(1, time.Second, 40*time.Minute))
	b := s.browser
	b.do("prepare", args{"script": noisyScreen})
	s.enter()
	b.at(exam.Answering)
	s.line.cut()
	s.wrong("offline")
	// More than a minute of recording at the best rates, 1.2 Mbit/s, waits then.
	const enough = 75 * 1_200_000 / 8
	began := time.Now()
	gone := 5 * time.Minute
	for time.Since(began) < gone && (long || s.waiting() < enough) {
		passes(3 * time.Second)
	}
	before := s.waiting()
	widen := s.line.poison("narrow", "bandwidth", `{"rate":125}`)
	s.line.mend()
	s.right("offline")
	t.Logf("%v without network; %d bytes wait", time.Since(began).Round(time.Second), before)

	// The first request on the narrow line may last for half a minute, and before its end nothing is known of that line.
	var lowered exam.Event
	isLower := func(e exam.Event) bool { return e.Kind == exam.EventTakeBegan && takeOf(t, e).Began.Reason == "rate" }
	for deadline := time.Now().Add(2 * time.Minute); lowered.Kind == "" && time.Now().Before(deadline); passes(time.Second) {
		log := logOf(t, s.data, s.attempt)
		if at := slices.IndexFunc(log, isLower); at >= 0 {
			lowered = log[at]
		}
	}
	require.NotEmpty(t, lowered.Kind, "a take with fewer bits has begun")
	assert.Positive(t, takeOf(t, lowered).Settings.Level)
	deadline := time.Now().Add(3 * time.Minute)
	most := before
	for s.waiting() > before*95/100 && time.Now().Before(deadline) {
		most = max(most, s.waiting())
		passes(time.Second)
	}
	assert.Less(t, s.waiting(), before, "what waits becomes less, while more is recorded")
	assert.Less(t, most, before+4_000_000, "and never much more")
	b.press("end")
	b.press("dialog-yes")
	b.at(exam.Sending)
	if !long {
		widen()
	}
	b.do("patience", args{"ms": 15 * time.Minute / time.Millisecond})
	s.finish()
	log := logOf(t, s.data, s.attempt)
	for _, kind := range []exam.Kind{exam.Camera, exam.Screen} {
		assert.Equal(t, []string{"never-began", "finished"}, causes(t, log, kind), "nothing is missing of the %s", kind)
	}
	require.NoError(t, s.server.stop(t))
}

// began is what the log keeps of the beginning of a take.
type began struct {
	Take  string `json:"take"`
	Began struct {
		Reason string `json:"reason"`
	} `json:"began"`
	Settings struct {
		Level     int `json:"level"`
		VideoBits int `json:"videoBits"`
	} `json:"settings"`
}

func takeOf(t *testing.T, e exam.Event) began {
	t.Helper()
	var take began
	require.NoError(t, json.Unmarshal(e.Data, &take))
	return take
}

// TestACandidatesFullDiskAndBusyProcessor leaves the page a third of the processor, then no more of the disk. Takes are cut, those that the server has
// signed for make room, and the recording goes on. A picture that could not be sent is sent after the page was loaded again.
func TestACandidatesFullDiskAndBusyProcessor(t *testing.T) {
	s := sit(t, 10*time.Second, everythingBut, question(1, time.Second, 20*time.Minute))
	b := s.browser
	s.enter()
	b.at(exam.Answering)
	b.wait(`[data-testid="question"] strong`)
	b.do("throttle", args{"rate": 3.3})
	passes(12 * time.Second)
	b.do("throttle", args{"rate": 1})
	for _, take := range b.journal() {
		assert.Positive(t, take.Bytes)
	}

	b.do("block", args{"url": "**/stills/*", "on": true})
	b.press("a4-front")
	b.wait(`[data-testid="a4-front"][data-state="waiting"]`)
	b.do("reload", nil)
	b.at(exam.Answering)
	s.shareAgain()
	b.wait(`[data-testid="a4-front"][data-state="waiting"]`)
	b.do("block", args{"url": "**/stills/*", "on": false})
	b.wait(`[data-testid="a4-front"][data-state="sent"]`)
	assert.True(t, s.eventually(func(log []exam.Event) bool { return reports(log, exam.EventStill, `"a4-front"`) }))

	first := b.journal()
	var used int64
	b.ask("used", nil, &used)
	b.do("quota", args{"origin": s.line.address(), "bytes": used})
	s.wrong("space")
	assert.True(t, s.eventually(func(log []exam.Event) bool {
		return slices.ContainsFunc(log, func(e exam.Event) bool { return e.Kind == exam.EventTakeBegan && takeOf(t, e).Began.Reason == "space" })
	}), "takes are cut, so that what is sent can be removed")
	passes(8 * time.Second)
	b.do("quota", args{"origin": s.line.address()})
	s.right("space")
	b.press("end")
	b.press("dialog-yes")
	kept := s.arrive()

	// What was removed for space was signed for, and the server has it.
	for _, take := range first {
		if !slices.ContainsFunc(kept, func(k journaled) bool { return k.Take == take.Take }) {
			bytes, _ := stored(t, s.data, take.Take)
			assert.GreaterOrEqual(t, bytes, take.Bytes)
		}
	}
	log := logOf(t, s.data, s.attempt)
	for _, kind := range []exam.Kind{exam.Camera, exam.Screen} {
		gaps, err := exam.Gaps(log, []exam.Kind{kind}, s.starts, time.Now())
		require.NoError(t, err)
		for _, g := range gaps {
			t.Logf("%s: %s for %v", kind, g.Cause, g.To.Sub(g.From))
			// Recorders of a starved browser may fall silent and be begun anew; that is said, and it is short.
			assert.Contains(t, []string{"page-left", "finished", "stalled", "space"}, g.Cause)
			if g.Cause == "stalled" || g.Cause == "space" {
				assert.Less(t, g.To.Sub(g.From), 12*time.Second, "%s %s", kind, g.Cause)
			}
		}
		assert.Contains(t, causes(t, log, kind), "page-left")
	}
	require.NoError(t, s.server.stop(t))
}
