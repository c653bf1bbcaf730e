package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
)

// passes lets time go by in which the browser records. What is waited for is the time itself: that a fault lasts.
func passes(d time.Duration) { <-time.After(d) }

// wrong waits until the page says that something is wrong; right, until it does not say so any more.
func (s *seat) wrong(id string) { s.t.Helper(); s.browser.wait(`[data-wrong="` + id + `"]`) }
func (s *seat) right(id string) {
	s.t.Helper()
	s.browser.do("wait", args{"selector": `[data-wrong="` + id + `"]`, "state": "hidden"})
}

// everythingBut leaves the steps out that a test of faults need not go through.
var everythingBut = exam.Optional

// TestWhateverBreaksNothingIsLost is one interview in which one thing after the other breaks. At its end the server has every byte that
// the browser recorded, and the log says why something is missing where it is.
func TestWhateverBreaksNothingIsLost(t *testing.T) {
	s := sit(t, 20*time.Second, everythingBut, question(1, time.Second, 20*time.Minute))
	b := s.browser
	s.enter()

	// The network is gone from the first second of recording on, until after the start.
	s.line.cut()
	s.wrong("offline")
	passes(time.Until(s.starts.Add(time.Second)))
	s.line.mend()
	b.at(exam.Answering)
	b.wait(`[data-testid="question"] strong`)
	s.right("offline")

	// A server that dies is another one a moment later.
	s.restart()
	s.right("offline")

	// A proxy that resets connections in the middle, one that is slow, one that cuts what it passes on.
	for _, toxic := range []struct{ name, kind, attributes string }{
		{"resets", "reset_peer", `{"timeout":150}`}, {"is slow", "latency", `{"latency":400,"jitter":300}`}, {"cuts", "limit_data", `{"bytes":60000}`},
	} {
		mend := s.line.poison(toxic.name, toxic.kind, toxic.attributes)
		passes(4 * time.Second)
		mend()
	}
	s.right("offline")

	// The queue dies; candidates do not notice.
	killRedis(t, s.server)

	// The laptop's clock is set to another hour.
	b.do("clock", args{"by": 3_600_000})
	assert.True(t, s.eventually(func(log []exam.Event) bool { return reports(log, exam.EventClockJump, `"wall"`) }), "the jump of the clock is logged")

	// The page is loaded again; the tab is closed and another one opened; the browser is killed.
	b.do("reload", nil)
	b.at(exam.Answering)
	s.shareAgain()
	b.wait(`[data-testid="question"] strong`)
	passes(3 * time.Second)
	b.do("close", nil)
	b.do("open", args{"url": s.page()})
	b.at(exam.Answering)
	s.shareAgain()
	passes(3 * time.Second)
	b.do("kill", nil)
	b.do("open", args{"url": s.page()})
	b.at(exam.Answering)
	s.shareAgain()
	passes(3 * time.Second)

	// The interview ends without network, and the candidate loads the page again before it is back.
	s.line.cut()
	s.wrong("offline")
	b.press("end")
	b.press("dialog-yes")
	b.at(exam.Sending)
	var closable bool
	b.ask("has", args{"selector": `[data-testid="may-close"][data-tone="good"]`}, &closable)
	assert.False(t, closable, "nothing was sent")
	passes(2 * time.Second)
	s.line.mend()
	s.finish()
	log := logOf(t, s.data, s.attempt)
	for _, kind := range []exam.Kind{exam.Camera, exam.Screen} {
		reasons := strings.Join(causes(t, log, kind), " ")
		assert.Equal(t, "never-began page-left page-left lost finished", reasons, "%s: what was lost, and why", kind)
	}
	require.NoError(t, s.server.stop(t))
}

// eventually waits until the log satisfies.
func (s *seat) eventually(holds func([]exam.Event) bool) bool {
	s.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !holds(logOf(s.t, s.data, s.attempt)) {
		if time.Now().After(deadline) {
			return false
		}
		passes(100 * time.Millisecond)
	}
	return true
}

// reports says whether a log has an event of a kind whose data has a text.
func reports(log []exam.Event, kind exam.EventKind, text string) bool {
	for _, e := range log {
		if e.Kind == kind && bytes.Contains(e.Data, []byte(text)) {
			return true
		}
	}
	return false
}

// killRedis kills the server's own Redis.
func killRedis(t *testing.T, s *system) {
	t.Helper()
	out, err := exec.Command("pkill", "-9", "-P", fmt.Sprint(s.cmd.Process.Pid), "redis-server").CombinedOutput()
	require.NoError(t, err, "the embedded Redis is a child of the server: %s", out)
}

// TestAServersFullDiskStopsNobody fills the server's disk while a candidate records, and frees it again.
func TestAServersFullDiskStopsNobody(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can mount a small disk")
	}
	browser := newCandidateBrowser(t)
	s := &seat{t: t, data: t.TempDir(), browser: browser}
	disk := filepath.Join(s.data, "uploads")
	require.NoError(t, os.MkdirAll(disk, 0o750))
	// The server keeps a gibibyte free.
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=1200m"); err != nil {
		t.Skipf("no small disk can be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(disk, syscall.MNT_DETACH) })
	s.open(12*time.Second, everythingBut, question(1, time.Second, 20*time.Minute))
	s.enter()
	browser.at(exam.Answering)

	filler := filepath.Join(disk, "filler")
	f, err := os.Create(filler)
	require.NoError(t, err)
	require.NoError(t, f.Close())
	require.NoError(t, exec.Command("fallocate", "-l", "180M", filler).Run())
	s.wrong("trouble")
	passes(3 * time.Second)
	require.NoError(t, os.Remove(filler))
	s.right("trouble")
	browser.press("end")
	browser.press("dialog-yes")
	takes := s.finish()
	assert.Len(t, takes, 2, "the disk of the server is not the recorder's business")
	require.NoError(t, s.server.stop(t))
}

// TestWhatOneBrowserRecordedIsFoundAgain leaves an interview in the middle, without a network, and comes back days later by the page
// that finds recordings again.
func TestWhatOneBrowserRecordedIsFoundAgain(t *testing.T) {
	s := sit(t, 12*time.Second, everythingBut, question(1, time.Second, 8*time.Second))
	b := s.browser
	s.enter()
	b.at(exam.Answering)
	s.line.cut()
	s.wrong("offline")
	passes(3 * time.Second)
	b.do("kill", nil)
	// The interview is over meanwhile.
	passes(time.Until(s.starts.Add(11 * time.Second)))
	s.line.mend()
	b.do("open", args{"url": s.line.address() + "/candidate?recover"})
	// A browser keeps its cookies in memory for half a minute: whoever it was is still signed in, elsewhere.
	b.at(exam.Login)
	s.signIn()
	b.wait(`[data-testid="sign-in-refusal"][data-code="elsewhere"]`)
	s.support("release", map[string]any{"reason": "浏览器崩溃"})
	s.signIn()
	b.wait(`main [data-step="recover"], main [data-step="upload"], main [data-step="finished"]`)
	b.wait(`[data-testid="may-close"][data-tone="good"], [data-testid="recover-state"][data-tone="good"]`)
	takes := b.journal()
	require.Len(t, takes, 2)
	for _, take := range takes {
		bytes, sum := stored(t, s.data, take.Take)
		assert.Equal(t, take.Bytes, bytes)
		assert.Equal(t, take.SHA256, sum)
		assert.NotEmpty(t, take.Receipt)
		assert.Equal(t, "lost", take.End)
	}
	log := logOf(t, s.data, s.attempt)
	assert.Equal(t, []string{"never-began", "lost"}, causes(t, log, exam.Camera))
	var gaps []exam.Event
	for _, e := range log {
		if e.Kind == exam.EventTakeEnded {
			gaps = append(gaps, e)
		}
	}
	require.Len(t, gaps, 2)
	var ended exam.TakeEnded
	require.NoError(t, json.Unmarshal(gaps[0].Data, &ended))
	assert.Equal(t, "lost", ended.End.Reason)
}
