package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image/color"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/ingest/chain"
)

type sideReport struct {
	Films  string   `json:"films"`  // what the list says of a phone that films
	Silent string   `json:"silent"` // and of one that says nothing any more
	After  int64    `json:"after"`  // how long after its last word that was said, in milliseconds
	Width  int      `json:"width"`  // of the picture that the panel shows
	Facts  string   `json:"facts"`
	Faults []string `json:"faults"`
}

// TestSupportSeesThePhone has a phone join a candidate's attempt over HTTP and send a recording of its own, and looks at it in a real browser as
// support does: that it films, what it sees, and that it has fallen silent.
func TestSupportSeesThePhone(t *testing.T) {
	needsBrowser(t)
	data, pictures := t.TempDir(), t.TempDir()
	if keep := os.Getenv("TRIVUE_PICTURES"); keep != "" {
		pictures = keep
	}
	s := start(t, data)
	out, err := exec.Command(binary(t), "exam", "import", examFolder(t), "--data", data).CombinedOutput()
	require.NoError(t, err, "%s", out)
	laptop := sitDown(t, s.address, "2026001", "123X")
	var state struct {
		Attempt struct{ ID string }
		Phone   struct{ Code string }
	}
	read := func() {
		require.NoError(t, json.Unmarshal([]byte(laptop.text("GET", "/api/candidate/state", "")), &state))
	}
	read()
	require.Empty(t, state.Phone.Code)
	signIn(t, s.address).text("POST", "/api/attempts/"+state.Attempt.ID+"/login", `{"letIn":true,"reason":""}`)
	read()

	phone := &client{t: t, address: s.address}
	joined := phone.do("POST", "/api/phone/bind", fmt.Sprintf(`{"code":%q}`, state.Phone.Code), nil)
	defer joined.Body.Close()
	require.Equal(t, http.StatusCreated, joined.StatusCode)
	for _, cookie := range joined.Cookies() {
		phone.cookie = cookie.Name + "=" + cookie.Value
	}
	// A browser that is both: which one it means, it says.
	phone.cookie += "; " + laptop.cookie
	take := phone.record(t, state.Attempt.ID)
	phone.text("POST", "/api/phone/steps/pan", fmt.Sprintf(`{"degrees":344,"way":"sensor","take":%q,"from":0,"to":2000}`, take))
	still := phone.do("PUT", "/api/phone/still", string(face(t, color.RGBA{143, 163, 173, 255})), map[string]string{"Content-Type": "image/jpeg"})
	defer still.Body.Close()
	require.Equal(t, http.StatusNoContent, still.StatusCode)

	cmd := exec.Command("node", "sideview.mjs", s.address, password, pictures)
	said := new(tail)
	cmd.Stderr = said
	answer, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	// The phone speaks until the page has opened, and then no more.
	lines := json.NewDecoder(answer)
	opened := make(chan error, 1)
	go func() { opened <- lines.Decode(&struct{ Opened bool }{}) }()
	speak := time.NewTicker(time.Second)
	defer speak.Stop()
	for speaking := true; speaking; {
		phone.text("PUT", "/api/phone/status", fmt.Sprintf(`{"run":"r","stage":"film","recording":true,"take":%q,"since":1,"hidden":false,"battery":{"level":0.34,"charging":false},
			"network":{"online":true,"type":"wifi","downlink":10,"rtt":40},"unsent":{"bytes":2400000,"seconds":9},"trouble":null,"camera":null,"picture":{"bright":120,"steady":true},"space":"enough"}`, take))
		select {
		case err := <-opened:
			require.NoError(t, err, said.String())
			speaking = false
		case <-speak.C:
		}
	}
	var report sideReport
	require.NoError(t, lines.Decode(&report), said.String())
	require.NoError(t, cmd.Wait(), said.String())
	assert.Empty(t, report.Faults, "errors in the page")
	assert.Equal(t, "手机：正在拍摄", report.Films)
	assert.Contains(t, report.Silent, "没有消息")
	assert.InDelta(t, 12_500, report.After, 3000)
	assert.Equal(t, 480, report.Width)
	assert.Contains(t, report.Facts, "344°")
	assert.Contains(t, report.Facts, "34%，未充电")
}

// record sends a recording as a phone's page does, until the server has signed for it, and gives its name. The laptop's session does not
// see what is the phone's to send.
func (c *client) record(t *testing.T, attempt string) (take string) {
	t.Helper()
	take = strings.Repeat("5e", 16)
	const mime = "video/webm;codecs=vp8,opus"
	media := bytes.Repeat([]byte("phone"), 1000)
	next, one := chain.Begin(take, string(exam.Phone), mime).Extend(media, 2000)
	_, last := next.Extend(nil, 2000)
	encode := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	about := fmt.Sprintf("take %s,attempt %s,kind %s,mime %s,startedAt %s", encode(take), encode(attempt), encode("phone"), encode(mime), encode(time.Now().UTC().Format(time.RFC3339Nano)))
	send := func(method, path, body string, headers map[string]string) (int, string) {
		headers["Tus-Resumable"] = "1.0.0"
		answer := c.do(method, path, body, headers)
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		return answer.StatusCode, string(text)
	}
	create := map[string]string{"Upload-Defer-Length": "1", "Upload-Metadata": about}
	status, _ := send("POST", "/files/", "", create)
	require.Equal(t, http.StatusForbidden, status, "the laptop does not send it")
	create["Trivue-As"] = "phone"
	status, text := send("POST", "/files/", "", create)
	require.Equal(t, http.StatusCreated, status, text)
	append_ := map[string]string{"Upload-Offset": "0", "Upload-Length": fmt.Sprint(len(media)), "Content-Type": "application/offset+octet-stream"}
	status, _ = send("PATCH", "/files/"+take, string(media), append_)
	require.Equal(t, http.StatusNotFound, status, "nor add to it")
	append_["Trivue-As"] = "phone"
	status, text = send("PATCH", "/files/"+take, string(media), append_)
	require.Equal(t, http.StatusNoContent, status, text)
	records := string(chain.EncodeRecords([]chain.Record{one, last}))
	plain := map[string]string{"Content-Type": "application/octet-stream"}
	status, _ = send("PUT", "/api/candidate/takes/"+take+"/chain?from=0", records, plain)
	require.Equal(t, http.StatusNotFound, status)
	status, text = send("PUT", "/api/phone/takes/"+take+"/chain?from=0", records, plain)
	require.Equal(t, http.StatusOK, status, text)
	status, text = send("GET", "/api/phone/takes/"+take+"/receipt", "", plain)
	require.Equal(t, http.StatusOK, status, text)
	require.Contains(t, text, take)
	for path, seen := range map[string]bool{"/api/phone/takes": true, "/api/candidate/takes": true} {
		_, text = send("GET", path, "", plain)
		require.Equal(t, seen, strings.Contains(text, take), path)
	}
	return take
}
