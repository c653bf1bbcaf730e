package exam_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
)

var (
	start  = time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)
	before = func(d time.Duration) time.Time { return start.Add(-d) }
	after  = func(d time.Duration) time.Time { return start.Add(d) }
)

// anInterview has two questions of 1 + 5 minutes, one attachment and a pledge.
func anInterview() exam.Interview {
	return exam.Interview{
		Exam:        exam.Exam{ID: "e", StartsAt: start, Policy: exam.DefaultPolicy(), Pledge: exam.Pledge{Text: "我承诺", SHA256: "p"}},
		Candidate:   exam.Candidate{Ticket: "1", Name: "王 小明"},
		Items:       []exam.Item{{ID: "q1", Prepare: time.Minute, Answer: 5 * time.Minute}, {ID: "q2", Prepare: time.Minute, Answer: 5 * time.Minute}},
		Attachments: []string{"notice"},
	}
}

var notice = exam.Attachment{ID: "notice", SHA256: "n"}

// walk is a candidate's whole way, each command at a time at which it is possible.
var walk = []struct {
	step    exam.Step // that the command does
	command exam.Command
	at      time.Time
}{
	{exam.Login, exam.SignIn{Address: "::1"}, before(29 * time.Minute)},
	{exam.Devices, exam.Check{Results: json.RawMessage(`{"camera":"ok"}`)}, before(29 * time.Minute)},
	{exam.Login, exam.Decide{Staff: "root", LetIn: true}, before(28 * time.Minute)},
	{exam.BindPhone, exam.Bind{Agent: "phone"}, before(27 * time.Minute)},
	{exam.BindPhone, exam.Pan{Binding: 1, Panned: panned}, before(27 * time.Minute)},
	{exam.BindPhone, exam.Place{Binding: 1}, before(27 * time.Minute)},
	{exam.Attachments, exam.Acknowledge{Attachment: notice, SHA256: "n"}, before(26 * time.Minute)},
	{exam.SignPledge, exam.Sign{Name: "王小明", SHA256: "p"}, before(25 * time.Minute)},
	{exam.Entry, exam.Enter{Run: "r"}, before(14 * time.Minute)},
	{exam.Confirm, exam.ConfirmDevices{Camera: "c", Microphone: "m"}, before(13 * time.Minute)},
	{exam.Answering, exam.End{}, after(10 * time.Minute)},
	{exam.Sending, exam.Send{}, after(11 * time.Minute)},
}

// walked is the interview after the first n commands of the walk.
func walked(t *testing.T, n int) exam.Interview {
	t.Helper()
	i := anInterview()
	for _, w := range walk[:n] {
		a, happened, err := i.Apply(w.command, w.at)
		require.NoError(t, err, "%T", w.command)
		require.NotEmpty(t, happened, "%T", w.command)
		require.Equal(t, i.Attempt.Version+1, a.Version)
		i.Attempt = a
	}
	return i
}

const bound, placed, entered, confirmed, finished = 4, 6, 9, 10, 12 // commands of the walk until then

func refused(t *testing.T, err error) exam.Refusal {
	t.Helper()
	var r exam.Refusal
	require.ErrorAs(t, err, &r)
	return r
}

func TestTheWholeWay(t *testing.T) {
	steps := []exam.Step{exam.Devices, exam.Devices, exam.Login, exam.BindPhone, exam.BindPhone, exam.BindPhone, exam.Attachments, exam.SignPledge, exam.Entry, exam.Confirm, exam.Waiting, exam.Sending, exam.Finished}
	for n, want := range steps {
		i := walked(t, n)
		at := before(30 * time.Minute)
		if n > 0 {
			at = walk[n-1].at
		}
		assert.Equal(t, want, i.Step(at), "after %d commands", n)
	}
	i := walked(t, confirmed)
	assert.Equal(t, exam.Waiting, i.Step(start.Add(-1)))
	assert.Equal(t, exam.Answering, i.Step(start))
	assert.Equal(t, exam.Sending, i.Step(after(12*time.Minute)), "time ends answering")
}

// Every command at every place of the way: what is not meant to be possible there is refused, with the reason.
func TestNothingIsDoneBeforeItsTurn(t *testing.T) {
	commands := map[exam.Step]exam.Command{
		exam.Attachments: exam.Acknowledge{Attachment: notice, SHA256: "n"}, exam.SignPledge: exam.Sign{Name: "王小明", SHA256: "p"},
		exam.Entry: exam.Enter{}, exam.Confirm: exam.ConfirmDevices{},
	}
	for n := range confirmed {
		i := walked(t, n)
		at := before(14 * time.Minute)
		now := i.Step(at)
		reached := false
		for _, step := range exam.Steps {
			reached = reached || step == now
			command, has := commands[step]
			if !has {
				continue
			}
			_, _, err := i.Apply(command, at)
			if reached && step != now {
				assert.Equal(t, exam.NotYet, refused(t, err).Code, "%s after %d commands", step, n)
				assert.Equal(t, now, refused(t, err).Step, "%s after %d commands", step, n)
			} else {
				assert.NoError(t, err, "%s after %d commands", step, n)
			}
		}
		_, _, err := i.Apply(exam.Send{}, at)
		assert.Equal(t, exam.NotYet, refused(t, err).Code)
	}
}

func TestWindows(t *testing.T) {
	i := anInterview()
	_, _, err := i.Apply(exam.SignIn{}, before(30*time.Minute+1))
	assert.Equal(t, exam.Refusal{Code: exam.TooEarly, From: before(30 * time.Minute)}, refused(t, err))
	_, _, err = i.Apply(exam.SignIn{}, before(30*time.Minute))
	assert.NoError(t, err)
	_, _, err = i.Apply(exam.SignIn{}, start)
	assert.Equal(t, exam.TooLate, refused(t, err).Code)

	i = walked(t, entered-1)
	_, _, err = i.Apply(exam.Enter{}, before(15*time.Minute+1))
	assert.Equal(t, exam.Refusal{Code: exam.TooEarly, From: before(15 * time.Minute)}, refused(t, err))
	_, _, err = i.Apply(exam.Enter{}, start.Add(-1))
	assert.NoError(t, err)
	_, _, err = i.Apply(exam.Enter{}, start)
	assert.Equal(t, exam.TooLate, refused(t, err).Code)

	i = walked(t, entered)
	a, happened, err := i.Apply(exam.Enter{}, after(time.Minute))
	require.NoError(t, err, "who was in may come back")
	assert.Equal(t, 1, a.Course.Reentered)
	assert.Equal(t, exam.EventReentered, happened[len(happened)-1].Kind)
	_, _, err = i.Apply(exam.SignIn{}, after(time.Minute))
	assert.NoError(t, err)
	_, _, err = i.Apply(exam.Enter{}, after(12*time.Minute))
	assert.Equal(t, exam.TooLate, refused(t, err).Code)

	i = walked(t, confirmed)
	_, _, err = i.Apply(exam.End{}, start.Add(-1))
	assert.Equal(t, exam.TooEarly, refused(t, err).Code)
	times := i.Times()
	assert.Equal(t, after(12*time.Minute), times.End)
	assert.Equal(t, after(72*time.Minute), times.Upload)
}

func TestQuestionsAreReleasedAtTheSecond(t *testing.T) {
	ids := func(i exam.Interview, at time.Time) (ids []string) {
		for _, s := range i.Released(at) {
			ids = append(ids, s.ID)
		}
		return ids
	}
	i := walked(t, confirmed)
	assert.Empty(t, ids(i, start.Add(-1)))
	assert.Equal(t, []string{"q1"}, ids(i, start))
	assert.Equal(t, []string{"q1"}, ids(i, after(6*time.Minute).Add(-1)))
	assert.Equal(t, []string{"q1", "q2"}, ids(i, after(6*time.Minute)))
	assert.Empty(t, ids(walked(t, entered-1), after(time.Minute)), "not to who has not entered")

	i.Exam.Policy.Timing = exam.ByPaper
	assert.Empty(t, ids(i, start.Add(-1)))
	assert.Equal(t, []string{"q1", "q2"}, ids(i, start))

	i = walked(t, confirmed)
	i.Attempt.Course.Ended = &exam.Ending{At: after(time.Minute), By: "candidate"}
	assert.Equal(t, []string{"q1"}, ids(i, after(time.Hour)), "what had not come before the end never comes")
	i = walked(t, confirmed)
	i.Attempt.Course.Login.State = exam.LoginRefused
	assert.Empty(t, ids(i, after(time.Minute)))
}

func TestEveryMomentAtWhichSomethingChangesIsForeseen(t *testing.T) {
	i := walked(t, confirmed)
	at := before(time.Hour)
	var moments []time.Duration
	for {
		next := i.Next(at)
		if next.IsZero() {
			break
		}
		moments, at = append(moments, next.Sub(start)), next
	}
	assert.Equal(t, []time.Duration{-30 * time.Minute, -15 * time.Minute, 0, 6 * time.Minute, 12 * time.Minute, 72 * time.Minute}, moments)
}

func TestTimeAloneIsLoggedBeforeWhatComesAfter(t *testing.T) {
	i := walked(t, confirmed)
	a, happened, err := i.Apply(exam.Advance{}, after(time.Minute))
	require.NoError(t, err)
	assert.Equal(t, exam.EventAnsweringBegan, happened[0].Kind)
	i.Attempt = a
	_, happened, err = i.Apply(exam.Advance{}, after(2*time.Minute))
	require.NoError(t, err)
	assert.Empty(t, happened)

	_, happened, err = walked(t, confirmed).Apply(exam.Send{}, after(13*time.Minute))
	require.NoError(t, err)
	var kinds []exam.EventKind
	for _, h := range happened {
		kinds = append(kinds, h.Kind)
	}
	assert.Equal(t, []exam.EventKind{exam.EventAnsweringBegan, exam.EventAnsweringEnded, exam.EventAllReceived}, kinds)
}

func TestExtraTimeGoesToTheQuestionThatIsAnswered(t *testing.T) {
	grant := exam.GrantTime{Length: 2 * time.Minute, Staff: "root", Reason: "断电"}
	for name, c := range map[string]struct {
		at           time.Time
		first, until time.Time // when the first and the last question end
		answer       time.Time // when the first question's time to answer begins
	}{
		"before the start":          {before(time.Minute), after(8 * time.Minute), after(14 * time.Minute), after(3 * time.Minute)},
		"while preparing the first": {after(30 * time.Second), after(8 * time.Minute), after(14 * time.Minute), after(3 * time.Minute)},
		"while answering the first": {after(2 * time.Minute), after(8 * time.Minute), after(14 * time.Minute), after(time.Minute)},
		"during the second":         {after(7 * time.Minute), after(6 * time.Minute), after(14 * time.Minute), after(time.Minute)},
	} {
		t.Run(name, func(t *testing.T) {
			i := walked(t, confirmed)
			a, _, err := i.Apply(grant, c.at)
			require.NoError(t, err)
			i.Attempt = a
			slots := i.Slots()
			assert.Equal(t, c.first, slots[0].Until)
			assert.Equal(t, c.until, slots[1].Until)
			assert.Equal(t, c.answer, slots[0].AnswerFrom)
			assert.Equal(t, c.until, i.Times().End)
		})
	}
	for _, bad := range []exam.GrantTime{{Length: time.Minute, Staff: "root"}, {Reason: "x"}, {Length: 5 * time.Hour, Reason: "x"}} {
		_, _, err := walked(t, confirmed).Apply(bad, start)
		assert.Error(t, err)
	}
}

func TestSupportDecidesOnLogins(t *testing.T) {
	i := walked(t, 2)
	_, _, err := i.Apply(exam.Decide{Staff: "root"}, before(28*time.Minute))
	assert.Equal(t, exam.Incomplete, refused(t, err).Code, "a refusal has a reason")
	a, _, err := i.Apply(exam.Decide{Staff: "root", Reason: "照片不符"}, before(28*time.Minute))
	require.NoError(t, err)
	assert.Equal(t, exam.LoginRefused, a.Course.Login.State)
	i.Attempt = a
	_, _, err = i.Apply(exam.Enter{}, before(14*time.Minute))
	assert.Equal(t, exam.NotYet, refused(t, err).Code)
	a, _, err = i.Apply(exam.SignIn{}, before(20*time.Minute))
	require.NoError(t, err)
	assert.Equal(t, exam.LoginWaiting, a.Course.Login.State, "may ask again")

	i = walked(t, entered)
	_, _, err = i.Apply(exam.Decide{Staff: "root", Reason: "x"}, start)
	assert.Equal(t, exam.Already, refused(t, err).Code)
	a, _, err = i.Apply(exam.SignIn{}, after(time.Minute))
	require.NoError(t, err)
	assert.Equal(t, exam.LoginApproved, a.Course.Login.State, "who was let in stays so")
}

func TestWhatIsSignedIsWhatWasShown(t *testing.T) {
	i := walked(t, placed)
	_, _, err := i.Apply(exam.Acknowledge{Attachment: notice, SHA256: "other"}, before(26*time.Minute))
	assert.Equal(t, exam.HashDiffers, refused(t, err).Code)
	_, _, err = i.Apply(exam.Acknowledge{Attachment: exam.Attachment{ID: "x"}}, before(26*time.Minute))
	assert.Equal(t, exam.NotAllowed, refused(t, err).Code)
	i = walked(t, placed+1)
	_, _, err = i.Apply(exam.Sign{Name: "李雷", SHA256: "p"}, before(25*time.Minute))
	assert.Equal(t, exam.NameDiffers, refused(t, err).Code)
	_, _, err = i.Apply(exam.Sign{Name: "王小明", SHA256: "x"}, before(25*time.Minute))
	assert.Equal(t, exam.HashDiffers, refused(t, err).Code)
}

func TestStepsThatAPolicyLeavesOut(t *testing.T) {
	i := anInterview()
	i.Exam.Policy.Skip = exam.Optional
	for _, c := range []exam.Command{exam.SignIn{}, exam.Decide{Staff: "root", LetIn: true}, exam.Enter{}, exam.ConfirmDevices{}} {
		a, _, err := i.Apply(c, before(10*time.Minute))
		require.NoError(t, err, "%T", c)
		i.Attempt = a
	}
	assert.Equal(t, exam.Waiting, i.Step(before(9*time.Minute)))
}

func TestStaffLetACandidateInAgain(t *testing.T) {
	readmit := exam.Readmit{Extra: 10 * time.Minute, Staff: "root", Reason: "电脑故障"}
	i := walked(t, entered-1)
	a, _, err := i.Apply(exam.Readmit{Staff: "root", Reason: "迟到五分钟"}, after(5*time.Minute))
	require.NoError(t, err)
	i.Attempt = a
	a, _, err = i.Apply(exam.Enter{}, after(6*time.Minute))
	require.NoError(t, err, "after the start, with leave")
	i.Attempt = a
	assert.Len(t, i.Released(after(6*time.Minute)), 2)

	i = walked(t, finished)
	require.Equal(t, exam.Finished, i.Step(after(11*time.Minute)))
	a, _, err = i.Apply(readmit, after(30*time.Minute))
	require.NoError(t, err)
	i.Attempt = a
	assert.Equal(t, exam.Answering, i.Step(after(31*time.Minute)))
	assert.Equal(t, after(40*time.Minute), i.Times().End, "ten minutes from when they were given")

	_, _, err = walked(t, finished).Apply(exam.Readmit{Staff: "root", Reason: "x"}, after(30*time.Minute))
	assert.Equal(t, exam.Incomplete, refused(t, err).Code)
	_, _, err = walked(t, finished).Apply(exam.Readmit{Staff: "root", Extra: time.Minute}, after(30*time.Minute))
	assert.Equal(t, exam.Incomplete, refused(t, err).Code)
}

func TestARehearsalIsAlwaysOpenAndCanBeginAnew(t *testing.T) {
	i := anInterview()
	i.Exam.Rehearsal, i.Exam.StartsAt = true, time.Time{}
	at := after(365 * 24 * time.Hour)
	assert.Equal(t, exam.Times{}, i.Times())
	assert.True(t, i.Next(at).IsZero())
	for _, w := range walk[:confirmed] {
		a, _, err := i.Apply(w.command, at)
		require.NoError(t, err, "%T", w.command)
		i.Attempt = a
	}
	assert.Equal(t, exam.Waiting, i.Step(at))
	assert.Equal(t, exam.Answering, i.Step(at.Add(exam.RehearsalCountdown)))
	assert.Equal(t, exam.Sending, i.Step(at.Add(time.Hour)))
	a, _, err := i.Apply(exam.Restart{}, at.Add(time.Hour))
	require.NoError(t, err)
	i.Attempt = a
	assert.Equal(t, exam.Devices, i.Step(at.Add(time.Hour)))
	assert.Equal(t, exam.LoginApproved, a.Course.Login.State)

	_, _, err = walked(t, finished).Apply(exam.Restart{}, after(time.Hour))
	assert.Equal(t, exam.NotAllowed, refused(t, err).Code)
}

func TestDoingSomethingTwiceChangesNothing(t *testing.T) {
	i := walked(t, confirmed)
	for _, c := range []exam.Command{exam.Decide{Staff: "root", LetIn: true}, exam.Acknowledge{Attachment: notice, SHA256: "n"}, exam.Sign{Name: "王小明", SHA256: "p"},
		exam.Enter{}, exam.Waive{Step: exam.BindPhone, Staff: "root", Reason: "x"}} {
		a, happened, err := i.Apply(c, before(12*time.Minute))
		assert.NoError(t, err, "%T", c)
		assert.Empty(t, happened, "%T", c)
		assert.Equal(t, i.Attempt, a, "%T", c)
	}
}

func TestApplyLeavesItsInterviewAsItWas(t *testing.T) {
	i := walked(t, placed)
	was, err := json.Marshal(i)
	require.NoError(t, err)
	for _, c := range []exam.Command{exam.Acknowledge{Attachment: notice, SHA256: "n"}, exam.GrantTime{Length: time.Minute, Reason: "x"}, exam.Send{}} {
		_, _, _ = i.Apply(c, after(time.Minute))
	}
	is, err := json.Marshal(i)
	require.NoError(t, err)
	assert.JSONEq(t, string(was), string(is))
	assert.False(t, errors.Is(exam.Refusal{Code: exam.TooLate}, exam.Refusal{Code: exam.TooEarly}))
}
