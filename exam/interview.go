package exam

import (
	"slices"
	"time"
)

// Interview is an attempt with everything that its rules depend on. Its methods are pure: what they say follows from it and the
// time that they are given.
type Interview struct {
	Exam        Exam
	Candidate   Candidate
	Items       []Item   // of the questions, in their order
	Attachments []string // identifiers, in their order
	Attempt     Attempt
}

// Start is zero of interview time.
func (i Interview) Start() time.Time {
	if at := i.Attempt.Course.StartsAt; !at.IsZero() {
		return at
	}
	return i.Exam.StartsAt
}

// unscheduled says that nothing has a time yet: a rehearsal whose candidate has not entered.
func (i Interview) unscheduled() bool { return i.Exam.Rehearsal && i.Attempt.Course.StartsAt.IsZero() }

// Times are the moments that a candidate waits for. All are zero where a rehearsal has no start yet.
type Times struct {
	Login  time.Time // signing in opens
	Entry  time.Time // entering opens
	Start  time.Time // answering begins, and entering closes
	End    time.Time // answering ends by itself
	Upload time.Time // what arrives later is late
}

// Times gives the moments of an interview.
func (i Interview) Times() Times {
	if i.unscheduled() {
		return Times{}
	}
	w, start, end := i.Exam.Policy.Windows, i.Start(), i.End()
	return Times{Login: start.Add(-w.Login), Entry: start.Add(-w.Entry), Start: start, End: end, Upload: end.Add(w.Upload)}
}

// Slot is a question's place in time.
type Slot struct {
	Item
	From       time.Time // the question is shown
	AnswerFrom time.Time // its time to prepare is over
	Until      time.Time
}

// Slots gives each question's place in time, in their order. Extra time prolongs the question that was being answered when it was
// granted, and what follows moves; where it was granted after the end, it prolongs the last one.
func (i Interview) Slots() []Slot {
	start := i.Start()
	slots := make([]Slot, len(i.Items))
	if i.Exam.Policy.Timing == ByPaper {
		end := start
		for _, item := range i.Items {
			end = end.Add(item.Prepare + item.Answer)
		}
		end = end.Add(i.Attempt.Course.Granted())
		for n, item := range i.Items {
			slots[n] = Slot{Item: item, From: start, AnswerFrom: start, Until: end}
		}
		return slots
	}
	granted := slices.Clone(i.Attempt.Course.Extra)
	slices.SortStableFunc(granted, func(a, b Extra) int { return a.At.Compare(b.At) })
	from := start
	for n, item := range i.Items {
		s := Slot{Item: item, From: from, AnswerFrom: from.Add(item.Prepare), Until: from.Add(item.Prepare + item.Answer)}
		for len(granted) > 0 && (granted[0].At.Before(s.Until) || n == len(i.Items)-1) {
			s.Until = s.Until.Add(granted[0].Length)
			if granted[0].At.Before(s.AnswerFrom) {
				s.AnswerFrom = s.AnswerFrom.Add(granted[0].Length)
			}
			granted = granted[1:]
		}
		slots[n], from = s, s.Until
	}
	return slots
}

// End is when answering ends by itself.
func (i Interview) End() time.Time {
	if slots := i.Slots(); len(slots) > 0 {
		return slots[len(slots)-1].Until
	}
	return i.Start()
}

// over reports whether answering has ended, by whomever.
func (i Interview) over(now time.Time) bool {
	return i.Attempt.Course.Ended != nil || !i.unscheduled() && i.entered() && !now.Before(i.End())
}

func (i Interview) entered() bool { return !i.Attempt.Course.Done[Entry].IsZero() }

// Step is the first step that is not done.
func (i Interview) Step(now time.Time) Step {
	// Who had entered and did not come as far as answering has still recorded something that must be sent.
	if i.over(now) {
		if i.Attempt.Course.Done[Sending].IsZero() {
			return Sending
		}
		return Finished
	}
	for _, s := range Steps {
		if i.Has(s) && !i.done(s, now) {
			return s
		}
	}
	return Finished
}

// Has reports whether a step belongs to this interview.
func (i Interview) Has(s Step) bool {
	switch s {
	case Attachments:
		return !i.Exam.Policy.Skips(s) && len(i.Attachments) > 0
	case SignPledge:
		return !i.Exam.Policy.Skips(s) && i.Exam.Pledge.Text != ""
	default:
		return !i.Exam.Policy.Skips(s)
	}
}

func (i Interview) done(s Step, now time.Time) bool {
	switch s {
	case Login:
		return i.Attempt.Course.Login.State == LoginApproved
	case Waiting:
		return !now.Before(i.Start())
	case Answering:
		return i.over(now)
	default:
		return !i.Attempt.Course.Done[s].IsZero()
	}
}

// Released gives the questions that the candidate may see, in their order. Every way on which a question's text can leave the server
// asks it first. Nobody sees one before its time, without having entered, or whose time only came after the end.
func (i Interview) Released(now time.Time) []Slot {
	if !i.entered() || i.Attempt.Course.Login.State != LoginApproved || i.unscheduled() {
		return nil
	}
	until := now
	if ended := i.Attempt.Course.Ended; ended != nil && ended.At.Before(until) {
		until = ended.At
	}
	var released []Slot
	for _, s := range i.Slots() {
		if !until.Before(s.From) {
			released = append(released, s)
		}
	}
	return released
}

// Next is the next moment at which the step, the released questions or what is possible changes by itself; zero if there is none.
func (i Interview) Next(now time.Time) time.Time {
	if i.unscheduled() {
		return time.Time{}
	}
	t := i.Times()
	moments := []time.Time{t.Login, t.Entry, t.Start, t.End, t.Upload}
	for _, s := range i.Slots() {
		moments = append(moments, s.From)
	}
	var next time.Time
	for _, m := range moments {
		if m.After(now) && (next.IsZero() || m.Before(next)) {
			next = m
		}
	}
	return next
}
