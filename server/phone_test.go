package server_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/server"
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

func preview(t *testing.T, width, height int) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, jpeg.Encode(&out, image.NewGray(image.Rect(0, 0, width, height)), nil))
	return out.String()
}

func TestWhatAPhoneSeesIsShownUntilItEnds(t *testing.T) {
	b, id, _ := letIn(t)
	support := b.signInAs(exam.Invigilator).cookie
	b.cookie = ""
	_, _ = b.sitDown("001", "123X")
	b.do(id, exam.SignOut{Staff: "root"})
	require.NoError(t, b.store.CloseCandidateSession(t.Context(), id))
	_, _ = b.sitDown("001", "123X")
	phone := b.joinPhone()
	shown := func() (candidate, staff int) {
		candidate = b.request("GET", "/api/candidate/phone/still", "").StatusCode
		b.as(support, func() { staff = b.request("GET", "/api/attempts/"+id+"/pictures/phone", "").StatusCode })
		return candidate, staff
	}
	candidate, staff := shown()
	assert.Equal(t, []int{http.StatusNotFound, http.StatusNotFound}, []int{candidate, staff})
	for body, want := range map[string]int{"no picture": http.StatusUnprocessableEntity, preview(t, 641, 10): http.StatusUnprocessableEntity, strings.Repeat("x", 100_001): http.StatusRequestEntityTooLarge} {
		status, _ := b.phone(phone, "PUT", "still", body)
		assert.Equal(t, want, status)
	}
	want := preview(t, 640, 360)
	status, _ := b.phone(phone, "PUT", "still", want)
	require.Equal(t, http.StatusNoContent, status)
	answer := b.request("GET", "/api/candidate/phone/still", "")
	got, _ := io.ReadAll(answer.Body)
	assert.Equal(t, want, string(got))
	assert.Equal(t, "image/jpeg", answer.Header.Get("Content-Type"))
	assert.Equal(t, "no-store", answer.Header.Get("Cache-Control"))
	_, said := b.tell("GET", "/api/candidate/state", "")
	require.NotNil(t, said.Phone.Bound.Still)
	assert.Equal(t, b.now.Add(anHour-20*time.Minute).UnixMicro(), *said.Phone.Bound.Still)
	candidate, staff = shown()
	assert.Equal(t, []int{http.StatusOK, http.StatusOK}, []int{candidate, staff})

	b.do(id, exam.Waive{Step: exam.BindPhone, Staff: "root", Reason: "x"}, exam.Acknowledge{Attachment: exam.Attachment{ID: "n", SHA256: hashOf(notice)}, SHA256: hashOf(notice)},
		exam.Sign{Name: "王小明", SHA256: hashOf("我承诺")})
	b.at(-10 * time.Minute)
	b.do(id, exam.Enter{}, exam.ConfirmDevices{})
	b.at(10 * time.Minute)
	status, _ = b.phone(phone, "POST", "steps/end", `{"by":"attempt"}`)
	require.Equal(t, http.StatusOK, status)
	candidate, staff = shown()
	assert.Equal(t, []int{http.StatusNotFound, http.StatusNotFound}, []int{candidate, staff}, "none after the attempt")
	status, state := b.phone(phone, "PUT", "still", want)
	assert.Equal(t, http.StatusConflict, status)
	assert.Equal(t, "too-late", state.Code)
}

func TestPreviewsOfPhonesThatAreGoneAreRemoved(t *testing.T) {
	previews := server.Previews{Folder: t.TempDir()}
	now := time.Now()
	require.NoError(t, previews.Save("old", []byte("x"), now.Add(-2*time.Hour)))
	require.NoError(t, previews.Save("new", []byte("x"), now))
	require.NoError(t, previews.Sweep(t.Context(), now))
	left, err := os.ReadDir(previews.Folder)
	require.NoError(t, err)
	require.Len(t, left, 1)
	assert.Equal(t, "new.jpg", left[0].Name())
	assert.NoError(t, server.Previews{Folder: "/no/such/folder"}.Sweep(t.Context(), now))
}

func TestAPhonesStatusIsWrittenWhenMoreThanItsNumbersChanges(t *testing.T) {
	b, id, _ := letIn(t)
	phone := b.joinPhone()
	put := func(status string) time.Time {
		code, said := b.phone(phone, "PUT", "status", status)
		require.Equal(t, http.StatusNoContent, code, said.Code)
		row, err := b.store.PhoneStatus(t.Context(), id)
		require.NoError(t, err)
		return row.HeardAt
	}
	begin := b.now.Add(anHour - 20*time.Minute)
	at := func(after time.Duration) time.Time {
		b.at(-20*time.Minute + after)
		return begin.Add(after)
	}
	assert.Equal(t, begin, put(filming))
	now := at(5 * time.Second)
	fewer := strings.NewReplacer("0.8", "0.79", `"bytes":1000`, `"bytes":2000`, `"rtt":50`, `"rtt":70`).Replace(filming)
	assert.Equal(t, begin, put(fewer), "numbers alone are not written")
	_, said := b.tell("GET", "/api/candidate/state", "")
	assert.Equal(t, now.UnixMicro(), said.Phone.Bound.Heard, "but are told")
	now = at(6 * time.Second)
	assert.Equal(t, now, put(strings.Replace(fewer, `"trouble":null`, `"trouble":"dark"`, 1)))
	at(20 * time.Second)
	assert.Equal(t, now, put(strings.Replace(fewer, `"trouble":null`, `"trouble":"dark"`, 1)))
	now = at(21 * time.Second)
	assert.Equal(t, now, put(strings.Replace(fewer, `"trouble":null`, `"trouble":"dark"`, 1)), "at least every fifteen seconds")

	for _, bad := range []string{`{}`, `[]`, `7`, strings.Replace(filming, "film", "dance", 1), strings.Replace(filming, "enough", "some", 1), strings.Replace(filming, "0.8", "80", 1),
		strings.Replace(filming, `"bytes":1000`, `"bytes":-1`, 1), strings.Replace(filming, `"wifi"`, `"`+strings.Repeat("w", 101)+`"`, 1)} {
		status, _ := b.phone(phone, "PUT", "status", bad)
		assert.Equal(t, http.StatusUnprocessableEntity, status, bad)
	}
	status := 0
	for n := 0; status != http.StatusTooManyRequests; n++ {
		require.Less(t, n, 100)
		status, _ = b.phone(phone, "PUT", "status", filming)
	}
}

// eventStream reads a stream of events until the test ends.
type eventStream struct {
	t     *testing.T
	lines *bufio.Scanner
}

func (b *bench) listen(path, cookie string) *eventStream {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), time.Minute) // what never comes fails one test, not all
	b.t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "GET", b.url+path, nil)
	require.NoError(b.t, err)
	r.Header.Set("Cookie", cookie)
	answer, err := http.DefaultClient.Do(r)
	require.NoError(b.t, err)
	b.t.Cleanup(func() { answer.Body.Close() })
	require.Equal(b.t, http.StatusOK, answer.StatusCode)
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<20)
	return &eventStream{b.t, lines}
}

// next gives the data of the next event of a name.
func (s *eventStream) next(name string) string {
	s.t.Helper()
	for s.lines.Scan() {
		if s.lines.Text() == "event: "+name {
			s.lines.Scan()
			return strings.TrimPrefix(s.lines.Text(), "data: ")
		}
	}
	s.t.Fatalf("the stream ended before %s: %v", name, s.lines.Err())
	return ""
}

func TestWhatAPhoneSaysIsPushed(t *testing.T) {
	b, id, _ := letIn(t)
	laptop := b.cookie
	support := b.signInAs(exam.Invigilator).cookie
	b.cookie = laptop
	phone := b.joinPhone()
	candidate, staff, own := b.listen("/api/candidate/live", laptop), b.listen("/api/exams/x/events", support), b.listen("/api/phone/live", phone)
	candidate.next("questions")
	assert.Contains(t, staff.next("candidates"), `"agent":"a phone"`)
	own.next("state")

	b.at(-19 * time.Minute)
	began := time.Now()
	status, _ := b.phone(phone, "PUT", "status", filming)
	require.Equal(t, http.StatusNoContent, status)
	heard := candidate.next("phone")
	assert.Less(t, time.Since(began), time.Second)
	var bound toldBound
	require.NoError(t, json.Unmarshal([]byte(heard), &bound))
	assert.Equal(t, "film", bound.Status.Stage)
	assert.NotContains(t, heard, "newer", "only what is known is told")
	var phones struct{ Phones map[string]toldBound }
	require.NoError(t, json.Unmarshal([]byte(staff.next("phones")), &phones))
	assert.Equal(t, "film", phones.Phones[id].Status.Stage)

	b.phone(phone, "POST", "steps/pan", aPan)
	assert.Contains(t, own.next("state"), `"degrees":341`)
	assert.Contains(t, candidate.next("state"), `"degrees":341`)
	b.joinPhone()
	for said := own.next("state"); !strings.Contains(said, `"replacedAt":1`); said = own.next("state") {
		assert.Contains(t, said, `"replacedAt":null`)
	}
	b.phone(phone, "DELETE", "session", "")
	own.next("bye")
}

func TestALaptopIsDoneBeforeItsPhone(t *testing.T) {
	b, id, _ := letIn(t)
	phone := b.joinPhone()
	b.phone(phone, "POST", "steps/pan", aPan)
	b.phone(phone, "POST", "steps/place", `{}`)
	b.do(id, exam.Acknowledge{Attachment: exam.Attachment{ID: "n", SHA256: hashOf(notice)}, SHA256: hashOf(notice)}, exam.Sign{Name: "王小明", SHA256: hashOf("我承诺")})
	b.at(-10 * time.Minute)
	b.do(id, exam.Enter{}, exam.ConfirmDevices{})
	b.at(10 * time.Minute)
	take := strings.Repeat("ab", 16)
	require.NoError(t, b.store.BeginChain(t.Context(), id, take, "video/webm", ""))
	require.NoError(t, b.store.CreateTake(t.Context(), exam.Take{ID: take, UploadID: take, AttemptID: id, Kind: exam.Phone, Name: "phone", Size: -1, State: exam.Uploading, CreatedAt: b.now}))

	sent := func() string {
		status, said := b.tell("POST", "/api/candidate/steps/upload", `{}`)
		require.Equal(t, http.StatusOK, status, said.Code)
		return said.Attempt.Step
	}
	assert.Equal(t, "upload", sent(), "a take of the phone is not here")
	done := strings.Replace(filming, `"film"`, `"done"`, 1)
	b.phone(phone, "POST", "steps/end", `{"by":"attempt"}`)
	b.phone(phone, "PUT", "status", done)
	assert.Equal(t, "upload", sent(), "the phone's word does not make it so")
	require.NoError(t, b.store.ChangeTakeState(t.Context(), take, exam.Discarded))
	assert.Equal(t, "upload", sent(), "it says that it has more")
	b.phone(phone, "PUT", "status", strings.Replace(done, `"bytes":1000`, `"bytes":0`, 1))
	_, said := b.tell("GET", "/api/candidate/state", "")
	assert.Equal(t, "finished", said.Attempt.Step, "nobody waits at the laptop any more")
	events, err := b.store.EventsOf(t.Context(), id, exam.EventLaptopSent, exam.EventAllReceived)
	require.NoError(t, err)
	require.Len(t, events, 2)
	assert.Contains(t, string(events[0].Data), fmt.Sprintf("take %s of the phone", take))
	status, _, state := b.bindWith("22222222")
	assert.Equal(t, http.StatusNotFound, status, state.Code)
}
