package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/interview"
	"github.com/trivue/trivue/store"
)

type stepRequest struct {
	Step string          `path:"step" enum:"devices,attachments,pledge,entry,confirm,answering,upload,restart"`
	Body json.RawMessage `doc:"What the step needs; see docs/interview.md."`
}

// restartStep is not a step: it begins a rehearsal anew.
const restartStep = "restart"

func (s *Server) doStep(ctx context.Context, attemptID string, in *stepRequest) (stateView, error) {
	command, err := s.stepCommand(ctx, attemptID, in)
	if err != nil {
		return stateView{}, err
	}
	if _, err := s.opts.Interviews.Do(ctx, attemptID, command); err != nil {
		return stateView{}, err
	}
	return s.state(ctx, attemptID)
}

func (s *Server) stepCommand(ctx context.Context, attemptID string, in *stepRequest) (exam.Command, error) {
	switch in.Step {
	case string(exam.Devices):
		var said struct {
			Results json.RawMessage `json:"results"`
		}
		err := decode(in.Body, &said)
		if err == nil && (len(said.Results) == 0 || said.Results[0] != '{' || len(said.Results) > 16<<10) {
			err = newProblem(http.StatusUnprocessableEntity, "results must be an object of at most 16 KiB")
		}
		return exam.Check{Results: said.Results}, err
	case string(exam.Attachments):
		var said struct {
			ID     string `json:"id"`
			SHA256 string `json:"sha256"`
		}
		if err := decode(in.Body, &said); err != nil {
			return nil, err
		}
		i, err := s.opts.Interviews.Load(ctx, attemptID)
		if err != nil {
			return nil, err
		}
		document, ok := i.Document(said.ID)
		if !ok {
			return nil, exam.Refusal{Code: exam.NotAllowed, Detail: "the exam has no such attachment"}
		}
		return exam.Acknowledge{Attachment: document, SHA256: said.SHA256}, nil
	case string(exam.SignPledge):
		var said struct {
			Name   string `json:"name"`
			SHA256 string `json:"sha256"`
		}
		err := decode(in.Body, &said)
		return exam.Sign{Name: truncate(said.Name, 200), SHA256: said.SHA256}, err
	case string(exam.Entry):
		var said struct {
			Run string `json:"run"`
		}
		err := decode(in.Body, &said)
		return exam.Enter{Run: truncate(said.Run, 100)}, err
	case string(exam.Confirm):
		var said struct {
			Camera     string `json:"camera"`
			Microphone string `json:"microphone"`
		}
		err := decode(in.Body, &said)
		return exam.ConfirmDevices{Camera: truncate(said.Camera, 200), Microphone: truncate(said.Microphone, 200)}, err
	case string(exam.Answering):
		return exam.End{}, nil
	case string(exam.Sending):
		i, err := s.opts.Interviews.Load(ctx, attemptID)
		if err != nil {
			return nil, err
		}
		laptop, phone, err := s.missing(ctx, i)
		return exam.Send{Missing: laptop, PhoneMissing: phone}, err
	case restartStep:
		return exam.Restart{}, nil
	default:
		return nil, newProblem(http.StatusNotFound, "there is no such step")
	}
}

func decode(data json.RawMessage, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return newProblem(http.StatusUnprocessableEntity, fmt.Sprintf("the request is not what this step needs: %v", err))
	}
	return nil
}

type paperView struct {
	ServerTime int64          `json:"serverTime"`
	Total      int            `json:"total"`
	Next       *int64         `json:"next" doc:"When the next one is released; null after the last."`
	Ends       *int64         `json:"ends"`
	Questions  []questionView `json:"questions"`
}

type questionView struct {
	ID         string `json:"id"`
	Number     int    `json:"number" doc:"From 1."`
	Text       string `json:"text" doc:"Markdown."`
	From       int64  `json:"from"`
	AnswerFrom int64  `json:"answerFrom"`
	Until      int64  `json:"until"`
}

func (s *Server) paper(ctx context.Context, attemptID string) (paperView, error) {
	p, err := s.opts.Interviews.Questions(ctx, attemptID)
	if err != nil {
		return paperView{}, err
	}
	return viewPaper(p, s.opts.Now().UnixMicro()), nil
}

func viewPaper(p interview.Paper, serverTime int64) paperView {
	view := paperView{ServerTime: serverTime, Total: p.Total, Questions: []questionView{}}
	if !p.Next.IsZero() {
		next := p.Next.UnixMicro()
		view.Next = &next
	}
	if !p.Ends.IsZero() {
		ends := p.Ends.UnixMicro()
		view.Ends = &ends
	}
	for _, q := range p.Released {
		view.Questions = append(view.Questions, questionView{q.ID, q.Number, q.Text, q.From.UnixMicro(), q.AnswerFrom.UnixMicro(), q.Until.UnixMicro()})
	}
	return view
}

type reportRequest struct {
	// Each is decoded by itself: one that is not of the form must not keep the others out, which would be sent again for ever.
	Body []json.RawMessage `maxItems:"100" doc:"Events as docs/interview.md describes them."`
}

type reportView struct {
	Taken   []string      `json:"taken"`
	Refused []refusedView `json:"refused"`
}

type refusedView struct {
	ID  string `json:"id"`
	Why string `json:"why"`
}

// What one attempt may send besides its recordings, at once and per second: some hundred times what a page sends. An event counts as one; a
// message and a picture, which are kept whole, as more.
const (
	reportRate    = 20
	reportsAtOnce = 3000
	messageCost   = 20
	stillCost     = 100
)

// mayReport bounds what a device of an attempt can fill the log and the archive with.
func (s *Server) mayReport(who string, cost int64) error {
	if wait := s.reports.take(who, cost); wait > 0 {
		return slowDown(wait, "too much was sent at once")
	}
	return nil
}

// report takes in what a browser reports. A laptop and a phone are bounded each by itself.
func (s *Server) report(ctx context.Context, attemptID, source string, raw []json.RawMessage) (reportView, error) {
	if err := s.mayReport(source+" "+attemptID, int64(len(raw))); err != nil {
		return reportView{}, err
	}
	view := reportView{Refused: []refusedView{}}
	var reports []exam.Report
	for _, one := range raw {
		var r exam.Report
		if err := json.Unmarshal(one, &r); err != nil {
			// What could be read of it stays, its identifier among that.
			view.Refused = append(view.Refused, refusedView{r.ID, "it is not an event: " + err.Error()})
			continue
		}
		reports = append(reports, r)
	}
	taken, refused, err := s.opts.Interviews.Report(ctx, attemptID, source, reports)
	view.Taken = taken
	for _, r := range refused {
		view.Refused = append(view.Refused, refusedView{r.ID, r.Why})
	}
	return view, err
}

// missing says what the server does not have of an attempt's recordings yet, of the laptop's and of the phone's; nothing where it has
// signed for everything that it knows of. Only the browsers know whether there is more.
func (s *Server) missing(ctx context.Context, i interview.Interview) (laptop, phone string, err error) {
	takes, err := s.opts.Store.Takes(ctx, i.Attempt.ID)
	if err != nil {
		return "", "", err
	}
	chains, err := s.opts.Store.Chains(ctx, i.Attempt.ID)
	if err != nil {
		return "", "", err
	}
	chainOf := make(map[string]store.Chain, len(chains))
	for _, c := range chains {
		chainOf[c.TakeID] = c
	}
	for _, t := range takes {
		missing := &laptop
		if t.Kind == exam.Phone {
			missing = &phone
		}
		c, own := chainOf[t.ID]
		switch {
		case !own, t.State == exam.Discarded, t.State == exam.Replaced:
		case t.State == exam.Uploading:
			*missing = fmt.Sprintf("take %s of the %s is not here whole", t.ID, t.Kind)
		case c.Receipt == "":
			*missing = fmt.Sprintf("take %s of the %s is not checked yet", t.ID, t.Kind)
		}
	}
	if phone == "" {
		phone, err = s.phoneUnsent(ctx, i)
	}
	return laptop, phone, err
}
