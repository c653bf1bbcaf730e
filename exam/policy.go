package exam

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// Face says how reviewers see the candidate.
type Face string

// How reviewers see the candidate.
const (
	FaceShown   Face = "shown"
	FaceBlurred Face = "blurred"
)

// Timing says what is timed.
type Timing string

// What is timed.
const (
	// ByQuestion releases one question after the other, each with its own time to prepare and to answer.
	ByQuestion Timing = "question"
	// ByPaper releases all questions at the start; their times add up to one.
	ByPaper Timing = "paper"
)

// Windows are the times around the start and the end in which a candidate may do what they are named after.
type Windows struct {
	Login  time.Duration `json:"login"`  // before the start: signing in opens
	Entry  time.Duration `json:"entry"`  // before the start: entering opens; it closes at the start
	Upload time.Duration `json:"upload"` // after the end: what arrives later is marked as late
}

// Policy is what an exam asks of its candidates.
type Policy struct {
	Skip    []Step  `json:"skip,omitempty"` // of Optional
	Windows Windows `json:"windows"`
	Face    Face    `json:"face"`
	// LoginTries is how often a login may fail before support is called by itself.
	LoginTries int         `json:"loginTries"`
	Timing     Timing      `json:"timing"`
	Phone      PhonePolicy `json:"phone"`
	// Support is how candidates reach a person without this system: a telephone number as they should read it; may be empty.
	Support string `json:"support,omitempty"`
}

// PhonePolicy is what an exam asks of the phone that films from the side.
type PhonePolicy struct {
	Pan int      `json:"pan"` // degrees of the room that it films once around before it is placed; 0 where it need not
	End PhoneEnd `json:"end"`
}

// PhoneEnd says when a phone ends its recording.
type PhoneEnd string

// When a phone ends its recording.
const (
	EndWithAttempt PhoneEnd = "attempt" // by itself, when answering ends
	EndByHand      PhoneEnd = "hand"    // when somebody ends it on the phone, after answering
)

// fullCircle is as far around as there is something to see.
const fullCircle = 360

// DefaultPolicy asks for everything, with the windows of the requirements (R2.1, R5.1, R8.3).
func DefaultPolicy() Policy {
	return Policy{
		Windows: Windows{Login: 30 * time.Minute, Entry: 15 * time.Minute, Upload: time.Hour},
		Face:    FaceShown, LoginTries: 3, Timing: ByQuestion,
		// A person who turns on the spot ends a little before or after where they began.
		Phone: PhonePolicy{Pan: 330, End: EndWithAttempt},
	}
}

// Longest window that makes sense: a day.
const longestWindow = 24 * time.Hour

// Validate gives everything that is wrong with a policy, joined.
func (p Policy) Validate() error {
	var errs []error
	for _, s := range p.Skip {
		if !slices.Contains(Optional, s) {
			errs = append(errs, fmt.Errorf("step %q cannot be left out: only devices, phone, attachments and pledge can", s))
		}
	}
	for name, d := range map[string]time.Duration{"login": p.Windows.Login, "entry": p.Windows.Entry, "upload": p.Windows.Upload} {
		if d <= 0 || d > longestWindow {
			errs = append(errs, fmt.Errorf("the window for %s is %v: it must be more than nothing and at most a day", name, d))
		}
	}
	if p.Windows.Entry > p.Windows.Login {
		errs = append(errs, fmt.Errorf("entering opens %v before the start, earlier than signing in (%v)", p.Windows.Entry, p.Windows.Login))
	}
	if p.Face != FaceShown && p.Face != FaceBlurred {
		errs = append(errs, fmt.Errorf("face is %q: it must be shown or blurred", p.Face))
	}
	if p.Timing != ByQuestion && p.Timing != ByPaper {
		errs = append(errs, fmt.Errorf("timing is %q: it must be question or paper", p.Timing))
	}
	if p.LoginTries < 1 || p.LoginTries > 20 {
		errs = append(errs, fmt.Errorf("loginTries is %d: it must be from 1 to 20", p.LoginTries))
	}
	if p.Phone.Pan < 0 || p.Phone.Pan > fullCircle {
		errs = append(errs, fmt.Errorf("pan of the phone is %d: it must be from 0 (none) to %d degrees", p.Phone.Pan, fullCircle))
	}
	if p.Phone.End != EndWithAttempt && p.Phone.End != EndByHand {
		errs = append(errs, fmt.Errorf("end of the phone is %q: it must be attempt or hand", p.Phone.End))
	}
	return errors.Join(errs...)
}

// Skips reports whether a step is left out.
func (p Policy) Skips(s Step) bool { return slices.Contains(p.Skip, s) }
