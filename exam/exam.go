// Package exam is the domain: exams, candidates' attempts, their recordings and takes, and the rules of their states. It does
// no input or output and imports nothing of this project; every other package may import it.
package exam

import "time"

// Kind names a recording of an attempt.
type Kind string

// The three recordings of an attempt.
const (
	Camera Kind = "camera" // the laptop's camera and microphone
	Screen Kind = "screen" // the laptop's entire screen, and the same microphone
	Phone  Kind = "phone"  // the side view, with the phone's own microphone
)

// Kinds lists the recordings in the order in which they are listed and shown.
var Kinds = []Kind{Camera, Screen, Phone}

// LaptopKinds are the recordings that the laptop makes; the phone makes the other one.
var LaptopKinds = []Kind{Camera, Screen}

// Valid reports whether k is one of the three recordings.
func (k Kind) Valid() bool { return k == Camera || k == Screen || k == Phone }

// Exam is a scheduled interview.
type Exam struct {
	ID        string
	Title     string
	StartsAt  time.Time // scheduled start; zero of interview time
	CreatedAt time.Time
	// Rehearsal is an exam that is always open, for trying everything out. Each attempt's start is set when its candidate enters.
	Rehearsal bool
	Policy    Policy
	Pledge    Pledge
}

// Attempt is one candidate's run through one exam.
type Attempt struct {
	ID        string
	ExamID    string
	Ticket    string // the candidate's ticket number: all that staff pages show of a person
	CreatedAt time.Time
	// Revision counts the changes to the attempt's takes. Results that were derived from an older revision are stale.
	Revision int64
	// Course is how far the candidate has come; it changes by Interview.Apply alone.
	Course Course
	// Version counts the changes of Course: whoever writes one names the version that it was made from.
	Version int64
}

// Take is one uninterrupted run of a recorder, as one received file.
type Take struct {
	ID        string
	AttemptID string
	Kind      Kind
	Name      string // the file's name as its sender called it; only ever shown, never used as a path
	UploadID  string // the tus upload that carries it
	Size      int64  // bytes; -1 while the sender has not said
	Received  int64  // bytes that are safely stored
	SHA256    string // lower-case hexadecimal; empty until the file was inspected
	// StartedAt is when the recorder started by the server's clock, as its sender told it. Zero where it is not known.
	StartedAt  time.Time
	State      TakeState
	CreatedAt  time.Time
	ReceivedAt time.Time // when the last byte was stored; zero before
}

// TakeState says how far a take has come. It only moves forward.
type TakeState string

// States of a take.
const (
	Uploading TakeState = "uploading"
	Received  TakeState = "received"  // every byte is stored; stages work on it
	Replaced  TakeState = "replaced"  // another upload took its place; kept, not played
	Discarded TakeState = "discarded" // the upload was given up by its sender before it was whole
)

// CanBecome reports whether a take may go from state s to next.
func (s TakeState) CanBecome(next TakeState) bool {
	switch s {
	case Uploading:
		return next == Received || next == Discarded
	case Received:
		return next == Replaced
	default:
		return false
	}
}
