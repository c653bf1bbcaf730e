package server

import (
	"context"
	"errors"
	"time"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/interview"
)

// Times are microseconds since 1970; a pointer is null where there is none.

type timesView struct {
	Login  int64 `json:"login"`
	Entry  int64 `json:"entry"`
	Start  int64 `json:"start"`
	End    int64 `json:"end"`
	Upload int64 `json:"upload"`
}

type publicExamView struct {
	ServerTime int64       `json:"serverTime"`
	ID         string      `json:"id"`
	Title      string      `json:"title"`
	Rehearsal  bool        `json:"rehearsal"`
	Support    string      `json:"support"`
	Times      *timesView  `json:"times"`
	Skip       []exam.Step `json:"skip"`
	Face       exam.Face   `json:"face"`
}

type stateView struct {
	ServerTime  int64            `json:"serverTime"`
	Exam        stateExam        `json:"exam"`
	Times       *timesView       `json:"times" doc:"Null while a rehearsal has no start."`
	Policy      statePolicy      `json:"policy"`
	Candidate   stateCandidate   `json:"candidate"`
	Attempt     stateAttempt     `json:"attempt"`
	Phone       *phoneView       `json:"phone,omitempty"`
	Attachments []attachmentView `json:"attachments"`
	Pledge      *pledgeView      `json:"pledge,omitempty"`
	Help        []messageView    `json:"help"`
	Questions   stateQuestions   `json:"questions"`
}

type stateExam struct {
	ID        string `json:"id"`
	Title     string `json:"title"`
	Rehearsal bool   `json:"rehearsal"`
	Support   string `json:"support"`
}

type statePolicy struct {
	Skip   []exam.Step `json:"skip"`
	Face   exam.Face   `json:"face"`
	Timing exam.Timing `json:"timing"`
}

type stateCandidate struct {
	Ticket string `json:"ticket"`
	Name   string `json:"name"`
}

type stateAttempt struct {
	ID           string              `json:"id"`
	Step         exam.Step           `json:"step"`
	Steps        []exam.Step         `json:"steps"`
	Done         map[exam.Step]int64 `json:"done"`
	Waived       []exam.Step         `json:"waived" doc:"Steps that support let the candidate go on without."`
	Login        loginView           `json:"login"`
	Blocked      *blockedView        `json:"blocked,omitempty" doc:"Why the step cannot be done now."`
	Reentered    int                 `json:"reentered"`
	ExtraSeconds int64               `json:"extraSeconds"`
	Ended        *endedView          `json:"ended"`
	Stills       map[string]int64    `json:"stills"`
	LaptopSent   *int64              `json:"laptopSent" doc:"When the laptop had sent everything; the phone may still be sending."`
}

type loginView struct {
	State  exam.LoginState `json:"state" enum:",waiting,approved,refused"`
	Reason string          `json:"reason"`
}

type blockedView struct {
	Code exam.Code `json:"code"`
	From int64     `json:"from,omitempty"`
	Step exam.Step `json:"step,omitempty"`
}

type endedView struct {
	At int64  `json:"at"`
	By string `json:"by" enum:"candidate,time,staff"`
}

type phoneView struct {
	Code  string     `json:"code,omitempty" doc:"While a phone is to be joined."`
	URL   string     `json:"url,omitempty"`
	QR    string     `json:"qr,omitempty" doc:"A picture, as a data: URL."`
	Bound *boundView `json:"bound" doc:"The phone that films; null while there is none."`
}

type attachmentView struct {
	ID           string `json:"id"`
	Title        string `json:"title"`
	MIME         string `json:"mime"`
	Size         int64  `json:"size"`
	SHA256       string `json:"sha256"`
	Acknowledged *int64 `json:"acknowledged"`
}

type pledgeView struct {
	Text   string `json:"text"`
	SHA256 string `json:"sha256"`
}

type messageView struct {
	At    int64  `json:"at"`
	From  string `json:"from" enum:"candidate,support"`
	Text  string `json:"text"`
	Cause string `json:"cause,omitempty" doc:"Why help was asked for by itself: login-failed."`
}

type stateQuestions struct {
	Total    int `json:"total"`
	Released int `json:"released"`
}

func viewTimes(t exam.Times) *timesView {
	if t.Start.IsZero() {
		return nil
	}
	return &timesView{t.Login.UnixMicro(), t.Entry.UnixMicro(), t.Start.UnixMicro(), t.End.UnixMicro(), t.Upload.UnixMicro()}
}

// listed is a list that is never null.
func listed[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func (s *Server) publicExam(ctx context.Context, id string) (publicExamView, error) {
	e, err := s.opts.Store.Exam(ctx, id)
	if err != nil {
		return publicExamView{}, err
	}
	items, err := s.opts.Store.QuestionItems(ctx, id)
	if err != nil {
		return publicExamView{}, err
	}
	i := exam.Interview{Exam: e, Items: items}
	return publicExamView{ServerTime: s.opts.Now().UnixMicro(), ID: e.ID, Title: e.Title, Rehearsal: e.Rehearsal, Support: e.Policy.Support,
		Times: viewTimes(i.Times()), Skip: listed(e.Policy.Skip), Face: e.Policy.Face}, nil
}

// state is what a candidate's page shows. What time alone has brought is noted before.
func (s *Server) state(ctx context.Context, attemptID string) (stateView, error) {
	i, err := s.opts.Interviews.Do(ctx, attemptID, exam.Advance{})
	if err != nil {
		return stateView{}, err
	}
	help, err := s.opts.Interviews.Conversation(ctx, attemptID)
	if err != nil {
		return stateView{}, err
	}
	view := s.viewState(i, s.opts.Now())
	view.Help = viewMessages(help)
	if err := s.addStills(ctx, attemptID, view.Attempt.Stills); err != nil {
		return stateView{}, err
	}
	if !i.Exam.Policy.Skips(exam.BindPhone) {
		view.Phone, err = s.phone(ctx, i)
	}
	return view, err
}

func viewMessages(messages []interview.Message) []messageView {
	views := make([]messageView, len(messages))
	for n, m := range messages {
		views[n] = messageView{m.At.UnixMicro(), m.From, m.Text, m.Cause}
	}
	return views
}

func viewEnded(e *exam.Ending) *endedView {
	if e == nil {
		return nil
	}
	return &endedView{e.At.UnixMicro(), e.Who()}
}

// addStills adds when an attempt's stills were taken.
func (s *Server) addStills(ctx context.Context, attemptID string, at map[string]int64) error {
	stills, err := s.opts.Store.Stills(ctx, attemptID)
	for _, still := range stills {
		at[still.Side] = still.CreatedAt.UnixMicro()
	}
	return err
}

func (s *Server) viewState(i interview.Interview, now time.Time) stateView {
	c := i.Attempt.Course
	view := stateView{
		ServerTime: now.UnixMicro(),
		Exam:       stateExam{i.Exam.ID, i.Exam.Title, i.Exam.Rehearsal, i.Exam.Policy.Support},
		Times:      viewTimes(i.Times()),
		Policy:     statePolicy{listed(i.Exam.Policy.Skip), i.Exam.Policy.Face, i.Exam.Policy.Timing},
		Candidate:  stateCandidate{i.Candidate.Ticket, i.Candidate.Name},
		Attempt: stateAttempt{ID: i.Attempt.ID, Step: i.Step(now), Done: map[exam.Step]int64{}, Waived: listed(c.Waived), Login: loginView{c.Login.State, ""},
			Blocked: viewBlocked(i, now), Reentered: c.Reentered, ExtraSeconds: int64(c.Granted() / time.Second), Ended: viewEnded(c.Ended), Stills: map[string]int64{}, LaptopSent: moment(c.LaptopSent)},
		Attachments: []attachmentView{},
		Questions:   stateQuestions{len(i.Items), len(i.Released(now))},
	}
	if c.Login.State == exam.LoginRefused {
		view.Attempt.Login.Reason = c.Login.Reason
	}
	for _, step := range exam.Steps {
		if i.Has(step) {
			view.Attempt.Steps = append(view.Attempt.Steps, step)
		}
		if at := c.Done[step]; !at.IsZero() {
			view.Attempt.Done[step] = at.UnixMicro()
		}
	}
	for _, d := range i.Documents {
		a := attachmentView{ID: d.ID, Title: d.Title, MIME: d.MIME, Size: d.Size, SHA256: d.SHA256}
		if at := c.Acknowledged[d.ID]; !at.IsZero() {
			micro := at.UnixMicro()
			a.Acknowledged = &micro
		}
		view.Attachments = append(view.Attachments, a)
	}
	if i.Exam.Pledge.Text != "" {
		view.Pledge = &pledgeView{i.Exam.Pledge.Text, i.Exam.Pledge.SHA256}
	}
	return view
}

// viewBlocked says what keeps a candidate from what comes next.
func viewBlocked(i interview.Interview, now time.Time) *blockedView {
	var command exam.Command
	switch i.Step(now) {
	case exam.Entry:
		command = exam.Enter{}
	case exam.Devices, exam.Login, exam.BindPhone, exam.Attachments, exam.SignPledge:
		if i.Attempt.Course.Login.State == exam.LoginRefused {
			return &blockedView{Code: exam.NotApproved}
		}
		command = exam.SignIn{}
	default:
		return nil
	}
	var refusal exam.Refusal
	if _, _, err := i.Apply(command, now); !errors.As(err, &refusal) {
		return nil
	}
	view := &blockedView{Code: refusal.Code, Step: refusal.Step}
	if !refusal.From.IsZero() {
		view.From = refusal.From.UnixMicro()
	}
	return view
}
