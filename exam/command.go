package exam

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Command is something that changes an attempt's course. The types of this package that have apply are all there are.
type Command interface {
	// apply checks whether the command is possible, and makes the change in c. It gives what the log is to say; nothing where
	// the command was done before and doing it again changes nothing.
	apply(i Interview, c *Course, now time.Time) ([]Happening, error)
}

// Happening is something for an attempt's log: an event before it has its place there.
type Happening struct {
	Source string
	Kind   EventKind
	Data   any
}

// Apply does a command: it gives the changed attempt and what the log is to say, or a Refusal. The attempt's version grows with every
// change; nothing happened where there is no happening.
func (i Interview) Apply(command Command, now time.Time) (Attempt, []Happening, error) {
	changed := i.Attempt
	changed.Course = i.Attempt.Course.clone()
	var happened []Happening
	// What came by the time alone comes first: the log is in the order of what happened.
	if _, timed := command.(Advance); !timed {
		passed, err := (Advance{}).apply(i, &changed.Course, now)
		if err != nil {
			return i.Attempt, nil, err
		}
		happened = passed
		i.Attempt.Course = changed.Course.clone()
	}
	did, err := command.apply(i, &changed.Course, now)
	if err != nil {
		return i.Attempt, nil, err
	}
	if happened = append(happened, did...); len(happened) == 0 {
		return i.Attempt, nil, nil
	}
	changed.Version++
	return changed, happened, nil
}

func (c Course) clone() Course {
	c.Done, c.Acknowledged, c.Extra = maps.Clone(c.Done), maps.Clone(c.Acknowledged), slices.Clone(c.Extra)
	c.Waived = slices.Clone(c.Waived)
	if c.Done == nil {
		c.Done = map[Step]time.Time{}
	}
	if c.Acknowledged == nil {
		c.Acknowledged = map[string]time.Time{}
	}
	if c.Phone.Pan != nil {
		pan := *c.Phone.Pan
		c.Phone.Pan = &pan
	}
	if c.Ended != nil {
		ended := *c.Ended
		c.Ended = &ended
	}
	return c
}

// Sources of happenings.
const (
	byServer    = "server"
	byCandidate = "candidate"
	byPhone     = "phone"
)

func byStaff(name string) string { return "staff:" + name }

// Advance notes what has come by the time alone: that answering began, and that it ended.
type Advance struct{}

func (Advance) apply(i Interview, c *Course, now time.Time) ([]Happening, error) {
	if i.unscheduled() || !i.entered() {
		return nil, nil
	}
	var happened []Happening
	if !c.Began && c.Ended == nil && !now.Before(i.Start()) {
		c.Began = true
		happened = append(happened, Happening{byServer, EventAnsweringBegan, struct {
			Start int64 `json:"start"`
		}{i.Start().UnixMicro()}})
	}
	if c.Ended == nil && !now.Before(i.End()) {
		c.Ended = &Ending{At: i.End(), By: "time"}
		happened = append(happened, Happening{byServer, EventAnsweringEnded, endedData{By: "time"}})
	}
	return happened, nil
}

type endedData struct {
	By     string `json:"by"`
	Reason string `json:"reason,omitempty"`
}

// SignIn is a candidate who has shown ticket and identity number. Whether another session is open is not its to know: the store
// keeps one per attempt.
type SignIn struct{ Address, Agent string }

func (s SignIn) apply(i Interview, c *Course, now time.Time) ([]Happening, error) {
	t := i.Times()
	switch {
	case !i.unscheduled() && now.Before(t.Login):
		return nil, Refusal{Code: TooEarly, From: t.Login}
	case i.mayNotEnter(now):
		return nil, Refusal{Code: TooLate}
	}
	happened := []Happening{{byCandidate, EventSignedIn, struct {
		Address string `json:"address"`
		Agent   string `json:"agent"`
	}{s.Address, s.Agent}}}
	switch {
	case c.Login.State == LoginApproved:
	case i.Exam.Rehearsal:
		// It is open at all hours, and support is not.
		c.Login = LoginCourse{State: LoginApproved, By: byServer, At: now}
		happened = append(happened, Happening{byServer, EventLoginApproved, reasonData{"rehearsal"}})
	default:
		c.Login = LoginCourse{State: LoginWaiting, At: now}
	}
	return happened, nil
}

// mayNotEnter says that the candidate comes too late: the start is over, and this one had not entered (R7.2).
func (i Interview) mayNotEnter(now time.Time) bool {
	return !i.unscheduled() && !now.Before(i.Start()) && !i.entered() && !i.Attempt.Course.LateEntry
}

// SignOut ends a candidate's session: by the candidate, or by staff who release it (R2.4).
type SignOut struct{ Staff, Reason string }

func (s SignOut) apply(Interview, *Course, time.Time) ([]Happening, error) {
	if s.Staff != "" {
		return []Happening{{byStaff(s.Staff), EventLoginReleased, reasonData{s.Reason}}}, nil
	}
	return []Happening{{byCandidate, EventSignedOut, struct{}{}}}, nil
}

type reasonData struct {
	Reason string `json:"reason"`
}

// Decide is support's answer to a login (R2.3).
type Decide struct {
	Staff, Reason string
	LetIn         bool
}

func (d Decide) apply(i Interview, c *Course, now time.Time) ([]Happening, error) {
	switch {
	case c.Login.State == LoginNone:
		return nil, Refusal{Code: NotYet, Step: Login}
	case !d.LetIn && strings.TrimSpace(d.Reason) == "":
		return nil, Refusal{Code: Incomplete, Detail: "say why the login is refused; the candidate is told"}
	case !d.LetIn && i.entered():
		return nil, Refusal{Code: Already, Detail: "the candidate has entered; end the attempt instead"}
	}
	kind, state := EventLoginApproved, LoginApproved
	if !d.LetIn {
		kind, state = EventLoginRefused, LoginRefused
	}
	if c.Login.State == state {
		return nil, nil
	}
	c.Login = LoginCourse{State: state, By: d.Staff, Reason: d.Reason, At: now}
	return []Happening{{byStaff(d.Staff), kind, reasonData{d.Reason}}}, nil
}

// Check reports what the tests of devices and network gave (R1.1). It may be repeated, and does not wait for the login.
type Check struct{ Results json.RawMessage }

func (k Check) apply(_ Interview, c *Course, now time.Time) ([]Happening, error) {
	c.Done[Devices] = now
	return []Happening{{byCandidate, EventDevicesChecked, k.Results}}, nil
}

// Waive is staff that lets a candidate go on without devices checked or without a phone.
type Waive struct {
	Step          Step
	Staff, Reason string
}

func (w Waive) apply(_ Interview, c *Course, now time.Time) ([]Happening, error) {
	if !slices.Contains(Waivable, w.Step) {
		return nil, Refusal{Code: NotAllowed, Detail: fmt.Sprintf("step %q cannot be waived", w.Step)}
	}
	if strings.TrimSpace(w.Reason) == "" {
		return nil, Refusal{Code: Incomplete, Detail: "say why"}
	}
	if !c.Done[w.Step].IsZero() {
		return nil, nil
	}
	c.Done[w.Step] = now
	c.Waived = append(c.Waived, w.Step)
	return []Happening{{byStaff(w.Staff), EventStepWaived, struct {
		Step   Step   `json:"step"`
		Reason string `json:"reason"`
	}{w.Step, w.Reason}}}, nil
}

// comesAfter refuses a step while one before it is not done. Waiting, which only the time does, is not asked for.
func (i Interview) comesAfter(s Step) error {
	for _, earlier := range Steps {
		if !earlier.before(s) {
			return nil
		}
		if earlier != Waiting && i.Has(earlier) && !i.done(earlier, time.Time{}) {
			return Refusal{Code: NotYet, Step: earlier}
		}
	}
	return nil
}

// sameName compares names as people type them: spaces and the case of letters do not matter.
func sameName(a, b string) bool {
	squeeze := func(s string) string {
		return strings.ToLower(strings.Map(func(r rune) rune {
			if unicode.IsSpace(r) || r == '·' || r == '•' {
				return -1
			}
			return r
		}, s))
	}
	return squeeze(a) == squeeze(b)
}
