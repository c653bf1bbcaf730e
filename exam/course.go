package exam

import (
	"strings"
	"time"
)

// LoginState says whether a candidate who signed in was let in.
type LoginState string

// States of a login.
const (
	LoginNone     LoginState = ""         // never signed in
	LoginWaiting  LoginState = "waiting"  // support or the face check has to say
	LoginApproved LoginState = "approved" // stays so when the candidate signs in again
	LoginRefused  LoginState = "refused"
)

// Course is how far a candidate has come through an attempt, as it is stored (JSON).
type Course struct {
	Login LoginCourse `json:"login"`
	// Done is when a step was done: Devices, BindPhone, Attachments, SignPledge, Entry, Confirm and Sending. The others follow from
	// the rest and the time.
	Done map[Step]time.Time `json:"done,omitempty"`
	// Waived are the steps that staff let the candidate go on without.
	Waived []Step `json:"waived,omitempty"`
	// Acknowledged is when each attachment was (R4.1), by its identifier.
	Acknowledged map[string]time.Time `json:"acknowledged,omitempty"`
	SignedName   string               `json:"signedName,omitempty"`
	// StartsAt replaces the exam's start: of a rehearsal, or of an attempt that was let in again. Zero for the exam's.
	StartsAt time.Time   `json:"startsAt,omitzero"`
	Phone    PhoneCourse `json:"phone,omitzero"`
	// Extra is time that was granted on top.
	Extra []Extra `json:"extra,omitempty"`
	// LateEntry lets the candidate enter although the start is over.
	LateEntry bool `json:"lateEntry,omitempty"`
	// Reentered counts how often the candidate came back after the start.
	Reentered int `json:"reentered,omitempty"`
	// Began says that the log knows of the start of answering.
	Began bool    `json:"began,omitempty"`
	Ended *Ending `json:"ended,omitempty"`
	// LaptopSent is when the laptop had sent everything; Done[Sending] is when the phone had, too.
	LaptopSent time.Time `json:"laptopSent,omitzero"`
}

// Ongoing reports whether the candidate has entered and has not ended.
func (c Course) Ongoing() bool { return !c.Done[Entry].IsZero() && c.Ended == nil }

// Granted is the extra time in all.
func (c Course) Granted() time.Duration {
	var sum time.Duration
	for _, e := range c.Extra {
		sum += e.Length
	}
	return sum
}

// LoginCourse is a login's state and who decided on it.
type LoginCourse struct {
	State  LoginState `json:"state,omitempty"`
	By     string     `json:"by,omitempty"`
	Reason string     `json:"reason,omitempty"`
	At     time.Time  `json:"at,omitzero"`
}

// Extra is time granted on top, because of a fault that was not the candidate's.
type Extra struct {
	At     time.Time     `json:"at"`
	Length time.Duration `json:"length"`
	By     string        `json:"by"`
	Reason string        `json:"reason"`
}

// Ending is how answering ended.
type Ending struct {
	At time.Time `json:"at"`
	By string    `json:"by"` // "candidate", "time" or "staff:<name>"
}

// Who is By without the name of a member of staff, which candidates are not told.
func (e Ending) Who() string {
	who, _, _ := strings.Cut(e.By, ":")
	return who
}
