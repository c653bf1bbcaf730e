package exam

import (
	"fmt"
	"time"
)

// Code names why something is refused, for pages to translate.
type Code string

// Why something is refused.
const (
	TooEarly    Code = "too-early"    // From says from when it is possible
	TooLate     Code = "too-late"     // the time for it is over
	NotYet      Code = "not-yet"      // Step says what comes first
	Already     Code = "already"      // it was done, and cannot be undone or done again
	Elsewhere   Code = "elsewhere"    // the candidate is signed in on another screen
	Unknown     Code = "unknown"      // no candidate has this ticket and identity number
	NotApproved Code = "not-approved" // support refused the login; Detail says why
	NameDiffers Code = "name-differs" // the pledge was signed with another name
	HashDiffers Code = "hash-differs" // the document that was shown is not the one that is asked for
	NotAllowed  Code = "not-allowed"  // the exam does not have this
	Incomplete  Code = "incomplete"   // something is missing; Detail says what
)

// Refusal is the answer to a command that is not possible now. It is an error.
type Refusal struct {
	Code   Code
	Step   Step      // with NotYet
	From   time.Time // with TooEarly
	Detail string
}

func (r Refusal) Error() string {
	switch r.Code {
	case TooEarly:
		return fmt.Sprintf("too early: possible from %s", r.From.UTC().Format(time.RFC3339))
	case NotYet:
		return fmt.Sprintf("not yet: %q comes first", r.Step)
	}
	if r.Detail != "" {
		return string(r.Code) + ": " + r.Detail
	}
	return string(r.Code)
}
