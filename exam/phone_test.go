package exam_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
)

var panned = exam.Panned{Degrees: 345, Way: exam.PanBySensor, Take: "t", From: 2000, To: 31_000}

// applied is the interview after further commands.
func applied(t *testing.T, i exam.Interview, at time.Time, commands ...exam.Command) exam.Interview {
	t.Helper()
	for _, c := range commands {
		a, happened, err := i.Apply(c, at)
		require.NoError(t, err, "%T", c)
		require.NotEmpty(t, happened, "%T", c)
		i.Attempt = a
	}
	return i
}

func TestAPhoneIsBoundFromBeingLetInUntilEverythingWasSent(t *testing.T) {
	skipped := walked(t, bound-1)
	skipped.Exam.Policy.Skip = []exam.Step{exam.BindPhone}
	for name, c := range map[string]struct {
		i    exam.Interview
		at   time.Time
		want exam.Refusal
	}{
		"before the login":         {walked(t, bound-2), before(28 * time.Minute), exam.Refusal{Code: exam.NotYet, Step: exam.Login}},
		"in an exam without":       {skipped, before(27 * time.Minute), exam.Refusal{Code: exam.NotAllowed, Detail: "this exam has no phone"}},
		"after everything is here": {walked(t, finished), after(12 * time.Minute), exam.Refusal{Code: exam.TooLate, Detail: "everything was sent"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := c.i.Apply(exam.Bind{}, c.at)
			assert.Equal(t, c.want, refused(t, err))
			_, _, err = c.i.Apply(exam.AskForPhone{}, c.at)
			assert.Equal(t, c.want, refused(t, err), "nor is there a code")
		})
	}
	i := applied(t, walked(t, confirmed), after(2*time.Minute), exam.AskForPhone{}, exam.Bind{Agent: "another"})
	assert.Equal(t, exam.Answering, i.Step(after(2*time.Minute)), "nobody is kept from answering")
	assert.Equal(t, exam.PhoneCourse{BoundAt: after(2 * time.Minute), Bindings: 2, Agent: "another", Pan: i.Attempt.Course.Phone.Pan}, i.Attempt.Course.Phone)
	assert.Equal(t, 345, i.Attempt.Course.Phone.Pan.Degrees, "what was shown of the room before stays shown")
	i = applied(t, i, after(3*time.Minute), exam.Place{Binding: 2})
	assert.Equal(t, after(3*time.Minute), i.Attempt.Course.Phone.PlacedAt)

	i = applied(t, walked(t, finished-1), after(11*time.Minute), exam.Bind{})
	assert.Equal(t, exam.Sending, i.Step(after(11*time.Minute)), "to send what it holds")
}

func TestTheStepIsDoneWhenThePhoneStands(t *testing.T) {
	at := before(27 * time.Minute)
	i := walked(t, bound)
	_, _, err := i.Apply(exam.Place{Binding: 1}, at)
	assert.Equal(t, exam.Incomplete, refused(t, err).Code, "not before the room was shown")
	few := panned
	few.Degrees = 329
	_, _, err = i.Apply(exam.Pan{Binding: 1, Panned: few}, at)
	assert.Equal(t, exam.Refusal{Code: exam.Incomplete, Detail: "329 of 330 degrees were seen"}, refused(t, err))
	timed := exam.Panned{Way: exam.PanByTime, Take: "t", To: 30_000}
	i = applied(t, i, at, exam.Pan{Binding: 1, Panned: timed}, exam.Pan{Binding: 1, Panned: panned})
	_, happened, err := i.Apply(exam.Pan{Binding: 1, Panned: panned}, at.Add(time.Second))
	require.NoError(t, err)
	assert.Empty(t, happened, "an answer was lost")
	i = applied(t, i, at, exam.Place{Binding: 1})
	assert.Equal(t, exam.Attachments, i.Step(at))
	assert.Equal(t, exam.PanBySensor, i.Attempt.Course.Phone.Pan.Way, "the last one counts")
	_, happened, err = i.Apply(exam.Place{Binding: 1}, at)
	require.NoError(t, err)
	assert.Empty(t, happened)
	_, _, err = i.Apply(exam.Pan{Binding: 1, Panned: timed}, at)
	assert.Equal(t, exam.Already, refused(t, err).Code)

	i = walked(t, bound)
	i.Exam.Policy.Phone.Pan = 0
	applied(t, i, at, exam.Place{Binding: 1})

	unchecked := walked(t, bound)
	delete(unchecked.Attempt.Course.Done, exam.Devices)
	unchecked = applied(t, unchecked, at, exam.Pan{Binding: 1, Panned: panned})
	_, _, err = unchecked.Apply(exam.Place{Binding: 1}, at)
	assert.Equal(t, exam.Refusal{Code: exam.NotYet, Step: exam.Devices}, refused(t, err))
}

func TestAPhoneThatTakesOverBeforeEnteringBeginsAnew(t *testing.T) {
	at := before(20 * time.Minute)
	i := applied(t, walked(t, placed), at, exam.Bind{Agent: "another"})
	assert.Equal(t, exam.BindPhone, i.Step(at))
	assert.Nil(t, i.Attempt.Course.Phone.Pan)
	for _, c := range []exam.Command{exam.Pan{Binding: 1, Panned: panned}, exam.Place{Binding: 1}, exam.EndPhone{Binding: 1, By: exam.EndByHand}} {
		_, _, err := i.Apply(c, at)
		assert.Equal(t, exam.Elsewhere, refused(t, err).Code, "%T of the phone that was replaced", c)
	}
	applied(t, i, at, exam.Pan{Binding: 2, Panned: panned}, exam.Place{Binding: 2})

	waived := applied(t, walked(t, bound-1), at, exam.Waive{Step: exam.BindPhone, Staff: "root", Reason: "x"}, exam.Bind{}, exam.Bind{})
	assert.Equal(t, exam.Attachments, waived.Step(at), "what was waived stays so")
	_, _, err := walked(t, bound-1).Apply(exam.Place{}, at)
	assert.Equal(t, exam.Refusal{Code: exam.NotYet, Step: exam.BindPhone}, refused(t, err))
}

func TestAPhoneEndsAfterAnswering(t *testing.T) {
	i := walked(t, confirmed)
	_, _, err := i.Apply(exam.EndPhone{Binding: 1, By: exam.EndWithAttempt}, after(time.Minute))
	assert.Equal(t, exam.Refusal{Code: exam.NotYet, Step: exam.Answering}, refused(t, err))
	over := after(12 * time.Minute)
	ended := applied(t, i, over, exam.EndPhone{Binding: 1, By: exam.EndWithAttempt})
	assert.Equal(t, over, ended.Attempt.Course.Phone.EndedAt)
	applied(t, i, over, exam.EndPhone{Binding: 1, By: exam.EndByHand})
	i.Exam.Policy.Phone.End = exam.EndByHand
	_, _, err = i.Apply(exam.EndPhone{Binding: 1, By: exam.EndWithAttempt}, over)
	assert.Equal(t, exam.NotAllowed, refused(t, err).Code)

	again := applied(t, ended, after(20*time.Minute), exam.Readmit{Extra: time.Minute, Staff: "root", Reason: "x"})
	assert.Zero(t, again.Attempt.Course.Phone.EndedAt, "it films on")
}

func TestTheLaptopDoesNotWaitForThePhone(t *testing.T) {
	i := walked(t, finished-1)
	at := after(11 * time.Minute)
	i = applied(t, i, at, exam.Send{PhoneMissing: "take 1 of the phone is not here whole"})
	assert.Equal(t, exam.Sending, i.Step(at))
	assert.Equal(t, at, i.Attempt.Course.LaptopSent)
	for _, c := range []exam.Command{exam.Send{PhoneMissing: "x"}, exam.Settle{PhoneMissing: "x"}} {
		_, happened, err := i.Apply(c, at)
		require.NoError(t, err)
		assert.Empty(t, happened, "%T", c)
	}
	assert.Equal(t, exam.Finished, applied(t, i, at, exam.Settle{}).Step(at))

	_, happened, err := walked(t, finished-1).Apply(exam.Settle{}, at)
	require.NoError(t, err)
	assert.Empty(t, happened, "the phone alone does not end an attempt")
}

func TestARehearsalThatBeginsAnewKeepsItsPhone(t *testing.T) {
	i := walked(t, finished)
	i.Exam.Rehearsal = true
	i = applied(t, i, after(time.Hour), exam.Restart{})
	assert.Equal(t, exam.PhoneCourse{BoundAt: before(27 * time.Minute), Bindings: 1, Agent: "phone"}, i.Attempt.Course.Phone)
}

func TestWhatAPhonesPolicyMayBe(t *testing.T) {
	for _, c := range []struct {
		phone exam.PhonePolicy
		wrong string
	}{
		{exam.PhonePolicy{Pan: 0, End: exam.EndByHand}, ""},
		{exam.PhonePolicy{Pan: 360, End: exam.EndWithAttempt}, ""},
		{exam.PhonePolicy{Pan: 361, End: exam.EndWithAttempt}, "from 0 (none) to 360"},
		{exam.PhonePolicy{Pan: -1, End: exam.EndWithAttempt}, "from 0 (none) to 360"},
		{exam.PhonePolicy{Pan: 330}, "attempt or hand"},
	} {
		p := exam.DefaultPolicy()
		p.Phone = c.phone
		if c.wrong == "" {
			assert.NoError(t, p.Validate())
		} else {
			assert.ErrorContains(t, p.Validate(), c.wrong)
		}
	}
}
