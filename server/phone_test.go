package server_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/store"
)

type toldPhone struct {
	Code, QR, URL string
	Bound         *toldBound
}

type toldBound struct {
	At       int64
	Agent    string
	Pan      *struct{ Degrees int }
	PlacedAt *int64
	EndedAt  *int64
	Heard    int64
	Status   *struct{ Stage string }
	Still    *int64
}

// phoneTold is the state as a phone is told it, or why not.
type phoneTold struct {
	Code   string
	Ticket string
	Policy struct {
		Pan int
		End string
	}
	Attempt struct{ ID, Step string }
	Phone   struct {
		BoundAt    int64
		ReplacedAt *int64
		Pan        *struct{ Degrees int }
		PlacedAt   *int64
		EndedAt    *int64
	}
}

// letIn is a candidate who was let in twenty minutes before the start; b.cookie is the laptop's.
func letIn(t *testing.T) (b *bench, id string, said told) {
	t.Helper()
	b = newExamBench(t)
	b.at(-20 * time.Minute)
	_, said = b.sitDown("001", "123X")
	id = said.Attempt.ID
	b.tell("POST", "/api/candidate/steps/devices", `{"results":{}}`)
	b.do(id, exam.Decide{Staff: "root", LetIn: true})
	_, said = b.tell("GET", "/api/candidate/state", "")
	require.NotEmpty(t, said.Phone.Code)
	return b, id, said
}

// do applies a command, whoever may.
func (b *bench) do(id string, commands ...exam.Command) {
	b.t.Helper()
	for _, c := range commands {
		_, err := b.interviews.Do(b.t.Context(), id, c)
		require.NoError(b.t, err, "%T", c)
	}
}

func (b *bench) phone(cookie, method, path, body string) (int, phoneTold) {
	b.t.Helper()
	var status int
	var said phoneTold
	b.as(cookie, func() {
		answer := b.request(method, "/api/phone/"+path, body)
		data, err := io.ReadAll(answer.Body)
		require.NoError(b.t, err)
		status = answer.StatusCode
		if len(data) > 0 {
			require.NoError(b.t, json.Unmarshal(data, &said), "%s", data)
		}
	})
	return status, said
}

// bindWith binds a phone, and gives its cookie.
func (b *bench) bindWith(code string) (status int, cookie string, said phoneTold) {
	b.t.Helper()
	b.as("", func() {
		answer := b.request("POST", "/api/phone/bind", `{"code":"`+code+`"}`, "User-Agent", "a phone")
		status = answer.StatusCode
		require.NoError(b.t, json.NewDecoder(answer.Body).Decode(&said))
		for _, c := range answer.Cookies() {
			assert.True(b.t, c.HttpOnly)
			assert.Equal(b.t, http.SameSiteStrictMode, c.SameSite)
			cookie = c.Name + "=" + c.Value
		}
	})
	return status, cookie, said
}

// joinPhone binds a phone with the code that the laptop shows, asking for one where it shows none.
func (b *bench) joinPhone() (cookie string) {
	b.t.Helper()
	_, said := b.tell("GET", "/api/candidate/state", "")
	if said.Phone.Code == "" {
		_, said = b.tell("POST", "/api/candidate/phone", "")
	}
	status, cookie, _ := b.bindWith(said.Phone.Code)
	require.Equal(b.t, http.StatusCreated, status)
	return cookie
}

const (
	aPan    = `{"degrees":341.7,"way":"sensor","take":"0123456789abcdef0123456789abcdef","from":1000,"to":31000.4}`
	filming = `{"run":"r","stage":"film","recording":true,"take":"0123456789abcdef0123456789abcdef","since":1,"hidden":false,"battery":{"level":0.8,"charging":false},
		"network":{"online":true,"type":"wifi","downlink":10,"rtt":50},"unsent":{"bytes":1000,"seconds":1},"trouble":null,"camera":{"facing":"environment","width":1280,"height":720},
		"picture":{"bright":120,"steady":true},"space":"enough","newer":"than the server"}`
)

func TestAPhonesWholeWay(t *testing.T) {
	b, id, said := letIn(t)
	assert.Contains(t, said.Phone.QR, "data:image/svg+xml;base64,")
	assert.Contains(t, said.Phone.URL, "/phone?code="+said.Phone.Code)
	typed := "  " + strings.ToLower(said.Phone.Code[:4]) + "－" + said.Phone.Code[4:]
	status, phone, state := b.bindWith(typed)
	require.Equal(t, http.StatusCreated, status, "spaces, hyphens and small letters do not matter")
	assert.Equal(t, "001", state.Ticket)
	assert.Equal(t, 330, state.Policy.Pan)
	assert.Equal(t, "attempt", state.Policy.End)
	assert.Equal(t, "phone", state.Attempt.Step)

	_, said = b.tell("GET", "/api/candidate/state", "")
	assert.Empty(t, said.Phone.Code, "there is a phone: none is to join")
	require.NotNil(t, said.Phone.Bound)
	assert.Equal(t, "a phone", said.Phone.Bound.Agent)

	status, state = b.phone(phone, "POST", "steps/place", `{}`)
	assert.Equal(t, http.StatusConflict, status)
	assert.Equal(t, "incomplete", state.Code)
	for _, bad := range []string{`{}`, strings.Replace(aPan, "sensor", "magic", 1), strings.Replace(aPan, "0123", "01", 1), strings.Replace(aPan, "31000.4", "1", 1), `[]`} {
		status, _ = b.phone(phone, "POST", "steps/pan", bad)
		assert.Equal(t, http.StatusUnprocessableEntity, status, bad)
	}
	status, state = b.phone(phone, "POST", "steps/pan", aPan)
	require.Equal(t, http.StatusOK, status)
	assert.Equal(t, 341, state.Phone.Pan.Degrees)
	status, state = b.phone(phone, "POST", "steps/place", `{}`)
	require.Equal(t, http.StatusOK, status)
	assert.Equal(t, "attachments", state.Attempt.Step)
	require.NotNil(t, state.Phone.PlacedAt)

	status, _ = b.phone(phone, "POST", "events", `[{"id":"p","kind":"wake-lock","wall":1795600000000000,"server":null,"data":{"held":true,"problem":null}}]`)
	require.Equal(t, http.StatusOK, status)
	reported, err := b.store.EventsOf(t.Context(), id, exam.EventWakeLock)
	require.NoError(t, err)
	require.Len(t, reported, 1)
	assert.Equal(t, "phone", reported[0].Source)

	status, state = b.phone(phone, "POST", "steps/end", `{"by":"attempt"}`)
	assert.Equal(t, http.StatusConflict, status)
	assert.Equal(t, "not-yet", state.Code)
	status, _ = b.phone(phone, "DELETE", "session", "")
	assert.Equal(t, http.StatusNoContent, status)
	status, _ = b.phone(phone, "GET", "state", "")
	assert.Equal(t, http.StatusUnauthorized, status)
}

func TestACodeIsForOnePhoneAndTenMinutes(t *testing.T) {
	b, _, said := letIn(t)
	code := said.Phone.Code
	for _, wrong := range []string{"22222222", "0OIL1111", "", "短", code + "2", strings.Repeat("x", 90)} {
		status, cookie, state := b.bindWith(wrong)
		if wrong == "" {
			assert.Equal(t, http.StatusUnprocessableEntity, status)
			continue
		}
		assert.Equal(t, http.StatusNotFound, status, wrong)
		assert.Equal(t, "unknown", state.Code)
		assert.Empty(t, cookie)
	}
	b.at(-10 * time.Minute)
	status, _, state := b.bindWith(code)
	assert.Equal(t, http.StatusNotFound, status, "it is ten minutes old")
	assert.Equal(t, "unknown", state.Code)
	_, said = b.tell("GET", "/api/candidate/state", "")
	assert.NotEqual(t, code, said.Phone.Code)

	statuses := make([]int, 6)
	var wait sync.WaitGroup
	for n := range statuses {
		wait.Go(func() {
			answer, err := http.Post(b.url+"/api/phone/bind", "application/json", strings.NewReader(`{"code":"`+said.Phone.Code+`"}`))
			if err == nil {
				statuses[n] = answer.StatusCode
				answer.Body.Close()
			}
		})
	}
	wait.Wait()
	joined := 0
	for _, status := range statuses {
		if status == http.StatusCreated {
			joined++
		} else {
			assert.Equal(t, http.StatusNotFound, status)
		}
	}
	assert.Equal(t, 1, joined)
}

func TestWhoTriesManyCodesIsSlowedDown(t *testing.T) {
	b, _, said := letIn(t)
	status := 0
	tries := 0
	for ; status != http.StatusTooManyRequests; tries++ {
		require.Less(t, tries, 300)
		status, _, _ = b.bindWith("22222222")
	}
	assert.Equal(t, 201, tries)
	status, _, state := b.bindWith(said.Phone.Code)
	assert.Equal(t, http.StatusTooManyRequests, status, "also with the right one: or guessing would go on")
	assert.Equal(t, "slow-down", state.Code)
	b.at(-19 * time.Minute)
	status, _, _ = b.bindWith(said.Phone.Code)
	assert.Equal(t, http.StatusCreated, status)
}

func TestAPhoneIsNotChangedWithoutEnd(t *testing.T) {
	b, _, _ := letIn(t)
	for range 10 {
		b.joinPhone()
	}
	_, said := b.tell("POST", "/api/candidate/phone", "")
	status, _, _ := b.bindWith(said.Phone.Code)
	assert.Equal(t, http.StatusTooManyRequests, status)
	b.at(-18 * time.Minute)
	status, _, _ = b.bindWith(said.Phone.Code)
	assert.Equal(t, http.StatusCreated, status, "the code was not used up")
}

func TestAnExamWithoutPhoneBindsNone(t *testing.T) {
	b, id, said := letIn(t)
	e, err := b.store.Exam(t.Context(), "x")
	require.NoError(t, err)
	e.Policy.Skip = []exam.Step{exam.BindPhone}
	_, err = b.store.ImportExam(t.Context(), store.ExamContent{Exam: e,
		Candidates: []exam.Candidate{{ExamID: "x", Ticket: "001", Name: "王小明", IDTail: "123X"}, {ExamID: "x", Ticket: "002", Name: "李雷", IDTail: "4567"}},
		Questions: []exam.Question{{ID: "q1", Text: secretOne, Prepare: time.Minute, Answer: 4 * time.Minute},
			{ID: "q2", Text: secretTwo, Prepare: time.Minute, Answer: 4 * time.Minute}},
	}, store.Import{Now: b.now, NewID: func() string { return "unused" }})
	require.NoError(t, err)
	status, _, state := b.bindWith(said.Phone.Code)
	assert.Equal(t, http.StatusConflict, status)
	assert.Equal(t, "not-allowed", state.Code)
	status, said = b.tell("POST", "/api/candidate/phone", "")
	assert.Equal(t, http.StatusConflict, status)
	assert.Equal(t, "not-allowed", said.Code)
	_, said = b.tell("GET", "/api/candidate/state", "")
	assert.Nil(t, said.Phone)
	log, err := b.store.EventsOf(t.Context(), id, exam.EventPhoneBound)
	require.NoError(t, err)
	assert.Empty(t, log)
}

func TestAnotherPhoneTakesOverInTheMiddleOfAnswering(t *testing.T) {
	b, id, _ := letIn(t)
	first := b.joinPhone()
	b.phone(first, "POST", "steps/pan", aPan)
	b.phone(first, "POST", "steps/place", `{}`)
	status, _ := b.phone(first, "PUT", "status", filming)
	require.Equal(t, http.StatusNoContent, status)
	b.do(id, exam.Acknowledge{Attachment: exam.Attachment{ID: "n", SHA256: hashOf(notice)}, SHA256: hashOf(notice)}, exam.Sign{Name: "王小明", SHA256: hashOf("我承诺")})
	b.at(-10 * time.Minute)
	b.do(id, exam.Enter{}, exam.ConfirmDevices{})
	b.at(2 * time.Minute)

	_, said := b.tell("POST", "/api/candidate/phone", "")
	require.NotEmpty(t, said.Phone.Code)
	require.NotNil(t, said.Phone.Bound, "the first one stays until the second has joined")
	status, _ = b.phone(first, "PUT", "status", filming)
	assert.Equal(t, http.StatusNoContent, status)
	second := b.joinPhone()
	_, said = b.tell("GET", "/api/candidate/state", "")
	assert.Equal(t, "answering", said.Attempt.Step)
	assert.Nil(t, said.Phone.Bound.Status, "what the first one said is not of the second")
	status, state := b.phone(second, "POST", "steps/place", `{}`)
	require.Equal(t, http.StatusOK, status, "nobody has to show the room again now")
	assert.NotNil(t, state.Phone.PlacedAt)

	status, state = b.phone(first, "GET", "state", "")
	require.Equal(t, http.StatusOK, status)
	assert.NotNil(t, state.Phone.ReplacedAt)
	assert.Nil(t, state.Phone.PlacedAt)
	for _, what := range [][3]string{{"PUT", "status", filming}, {"PUT", "still", preview(t, 640, 360)}, {"POST", "steps/pan", aPan}, {"POST", "steps/place", `{}`}, {"POST", "steps/end", `{"by":"hand"}`}} {
		status, state = b.phone(first, what[0], what[1], what[2])
		assert.Equal(t, http.StatusConflict, status, what[1])
		assert.Equal(t, "elsewhere", state.Code, what[1])
	}
	status, _ = b.phone(first, "POST", "events", `[]`)
	assert.Equal(t, http.StatusOK, status, "what it has still to say is taken")
	b.as(first, func() {
		answer := b.request("POST", "/files/", "", "Trivue-As", "phone")
		assert.Equal(t, "granted "+id, answer.Header.Get("X-Grant"), "and so is what it has recorded")
		answer = b.request("POST", "/files/", "")
		assert.Equal(t, http.StatusUnauthorized, answer.StatusCode, "a phone says that it is one")
	})
	bound, err := b.store.EventsOf(t.Context(), id, exam.EventPhoneBound)
	require.NoError(t, err)
	require.Len(t, bound, 2)
	assert.JSONEq(t, `{"agent":"a phone","replaced":true}`, string(bound[1].Data))
}
