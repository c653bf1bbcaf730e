package server

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/ingest/chain"
	"github.com/trivue/trivue/store"
)

type phoneStateView struct {
	ServerTime int64            `json:"serverTime"`
	Exam       stateExam        `json:"exam"`
	Ticket     string           `json:"ticket"`
	Attempt    phoneAttempt     `json:"attempt"`
	Times      *timesView       `json:"times" doc:"Null while a rehearsal has no start."`
	Policy     exam.PhonePolicy `json:"policy"`
	Phone      phoneOwn         `json:"phone"`
}

type phoneAttempt struct {
	ID    string     `json:"id"`
	Step  exam.Step  `json:"step"`
	Ended *endedView `json:"ended"`
}

// phoneOwn is how far the phone that asks is. One that was replaced is told when, and no more.
type phoneOwn struct {
	BoundAt    int64    `json:"boundAt"`
	ReplacedAt *int64   `json:"replacedAt"`
	Pan        *panView `json:"pan"`
	PlacedAt   *int64   `json:"placedAt"`
	EndedAt    *int64   `json:"endedAt"`
}

type panView struct {
	At      int64       `json:"at"`
	Degrees int         `json:"degrees"`
	Way     exam.PanWay `json:"way" enum:"sensor,timed"`
}

func viewPan(p *exam.Panned) *panView {
	if p == nil {
		return nil
	}
	return &panView{p.At.UnixMicro(), p.Degrees, p.Way}
}

// moment is a time as pages are told it: null where there is none.
func moment(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	micro := t.UnixMicro()
	return &micro
}

// phoneState is what a phone's page shows. What time alone has brought is noted before.
func (s *Server) phoneState(ctx context.Context, session store.PhoneSession) (phoneStateView, error) {
	i, err := s.opts.Interviews.Do(ctx, session.AttemptID, exam.Advance{})
	if err != nil {
		return phoneStateView{}, err
	}
	now, c := s.opts.Now(), i.Attempt.Course
	view := phoneStateView{
		ServerTime: now.UnixMicro(),
		Exam:       stateExam{i.Exam.ID, i.Exam.Title, i.Exam.Rehearsal, i.Exam.Policy.Support},
		Ticket:     i.Candidate.Ticket,
		Attempt:    phoneAttempt{i.Attempt.ID, i.Step(now), viewEnded(c.Ended)},
		Times:      viewTimes(i.Times()),
		Policy:     i.Exam.Policy.Phone,
		Phone:      phoneOwn{BoundAt: session.CreatedAt.UnixMicro(), ReplacedAt: moment(session.ReplacedAt)},
	}
	if session.Binding == c.Phone.Bindings {
		view.Phone.Pan, view.Phone.PlacedAt, view.Phone.EndedAt = viewPan(c.Phone.Pan), moment(c.Phone.PlacedAt), moment(c.Phone.EndedAt)
	}
	return view, nil
}

type phoneStepRequest struct {
	Step string          `path:"step" enum:"pan,place,end"`
	Body json.RawMessage `doc:"What the step needs; see docs/phone.md."`
}

func (s *Server) doPhoneStep(ctx context.Context, in *phoneStepRequest) (phoneStateView, error) {
	session, err := filming(ctx)
	if err != nil {
		return phoneStateView{}, err
	}
	command, err := phoneCommand(session.Binding, in)
	if err != nil {
		return phoneStateView{}, err
	}
	if _, err := s.opts.Interviews.Do(ctx, session.AttemptID, command); err != nil {
		return phoneStateView{}, err
	}
	if _, ended := command.(exam.EndPhone); ended {
		if err := s.opts.Previews.Remove(session.AttemptID); err != nil {
			s.opts.Log.WarnContext(ctx, "a phone's preview could not be removed", "attempt", session.AttemptID, "error", err)
		}
	}
	return s.phoneState(ctx, session)
}

// Bounds of a pan: more turns than anybody makes, and the longest take.
const (
	mostDegrees = 3600
	longestTake = 24 * time.Hour
)

func phoneCommand(binding int, in *phoneStepRequest) (exam.Command, error) {
	switch in.Step {
	case "pan":
		var said struct {
			Degrees float64     `json:"degrees"`
			Way     exam.PanWay `json:"way"`
			Take    string      `json:"take"`
			From    float64     `json:"from"`
			To      float64     `json:"to"`
		}
		if err := decode(in.Body, &said); err != nil {
			return nil, err
		}
		switch {
		case said.Way != exam.PanBySensor && said.Way != exam.PanByTime:
			return nil, newProblem(http.StatusUnprocessableEntity, "way must be sensor or timed")
		case said.Degrees < 0 || said.Degrees > mostDegrees:
			return nil, newProblem(http.StatusUnprocessableEntity, "degrees must be from 0 to 3600")
		case !chain.IsTake(said.Take):
			return nil, newProblem(http.StatusUnprocessableEntity, "take must be 32 lower-case hexadecimal digits")
		case said.From < 0 || said.To <= said.From || said.To > float64(longestTake.Milliseconds()):
			return nil, newProblem(http.StatusUnprocessableEntity, "from and to must be milliseconds in the take, one after the other")
		}
		return exam.Pan{Binding: binding, Panned: exam.Panned{Degrees: int(said.Degrees), Way: said.Way, Take: said.Take, From: int64(said.From), To: int64(said.To)}}, nil
	case "place":
		return exam.Place{Binding: binding}, nil
	case "end":
		var said struct {
			By exam.PhoneEnd `json:"by"`
		}
		if err := decode(in.Body, &said); err != nil {
			return nil, err
		}
		if said.By != exam.EndByHand && said.By != exam.EndWithAttempt {
			return nil, newProblem(http.StatusUnprocessableEntity, "by must be hand or attempt")
		}
		return exam.EndPhone{Binding: binding, By: said.By}, nil
	default:
		return nil, newProblem(http.StatusNotFound, "there is no such step")
	}
}
