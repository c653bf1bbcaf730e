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
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/server"
)

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

func TestWhatAPhoneSaidOutlivesTheServer(t *testing.T) {
	b, id, _ := letIn(t)
	phone := b.joinPhone()
	b.at(-19 * time.Minute)
	status, _ := b.phone(phone, "PUT", "status", filming)
	require.Equal(t, http.StatusNoContent, status)
	another := server.New(server.Options{Store: b.store, Interviews: b.interviews, Media: oneFile{}, Uploads: nowhere, Takes: noTakes, Pages: nowhere, Hub: server.NewHub(), Now: b.interviews.Now,
		Previews: server.Previews{Folder: t.TempDir()}})
	defer another.Close()
	r := httptest.NewRequest("GET", "/api/exams/x/candidates", nil)
	r.Header.Set("Cookie", b.signInAs(exam.Invigilator).cookie)
	w := httptest.NewRecorder()
	another.Handler().ServeHTTP(w, r)
	var list struct {
		Candidates []struct {
			Attempt string
			Phone   *toldBound
		}
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &list), w.Body.String())
	require.Equal(t, id, list.Candidates[0].Attempt)
	assert.Equal(t, "film", list.Candidates[0].Phone.Status.Stage)
	assert.Equal(t, b.now.Add(anHour-19*time.Minute).UnixMicro(), list.Candidates[0].Phone.Heard)
	assert.Nil(t, list.Candidates[1].Phone)
}
