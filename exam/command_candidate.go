package exam

import (
	"slices"
	"strings"
	"time"
)

// Acknowledge marks an attachment as read (R4.1). SHA256 is of the document that was shown.
type Acknowledge struct {
	Attachment Attachment
	SHA256     string
}

func (a Acknowledge) apply(i Interview, c *Course, now time.Time) ([]Happening, error) {
	if err := i.comesAfter(Attachments); err != nil {
		return nil, err
	}
	switch {
	case !slices.Contains(i.Attachments, a.Attachment.ID):
		return nil, Refusal{Code: NotAllowed, Detail: "the exam has no such attachment"}
	case a.SHA256 != a.Attachment.SHA256:
		return nil, Refusal{Code: HashDiffers}
	case !c.Acknowledged[a.Attachment.ID].IsZero():
		return nil, nil
	}
	c.Acknowledged[a.Attachment.ID] = now
	complete := true
	for _, id := range i.Attachments {
		complete = complete && !c.Acknowledged[id].IsZero()
	}
	if complete {
		c.Done[Attachments] = now
	}
	return []Happening{{byCandidate, EventAttachmentRead, struct {
		Attachment string `json:"attachment"`
		SHA256     string `json:"sha256"`
	}{a.Attachment.ID, a.SHA256}}}, nil
}

// Sign signs the pledge with the typed name (R4.2). SHA256 is of the text that was shown.
type Sign struct{ Name, SHA256 string }

func (s Sign) apply(i Interview, c *Course, now time.Time) ([]Happening, error) {
	if err := i.comesAfter(SignPledge); err != nil {
		return nil, err
	}
	switch {
	case i.Exam.Pledge.Text == "":
		return nil, Refusal{Code: NotAllowed, Detail: "the exam has no pledge"}
	case !c.Done[SignPledge].IsZero():
		return nil, nil
	case s.SHA256 != i.Exam.Pledge.SHA256:
		return nil, Refusal{Code: HashDiffers}
	case !sameName(s.Name, i.Candidate.Name):
		return nil, Refusal{Code: NameDiffers}
	}
	c.SignedName = strings.TrimSpace(s.Name)
	c.Done[SignPledge] = now
	return []Happening{{byCandidate, EventPledgeSigned, struct {
		Name   string `json:"name"`
		SHA256 string `json:"sha256"`
	}{c.SignedName, s.SHA256}}}, nil
}

// RehearsalCountdown is how long after entering a rehearsal starts: long enough to look at the waiting room.
const RehearsalCountdown = 90 * time.Second

// Enter is the candidate entering the interview (R5.1), or coming back into it (R7.2).
type Enter struct{ Run string }

func (e Enter) apply(i Interview, c *Course, now time.Time) ([]Happening, error) {
	if err := i.comesAfter(Entry); err != nil {
		return nil, err
	}
	if i.over(now) {
		return nil, Refusal{Code: TooLate}
	}
	data := struct {
		Run string `json:"run"`
	}{e.Run}
	if i.entered() {
		if now.Before(i.Start()) {
			return nil, nil
		}
		c.Reentered++
		return []Happening{{byCandidate, EventReentered, data}}, nil
	}
	if i.Exam.Rehearsal {
		c.StartsAt = now.Add(RehearsalCountdown)
	} else if t := i.Times(); now.Before(t.Entry) {
		return nil, Refusal{Code: TooEarly, From: t.Entry}
	} else if i.mayNotEnter(now) {
		return nil, Refusal{Code: TooLate}
	}
	c.Done[Entry] = now
	return []Happening{{byCandidate, EventEntered, data}}, nil
}

// ConfirmDevices ends the second look at the devices (R6.1).
type ConfirmDevices struct{ Camera, Microphone string }

func (d ConfirmDevices) apply(i Interview, c *Course, now time.Time) ([]Happening, error) {
	if err := i.comesAfter(Confirm); err != nil {
		return nil, err
	}
	c.Done[Confirm] = now
	return []Happening{{byCandidate, EventDevicesConfirmed, struct {
		Camera     string `json:"camera"`
		Microphone string `json:"microphone"`
	}{d.Camera, d.Microphone}}}, nil
}

// End ends answering before its time: by the candidate (R7.6), or by staff with a reason.
type End struct{ Staff, Reason string }

func (e End) apply(i Interview, c *Course, now time.Time) ([]Happening, error) {
	source, by := byCandidate, "candidate"
	if e.Staff != "" {
		if source, by = byStaff(e.Staff), byStaff(e.Staff); strings.TrimSpace(e.Reason) == "" {
			return nil, Refusal{Code: Incomplete, Detail: "say why the attempt is ended"}
		}
	}
	switch {
	case c.Ended != nil:
		return nil, nil
	case !i.entered():
		return nil, Refusal{Code: NotYet, Step: Entry}
	case e.Staff == "" && now.Before(i.Start()):
		return nil, Refusal{Code: TooEarly, From: i.Start()}
	}
	c.Ended = &Ending{At: now, By: by}
	return []Happening{{source, EventAnsweringEnded, endedData{By: by, Reason: e.Reason}}}, nil
}

// Send says that everything has arrived from the laptop: the server holds a receipt for every take of it that it knows of, and the
// browser has no more. Missing is what is not so, for the refusal; PhoneMissing what the phone has still to send, for which nobody waits
// at the laptop.
type Send struct{ Missing, PhoneMissing string }

func (s Send) apply(i Interview, c *Course, now time.Time) ([]Happening, error) {
	switch {
	case c.Ended == nil:
		return nil, Refusal{Code: NotYet, Step: Answering}
	case s.Missing != "":
		return nil, Refusal{Code: Incomplete, Detail: s.Missing}
	}
	var happened []Happening
	if c.LaptopSent.IsZero() && s.PhoneMissing != "" {
		happened = append(happened, Happening{byServer, EventLaptopSent, struct {
			Missing string `json:"missing"`
		}{s.PhoneMissing}})
	}
	if c.LaptopSent.IsZero() {
		c.LaptopSent = now
	}
	settled, err := Settle{PhoneMissing: s.PhoneMissing}.apply(i, c, now)
	return append(happened, settled...), err
}

// Settle ends an attempt whose laptop has sent everything, when the phone has, too.
type Settle struct{ PhoneMissing string }

func (s Settle) apply(i Interview, c *Course, now time.Time) ([]Happening, error) {
	if c.LaptopSent.IsZero() || s.PhoneMissing != "" || !c.Done[Sending].IsZero() {
		return nil, nil
	}
	c.Done[Sending] = now
	return []Happening{{byServer, EventAllReceived, struct {
		Late bool `json:"late"`
	}{now.After(i.Times().Upload)}}}, nil
}

// Restart begins a rehearsal anew. The log goes on.
type Restart struct{}

func (Restart) apply(i Interview, c *Course, _ time.Time) ([]Happening, error) {
	if !i.Exam.Rehearsal {
		return nil, Refusal{Code: NotAllowed, Detail: "only a rehearsal can be begun anew"}
	}
	// The phone stays joined; it pans and is placed anew.
	phone := PhoneCourse{BoundAt: c.Phone.BoundAt, Bindings: c.Phone.Bindings, Agent: c.Phone.Agent}
	*c = Course{Login: c.Login, Phone: phone, Done: map[Step]time.Time{}, Acknowledged: map[string]time.Time{}}
	return []Happening{{byCandidate, EventRehearsalRestarted, struct{}{}}}, nil
}
