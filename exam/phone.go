package exam

import (
	"fmt"
	"time"
)

// PhoneCourse is how far the phone of an attempt is: the one that films, of those that were bound.
type PhoneCourse struct {
	BoundAt  time.Time `json:"boundAt,omitzero"`
	Bindings int       `json:"bindings,omitempty"` // how many phones there were; the last one films
	Agent    string    `json:"agent,omitempty"`    // its browser
	Pan      *Panned   `json:"pan,omitempty"`
	PlacedAt time.Time `json:"placedAt,omitzero"`
	EndedAt  time.Time `json:"endedAt,omitzero"`
}

// Bound reports whether there is a phone.
func (p PhoneCourse) Bound() bool { return !p.BoundAt.IsZero() }

// PanWay says how a phone knew how far around it was turned.
type PanWay string

// How a phone knew how far around it was turned.
const (
	PanBySensor PanWay = "sensor"
	PanByTime   PanWay = "timed" // it has no such sensor: turned as long as the page said
)

// Panned is the room filmed once around: where in a take that is.
type Panned struct {
	At      time.Time `json:"at"`
	Degrees int       `json:"degrees"`
	Way     PanWay    `json:"way"`
	Take    string    `json:"take"`
	From    int64     `json:"from"` // milliseconds in the take
	To      int64     `json:"to"`
}

// Bind joins a phone to an attempt, in the place of one that was there. From then on that one changes nothing any more.
type Bind struct{ Agent string }

func (b Bind) apply(i Interview, c *Course, now time.Time) ([]Happening, error) {
	switch {
	case !i.Has(BindPhone):
		return nil, Refusal{Code: NotAllowed, Detail: "this exam has no phone"}
	case c.Login.State != LoginApproved:
		return nil, Refusal{Code: NotYet, Step: Login}
	case !c.Done[Sending].IsZero():
		return nil, Refusal{Code: TooLate, Detail: "everything was sent"}
	}
	replaced := c.Phone.Bound()
	if !i.entered() {
		// The new one has shown nothing of the room yet, and stands nowhere. What was waived stays so.
		if !c.Phone.PlacedAt.IsZero() {
			delete(c.Done, BindPhone)
		}
		c.Phone.Pan = nil
	}
	c.Phone = PhoneCourse{BoundAt: now, Bindings: c.Phone.Bindings + 1, Agent: b.Agent, Pan: c.Phone.Pan}
	return []Happening{{byPhone, EventPhoneBound, struct {
		Agent    string `json:"agent"`
		Replaced bool   `json:"replaced"`
	}{b.Agent, replaced}}}, nil
}

// films refuses what only the phone that films may do. Binding says which of those that were bound it is that asks.
func (c Course) films(binding int) error {
	switch {
	case !c.Phone.Bound():
		return Refusal{Code: NotYet, Step: BindPhone}
	case binding != c.Phone.Bindings:
		return Refusal{Code: Elsewhere, Detail: "another phone has taken over"}
	}
	return nil
}

// Pan is the room filmed once around. It may be done again until the phone is placed; the last time counts.
type Pan struct {
	Binding int
	Panned  // without At
}

func (r Pan) apply(i Interview, c *Course, now time.Time) ([]Happening, error) {
	if err := c.films(r.Binding); err != nil {
		return nil, err
	}
	pan := r.Panned
	if had := c.Phone.Pan; had != nil {
		if pan.At = had.At; pan == *had {
			return nil, nil // an answer was lost
		}
	}
	switch {
	case !c.Phone.PlacedAt.IsZero():
		return nil, Refusal{Code: Already, Detail: "the phone is placed"}
	case pan.Way == PanBySensor && pan.Degrees < i.Exam.Policy.Phone.Pan:
		return nil, Refusal{Code: Incomplete, Detail: fmt.Sprintf("%d of %d degrees were seen", pan.Degrees, i.Exam.Policy.Phone.Pan)}
	}
	pan.At = now
	c.Phone.Pan = &pan
	return []Happening{{byPhone, EventPhonePanned, struct {
		Degrees int    `json:"degrees"`
		Way     PanWay `json:"way"`
		Take    string `json:"take"`
		From    int64  `json:"from"`
		To      int64  `json:"to"`
	}{pan.Degrees, pan.Way, pan.Take, pan.From, pan.To}}}, nil
}

// Place says that the phone stands and films: the step is done.
type Place struct{ Binding int }

func (p Place) apply(i Interview, c *Course, now time.Time) ([]Happening, error) {
	if err := c.films(p.Binding); err != nil {
		return nil, err
	}
	if !c.Phone.PlacedAt.IsZero() {
		return nil, nil
	}
	if err := i.comesAfter(BindPhone); err != nil {
		return nil, err
	}
	// Who has entered is not kept from answering by a phone that takes the place of one that died.
	if i.Exam.Policy.Phone.Pan > 0 && c.Phone.Pan == nil && !i.entered() {
		return nil, Refusal{Code: Incomplete, Detail: "film the room once around first"}
	}
	c.Phone.PlacedAt = now
	if c.Done[BindPhone].IsZero() {
		c.Done[BindPhone] = now
	}
	return []Happening{{byPhone, EventPhonePlaced, struct{}{}}}, nil
}

// EndPhone says that the phone has ended its recording: with the attempt, or because somebody ended it there.
type EndPhone struct {
	Binding int
	By      PhoneEnd
}

func (e EndPhone) apply(i Interview, c *Course, now time.Time) ([]Happening, error) {
	if err := c.films(e.Binding); err != nil {
		return nil, err
	}
	switch {
	case !c.Phone.EndedAt.IsZero():
		return nil, nil
	case c.Ended == nil:
		return nil, Refusal{Code: NotYet, Step: Answering}
	case e.By != EndByHand && e.By != i.Exam.Policy.Phone.End:
		return nil, Refusal{Code: NotAllowed, Detail: "the phone films until somebody ends it"}
	}
	c.Phone.EndedAt = now
	return []Happening{{byPhone, EventPhoneEnded, struct {
		By PhoneEnd `json:"by"`
	}{e.By}}}, nil
}

// AskForPhone asks for a code with which another phone can take over.
type AskForPhone struct{}

func (AskForPhone) apply(i Interview, c *Course, now time.Time) ([]Happening, error) {
	copied := c.clone()
	if _, err := (Bind{}).apply(i, &copied, now); err != nil {
		return nil, err
	}
	return []Happening{{byCandidate, EventPhoneAsked, struct{}{}}}, nil
}
