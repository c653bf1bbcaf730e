package server_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"image"
	"image/jpeg"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/archive/disk"
	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/server"
	"github.com/trivue/trivue/store"
)

const (
	secretOne = "请谈谈你对基层治理的理解"
	secretTwo = "如何处理同事之间的分歧"
	notice    = "考试须知"
	anHour    = time.Hour
)

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// newExamBench is a bench with an exam that starts in an hour, of two candidates, two questions of 1 + 4 minutes, a document and a pledge.
func newExamBench(t *testing.T) *bench {
	t.Helper()
	b := newBenchWith(t, func(o *server.Options) {
		objects, err := disk.Open(t.TempDir())
		require.NoError(t, err)
		require.NoError(t, objects.Put(t.Context(), "exams/x/notice", strings.NewReader(notice), int64(len(notice)), hashOf(notice)))
		o.Objects = objects
	})
	content := store.ExamContent{
		Exam:       exam.Exam{ID: "x", Title: "面试", StartsAt: b.now.Add(anHour), Policy: exam.DefaultPolicy(), Pledge: exam.Pledge{Text: "我承诺", SHA256: hashOf("我承诺")}},
		Candidates: []exam.Candidate{{ExamID: "x", Ticket: "001", Name: "王小明", IDTail: "123X"}, {ExamID: "x", Ticket: "002", Name: "李雷", IDTail: "4567"}},
		Questions: []exam.Question{{ID: "q1", Text: secretOne, Prepare: time.Minute, Answer: 4 * time.Minute},
			{ID: "q2", Text: secretTwo, Prepare: time.Minute, Answer: 4 * time.Minute}},
		Attachments: []exam.Attachment{{ID: "n", Title: "须知", MIME: "text/plain", Size: int64(len(notice)), SHA256: hashOf(notice), Key: "exams/x/notice"}},
	}
	_, err := b.store.ImportExam(t.Context(), content, store.Import{Now: b.now, NewID: uuid.NewString})
	require.NoError(t, err)
	return b
}

// at sets the clock, counted from the exam's start.
func (b *bench) at(fromStart time.Duration) { b.clock.Store(b.now.Add(anHour + fromStart).UnixNano()) }

// told is what an answer says, whatever kind it is.
type told struct {
	Code    string `json:"code"`
	From    int64  `json:"from"`
	Attempt struct {
		ID      string `json:"id"`
		Step    string `json:"step"`
		Login   struct{ State, Reason string }
		Stills  map[string]int64 `json:"stills"`
		Blocked *struct {
			Code string `json:"code"`
			From int64  `json:"from"`
		} `json:"blocked"`
	} `json:"attempt"`
	Phone     *toldPhone `json:"phone"`
	Help      []struct{ From, Text, Cause string }
	Questions json.RawMessage `json:"questions"`
	Next      *int64          `json:"next"`
	Taken     []string        `json:"taken"`
	Refused   []struct{ ID, Why string }
}

func (b *bench) tell(method, path, body string) (int, told) {
	b.t.Helper()
	answer := b.request(method, path, body)
	data, err := io.ReadAll(answer.Body)
	require.NoError(b.t, err)
	var said told
	if len(data) > 0 {
		require.NoError(b.t, json.Unmarshal(data, &said), "%s %s: %s", method, path, data)
	}
	return answer.StatusCode, said
}

// sitDown signs a candidate in and gives the state.
func (b *bench) sitDown(ticket, tail string) (int, told) {
	b.t.Helper()
	body, _ := json.Marshal(map[string]string{"exam": "x", "ticket": ticket, "idTail": tail})
	answer := b.request("POST", "/api/candidate/login", string(body))
	var said told
	require.NoError(b.t, json.NewDecoder(answer.Body).Decode(&said))
	for _, c := range answer.Cookies() {
		b.cookie = c.Name + "=" + c.Value
		assert.True(b.t, c.HttpOnly)
		assert.Equal(b.t, http.SameSiteStrictMode, c.SameSite)
	}
	return answer.StatusCode, said
}

// as does something as staff of a role, and goes back to who was signed in.
func (b *bench) as(cookie string, do func()) {
	own := b.cookie
	b.cookie = cookie
	do()
	b.cookie = own
}

func picture(t *testing.T) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, jpeg.Encode(&out, image.NewGray(image.Rect(0, 0, 64, 48)), nil))
	return out.String()
}

func TestACandidatesWholeWayOverHTTP(t *testing.T) {
	b := newExamBench(t)
	support := b.signInAs(exam.Invigilator).cookie
	admin := b.signInAs(exam.Admin).cookie
	b.cookie = ""
	b.at(-31 * time.Minute)
	status, said := b.sitDown("001", "123x")
	assert.Equal(t, http.StatusConflict, status)
	assert.Equal(t, "too-early", said.Code)
	assert.Equal(t, b.now.Add(30*time.Minute).UnixMicro(), said.From)

	b.at(-30 * time.Minute)
	status, said = b.sitDown("001", "123x")
	require.Equal(t, http.StatusCreated, status)
	assert.Equal(t, "devices", said.Attempt.Step)
	assert.Equal(t, "waiting", said.Attempt.Login.State)
	require.NotNil(t, said.Phone)
	assert.Empty(t, said.Phone.Code, "a phone joins who was let in")
	id := said.Attempt.ID

	status, said = b.tell("POST", "/api/candidate/steps/devices", `{"results":{"camera":"ok"}}`)
	require.Equal(t, http.StatusOK, status)
	assert.Equal(t, "login", said.Attempt.Step)
	assert.Equal(t, http.StatusNoContent, b.request("PUT", "/api/candidate/stills/login", picture(t)).StatusCode)
	b.as(support, func() {
		shown := b.request("GET", "/api/attempts/"+id+"/pictures/login", "")
		assert.Equal(t, "image/jpeg", shown.Header.Get("Content-Type"))
		assert.Equal(t, http.StatusNotFound, b.request("GET", "/api/attempts/"+id+"/pictures/photo", "").StatusCode)
		assert.Equal(t, http.StatusNoContent, b.request("POST", "/api/attempts/"+id+"/login", `{"letIn":true,"reason":""}`).StatusCode)
		assert.Equal(t, http.StatusNoContent, b.request("POST", "/api/attempts/"+id+"/waive", `{"step":"phone","reason":"手机故障"}`).StatusCode)
		assert.Equal(t, http.StatusForbidden, b.request("POST", "/api/attempts/"+id+"/grant", `{"seconds":60,"reason":"x"}`).StatusCode, "invigilators do not grant time")
	})
	document := b.request("GET", "/api/candidate/attachments/n", "")
	text, _ := io.ReadAll(document.Body)
	assert.Equal(t, notice, string(text))
	assert.Equal(t, "text/plain; charset=utf-8", document.Header.Get("Content-Type"))
	assert.Equal(t, `"`+hashOf(notice)+`"`, document.Header.Get("ETag"))
	status, said = b.tell("POST", "/api/candidate/steps/attachments", `{"id":"n","sha256":"`+hashOf("other")+`"}`)
	assert.Equal(t, http.StatusConflict, status)
	assert.Equal(t, "hash-differs", said.Code)
	status, said = b.tell("POST", "/api/candidate/steps/attachments", `{"id":"n","sha256":"`+hashOf(notice)+`"}`)
	require.Equal(t, http.StatusOK, status)
	assert.Equal(t, "pledge", said.Attempt.Step)
	status, said = b.tell("POST", "/api/candidate/steps/pledge", `{"name":"王 小明","sha256":"`+hashOf("我承诺")+`"}`)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "entry", said.Attempt.Step)
	assert.Equal(t, "too-early", said.Attempt.Blocked.Code)
	status, said = b.tell("POST", "/api/candidate/steps/entry", `{"run":"r1"}`)
	assert.Equal(t, http.StatusConflict, status)
	assert.Equal(t, "too-early", said.Code)

	b.at(-15 * time.Minute)
	status, said = b.tell("POST", "/api/candidate/steps/entry", `{"run":"r1"}`)
	require.Equal(t, http.StatusOK, status)
	assert.Equal(t, "confirm", said.Attempt.Step)
	_, said = b.tell("POST", "/api/candidate/steps/confirm", `{"camera":"c","microphone":"m"}`)
	assert.Equal(t, "waiting", said.Attempt.Step)

	b.at(time.Second)
	_, said = b.tell("GET", "/api/candidate/questions", "")
	assert.Contains(t, string(said.Questions), secretOne)
	assert.Equal(t, b.now.Add(anHour+5*time.Minute).UnixMicro(), *said.Next)
	assert.Equal(t, http.StatusNoContent, b.request("POST", "/api/candidate/help", `{"text":"听不到声音"}`).StatusCode)
	b.as(admin, func() {
		assert.Equal(t, http.StatusNoContent, b.request("POST", "/api/attempts/"+id+"/answer", `{"text":"请检查耳机"}`).StatusCode)
		assert.Equal(t, http.StatusNoContent, b.request("POST", "/api/attempts/"+id+"/grant", `{"seconds":60,"reason":"声音故障"}`).StatusCode)
	})
	_, said = b.tell("GET", "/api/candidate/state", "")
	assert.Equal(t, "answering", said.Attempt.Step)
	require.Len(t, said.Help, 2)
	assert.Equal(t, "请检查耳机", said.Help[1].Text)
	status, said = b.tell("POST", "/api/candidate/steps/answering", `{}`)
	require.Equal(t, http.StatusOK, status)
	assert.Equal(t, "upload", said.Attempt.Step)
	status, said = b.tell("POST", "/api/candidate/steps/upload", `{}`)
	require.Equal(t, http.StatusOK, status)
	assert.Equal(t, "finished", said.Attempt.Step)
	b.at(time.Hour)
	_, said = b.tell("GET", "/api/candidate/questions", "")
	assert.NotContains(t, string(said.Questions), secretTwo, "what had not come before the end never comes")

	log, err := b.store.Events(t.Context(), id, 0)
	require.NoError(t, err)
	require.NoError(t, exam.CheckLog(log))
	b.as(admin, func() {
		answer := b.request("GET", "/api/attempts/"+id+"/log", "")
		data, _ := io.ReadAll(answer.Body)
		for _, kind := range []string{"signed-in", "devices-checked", "still", "login-approved", "step-waived", "attachment-read", "pledge-signed", "entered", "devices-confirmed",
			"answering-began", "help-asked", "help-answered", "time-granted", "answering-ended", "all-received"} {
			assert.Contains(t, string(data), `"`+kind+`"`)
		}
		assert.Contains(t, string(data), `"staff:invigilator-person"`)
	})
}

// Everything that a candidate or support can ask for is asked for, at every stage of the way: the text of a question whose time has not
// come is in nothing of it.
func TestNoQuestionLeavesTheServerBeforeItsTime(t *testing.T) {
	b := newExamBench(t)
	admin := b.signInAs(exam.Admin).cookie
	b.cookie = ""
	everything := func(id string) string {
		var all strings.Builder
		ask := func(cookie string) {
			own := b.cookie
			if cookie != "" {
				b.cookie = cookie
			}
			for _, route := range routes {
				if route.method != "GET" || strings.HasSuffix(route.path, "/events") || strings.HasSuffix(route.path, "/live") {
					continue
				}
				path := strings.NewReplacer("{id}", id, "{attempt}", id, "{file}", "camera-0.webm", "{name}", "sound", "{side}", "login", "{take}", strings.Repeat("0", 32)).Replace(route.path)
				for _, p := range []string{path, strings.Replace(path, id, "x", 1), strings.Replace(path, id, "n", 1), strings.Replace(path, id, "q2", 1)} {
					answer := b.request("GET", p, "")
					data, _ := io.ReadAll(answer.Body)
					all.Write(data)
					for name, values := range answer.Header {
						all.WriteString(name + strings.Join(values, ""))
					}
				}
			}
			b.cookie = own
		}
		ask("")
		ask(admin)
		for _, stream := range []string{"/api/candidate/live", "/api/phone/live", "/api/attempts/" + id + "/events", "/api/exams/x/events"} {
			all.WriteString(b.firstEvents(stream, admin))
		}
		log, err := b.store.Events(t.Context(), id, 0)
		require.NoError(t, err)
		data, _ := json.Marshal(log)
		all.Write(data)
		return all.String()
	}
	b.at(-20 * time.Minute)
	_, said := b.sitDown("001", "123X")
	id := said.Attempt.ID
	b.tell("POST", "/api/candidate/steps/devices", `{"results":{}}`)
	b.as(admin, func() {
		b.request("POST", "/api/attempts/"+id+"/login", `{"letIn":true,"reason":""}`)
		b.request("POST", "/api/attempts/"+id+"/waive", `{"step":"phone","reason":"x"}`)
	})
	b.cookie += "; " + b.joinPhone()
	require.Equal(t, http.StatusOK, b.request("GET", "/api/phone/state", "").StatusCode)
	b.tell("POST", "/api/candidate/steps/attachments", `{"id":"n","sha256":"`+hashOf(notice)+`"}`)
	b.tell("POST", "/api/candidate/steps/pledge", `{"name":"王小明","sha256":"`+hashOf("我承诺")+`"}`)
	b.at(-10 * time.Minute)
	b.tell("POST", "/api/candidate/steps/entry", `{"run":"r"}`)
	b.tell("POST", "/api/candidate/steps/confirm", `{"camera":"","microphone":""}`)

	b.at(-time.Millisecond)
	heard := everything(id)
	assert.NotContains(t, heard, secretOne)
	assert.NotContains(t, heard, secretTwo)
	b.at(0)
	heard = everything(id)
	assert.Contains(t, heard, secretOne)
	assert.NotContains(t, heard, secretTwo)
	b.at(5*time.Minute - time.Millisecond)
	assert.NotContains(t, everything(id), secretTwo)
	b.at(5 * time.Minute)
	assert.Contains(t, everything(id), secretTwo)
}

// firstEvents reads what a stream says at once, as the candidate or, if that is refused, as staff.
func (b *bench) firstEvents(path, staff string) string {
	b.t.Helper()
	cookie := b.cookie
	if !strings.HasPrefix(path, "/api/candidate") && !strings.HasPrefix(path, "/api/phone") {
		cookie = staff
	}
	r, err := http.NewRequest("GET", b.url+path, nil)
	require.NoError(b.t, err)
	r.Header.Set("Cookie", cookie)
	answer, err := http.DefaultClient.Do(r)
	require.NoError(b.t, err)
	defer answer.Body.Close()
	require.Equal(b.t, http.StatusOK, answer.StatusCode, path)
	var all strings.Builder
	buffer := make([]byte, 1<<16)
	// A beat comes after everything that there was to say at first.
	for !strings.Contains(all.String(), "event: beat") {
		n, err := answer.Body.Read(buffer)
		all.Write(buffer[:n])
		if err != nil {
			break
		}
	}
	return all.String()
}

func TestOneScreenAtATime(t *testing.T) {
	b := newExamBench(t)
	support := b.signInAs(exam.Invigilator).cookie
	b.cookie = ""
	b.at(-20 * time.Minute)
	_, said := b.sitDown("001", "123X")
	id := said.Attempt.ID
	status, _ := b.sitDown("001", "123X")
	assert.Equal(t, http.StatusCreated, status, "the same browser may sign in again")
	first := b.cookie

	b.cookie = ""
	status, said = b.sitDown("001", "123X")
	assert.Equal(t, http.StatusConflict, status)
	assert.Equal(t, "elsewhere", said.Code)
	second, err := b.store.EventsOf(t.Context(), id, exam.EventLoginElsewhere)
	require.NoError(t, err)
	assert.Len(t, second, 1, "support can see that somebody tried")

	chain := func() int {
		return b.request("PUT", "/api/candidate/takes/0123456789abcdef0123456789abcdef/chain?from=0", "").StatusCode
	}
	b.as(first, func() { assert.Equal(t, http.StatusNotFound, chain(), "it gets through") })
	bye := make(chan string, 1)
	go func() {
		r, _ := http.NewRequest("GET", b.url+"/api/candidate/live", nil)
		r.Header.Set("Cookie", first)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			bye <- err.Error()
			return
		}
		defer answer.Body.Close()
		data, _ := io.ReadAll(answer.Body)
		bye <- string(data)
	}()
	b.as(support, func() {
		assert.Equal(t, http.StatusNoContent, b.request("POST", "/api/attempts/"+id+"/release", `{"reason":"换电脑"}`).StatusCode)
		assert.Equal(t, http.StatusNotFound, b.request("POST", "/api/attempts/"+id+"/release", `{"reason":"again"}`).StatusCode)
	})
	status, _ = b.sitDown("001", "123X")
	assert.Equal(t, http.StatusCreated, status)
	b.as(first, func() {
		assert.Equal(t, http.StatusUnauthorized, b.request("GET", "/api/candidate/state", "").StatusCode)
		assert.Equal(t, http.StatusUnauthorized, chain(), "what was found a moment ago is forgotten")
	})
	said2 := <-bye
	assert.True(t, strings.Contains(said2, "event: bye") || strings.Contains(said2, "unauthorized"), said2)
}

func TestWrongNumbersAreSlowedDownAndCallSupport(t *testing.T) {
	b := newExamBench(t)
	b.at(-20 * time.Minute)
	for range 5 {
		status, said := b.sitDown("001", "0000")
		assert.Equal(t, http.StatusUnauthorized, status)
		assert.Equal(t, "unknown", said.Code)
	}
	answer := b.request("POST", "/api/candidate/login", `{"exam":"x","ticket":"001","idTail":"123X"}`)
	assert.Equal(t, http.StatusTooManyRequests, answer.StatusCode)
	assert.NotEmpty(t, answer.Header.Get("Retry-After"))
	a, err := b.store.AttemptOf(t.Context(), "x", "001")
	require.NoError(t, err)
	asked, err := b.store.EventsOf(t.Context(), a.ID, exam.EventHelpAsked)
	require.NoError(t, err)
	require.Len(t, asked, 1, "once, at the number of tries that the policy says")
	assert.JSONEq(t, `{"text":"","cause":"login-failed"}`, string(asked[0].Data))
	status, _ := b.sitDown("999", "0000")
	assert.Equal(t, http.StatusUnauthorized, status)
}

func TestMeasuringTheLine(t *testing.T) {
	b := newExamBench(t)
	answer := b.request("GET", "/api/candidate/probe?bytes=100000", "")
	data, _ := io.ReadAll(answer.Body)
	assert.Len(t, data, 100000)
	assert.Equal(t, "no-store", answer.Header.Get("Cache-Control"))
	assert.Equal(t, http.StatusBadRequest, b.request("GET", "/api/candidate/probe?bytes=99999999", "").StatusCode)
	answer = b.request("POST", "/api/candidate/probe", strings.Repeat("x", 5000))
	data, _ = io.ReadAll(answer.Body)
	assert.JSONEq(t, `{"bytes":5000}`, string(data))
	assert.Equal(t, http.StatusRequestEntityTooLarge, b.request("POST", "/api/candidate/probe", strings.Repeat("x", 5<<20)).StatusCode)
}

func TestTheClockAndTheExamAreOpenToEverybody(t *testing.T) {
	b := newExamBench(t)
	var clock struct{ Now int64 }
	require.NoError(t, json.NewDecoder(b.request("GET", "/api/candidate/clock", "").Body).Decode(&clock))
	assert.Equal(t, b.now.UnixMicro(), clock.Now)
	answer := b.request("GET", "/api/candidate/exams/x", "")
	data, _ := io.ReadAll(answer.Body)
	assert.Contains(t, string(data), "面试")
	assert.NotContains(t, string(data), "王小明")
	assert.Equal(t, http.StatusNotFound, b.request("GET", "/api/candidate/exams/none", "").StatusCode)
}
