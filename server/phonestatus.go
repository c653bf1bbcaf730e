package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/ingest/chain"
	"github.com/trivue/trivue/interview"
	"github.com/trivue/trivue/store"
)

// phoneStatus is what a phone sees of itself. It is no evidence: the log and the takes are.
type phoneStatus struct {
	Run       string        `json:"run"`
	Stage     string        `json:"stage" enum:"pan,place,film,interrupted,send,done"`
	Recording bool          `json:"recording"`
	Take      *string       `json:"take"`
	Since     *int64        `json:"since"`
	Hidden    bool          `json:"hidden"`
	Battery   *phoneBattery `json:"battery" doc:"Null where the browser does not say."`
	Network   phoneNetwork  `json:"network"`
	Unsent    phoneUnsent   `json:"unsent"`
	Trouble   *string       `json:"trouble"`
	Camera    *phoneCamera  `json:"camera"`
	Picture   phonePicture  `json:"picture"`
	Space     string        `json:"space" enum:"enough,low,full"`
}

type phoneBattery struct {
	Level    float64 `json:"level" doc:"0 to 1."`
	Charging bool    `json:"charging"`
}

type phoneNetwork struct {
	Online   bool     `json:"online"`
	Type     *string  `json:"type"`
	Downlink *float64 `json:"downlink"`
	RTT      *float64 `json:"rtt"`
}

type phoneUnsent struct {
	Bytes   int64   `json:"bytes"`
	Seconds float64 `json:"seconds"`
}

type phoneCamera struct {
	Facing string  `json:"facing"`
	Width  float64 `json:"width"`
	Height float64 `json:"height"`
}

type phonePicture struct {
	Bright *float64 `json:"bright"`
	Steady *bool    `json:"steady"`
}

const (
	largestPhoneStatus = 8 << 10
	longestWord        = 100
	phoneDone          = "done"
)

var (
	phoneStages = []string{"pan", "place", "film", "interrupted", "send", phoneDone}
	phoneSpaces = []string{"enough", "low", "full"}
)

// readPhoneStatus reads what a phone says. A field that is not known is left out: a page may be newer than the server.
func readPhoneStatus(data []byte) (phoneStatus, error) {
	var p phoneStatus
	if err := json.Unmarshal(data, &p); err != nil {
		return p, fmt.Errorf("it is not a status: %w", err)
	}
	words := []string{p.Run}
	for _, word := range []*string{p.Network.Type, p.Trouble} {
		if word != nil {
			words = append(words, *word)
		}
	}
	if p.Camera != nil {
		words = append(words, p.Camera.Facing)
	}
	switch {
	case !slices.Contains(phoneStages, p.Stage):
		return p, fmt.Errorf("stage is %.40q: it must be one of %v", p.Stage, phoneStages)
	case !slices.Contains(phoneSpaces, p.Space):
		return p, fmt.Errorf("space is %.40q: it must be one of %v", p.Space, phoneSpaces)
	case p.Take != nil && !chain.IsTake(*p.Take):
		return p, fmt.Errorf("take is %.40q: it must be 32 lower-case hexadecimal digits, or null", *p.Take)
	case slices.ContainsFunc(words, func(w string) bool { return len(w) > longestWord }):
		return p, fmt.Errorf("a word has more than %d bytes", longestWord)
	case p.Battery != nil && (p.Battery.Level < 0 || p.Battery.Level > 1):
		return p, fmt.Errorf("level of the battery is %v: it must be from 0 to 1", p.Battery.Level)
	case p.Unsent.Bytes < 0 || p.Unsent.Seconds < 0:
		return p, fmt.Errorf("unsent is negative")
	}
	return p, nil
}

// words is the status without what changes all the time.
func (p phoneStatus) words() []byte {
	p.Unsent, p.Network.Downlink, p.Network.RTT, p.Picture.Bright = phoneUnsent{}, nil, nil, nil
	if p.Battery != nil {
		p.Battery = &phoneBattery{Charging: p.Battery.Charging}
	}
	data, _ := json.Marshal(p) // of plain fields: does not fail
	return data
}

// heardPhone is what a phone has last said, and how much of that is in the database.
type heardPhone struct {
	status  *phoneStatus
	at      time.Time
	words   []byte    // as they were written
	written time.Time // zero where nothing was
}

// heardPhones are what phones have last said, by attempt. The rows are a little older, and outlive the process.
type heardPhones struct {
	mu  sync.Mutex
	all map[string]heardPhone // guarded by mu
}

const (
	writePhoneEvery = 15 * time.Second
	mostHeard       = 10_000
	heardFor        = time.Minute // longer than a row is behind
)

// note remembers a status, and reports whether it is to be written.
func (h *heardPhones) note(attemptID string, p phoneStatus, now time.Time) (write bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.all == nil {
		h.all = map[string]heardPhone{}
	}
	one, known := h.all[attemptID]
	if !known && len(h.all) >= mostHeard {
		for id, other := range h.all {
			if now.Sub(other.at) > heardFor {
				delete(h.all, id)
			}
		}
	}
	one.status, one.at = &p, now
	h.all[attemptID] = one
	return one.written.IsZero() || now.Sub(one.written) >= writePhoneEvery || !bytes.Equal(one.words, p.words())
}

func (h *heardPhones) wrote(attemptID string, p phoneStatus, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if one, known := h.all[attemptID]; known {
		one.words, one.written = p.words(), now
		h.all[attemptID] = one
	}
}

func (h *heardPhones) get(attemptID string) (heardPhone, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	one, known := h.all[attemptID]
	return one, known
}

func (h *heardPhones) forget(attemptID string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.all, attemptID)
}

type phoneStatusRequest struct {
	Body json.RawMessage `doc:"See docs/phone.md."`
}

// hearPhone takes in what the phone that films says of itself, and tells the pages that show it.
func (s *Server) hearPhone(ctx context.Context, data []byte) error {
	session, err := filming(ctx)
	if err != nil {
		return err
	}
	if wait := s.phones.news.take(session.AttemptID, 1); wait > 0 {
		return slowDown(wait, "the phone says too much at once")
	}
	status, err := readPhoneStatus(data)
	if err != nil {
		return newProblem(http.StatusUnprocessableEntity, err.Error())
	}
	now := s.opts.Now()
	if s.phones.heard.note(session.AttemptID, status, now) {
		kept, err := json.Marshal(status)
		if err == nil {
			err = s.opts.Store.SavePhoneStatus(ctx, store.PhoneStatus{AttemptID: session.AttemptID, Status: kept, HeardAt: now})
		}
		if err != nil {
			return err
		}
		s.phones.heard.wrote(session.AttemptID, status, now)
	}
	s.phones.told.AttemptChanged(session.AttemptID)
	if status.Stage != phoneDone {
		return nil
	}
	return s.settle(ctx, session.AttemptID)
}

// settle ends an attempt whose laptop waits for nothing but its phone, where that has sent everything.
func (s *Server) settle(ctx context.Context, attemptID string) error {
	i, err := s.opts.Interviews.Load(ctx, attemptID)
	if err != nil || i.Attempt.Course.LaptopSent.IsZero() || !i.Attempt.Course.Done[exam.Sending].IsZero() {
		return err
	}
	_, missing, err := s.missing(ctx, i)
	if err == nil {
		_, err = s.opts.Interviews.Do(ctx, attemptID, exam.Settle{PhoneMissing: missing})
	}
	return err
}

// phoneUnsent says what an attempt's phone has still to send, as far as it has said; nothing where there is no phone.
func (s *Server) phoneUnsent(ctx context.Context, i interview.Interview) (string, error) {
	phone := i.Attempt.Course.Phone
	if !phone.Bound() {
		return "", nil
	}
	if phone.EndedAt.IsZero() {
		return "the phone has not said that it has ended", nil
	}
	said, err := s.said(ctx, i.Attempt.ID, phone.BoundAt)
	if err != nil || said.Status == nil || said.Status.Unsent.Bytes == 0 {
		return "", err
	}
	return fmt.Sprintf("the phone has %d bytes to send", said.Status.Unsent.Bytes), nil
}

// saidView is the newest that is known of a phone.
type saidView struct {
	Heard  int64        `json:"heard" doc:"When it was last heard of."`
	Status *phoneStatus `json:"status"`
	Still  *int64       `json:"still" doc:"When the preview was made; null where there is none."`
}

// sameAs reports whether nothing new was said. Every status and every picture has its time.
func (v saidView) sameAs(w saidView) bool {
	still := func(v saidView) int64 {
		if v.Still == nil {
			return 0
		}
		return *v.Still
	}
	return v.Heard == w.Heard && still(v) == still(w)
}

// boundView is the phone that films, as others see it.
type boundView struct {
	At       int64    `json:"at"`
	Agent    string   `json:"agent"`
	Pan      *panView `json:"pan"`
	PlacedAt *int64   `json:"placedAt"`
	EndedAt  *int64   `json:"endedAt"`
	saidView
}

// lasting is the view without what a phone says every few seconds.
func (b *boundView) lasting() *boundView {
	if b == nil {
		return nil
	}
	kept := *b
	kept.saidView = saidView{}
	return &kept
}

// boundPhone gives the phone of an attempt; nil where there is none.
func (s *Server) boundPhone(ctx context.Context, a exam.Attempt) (*boundView, error) {
	p := a.Course.Phone
	if !p.Bound() {
		return nil, nil
	}
	said, err := s.said(ctx, a.ID, p.BoundAt)
	return &boundView{At: p.BoundAt.UnixMicro(), Agent: p.Agent, Pan: viewPan(p.Pan), PlacedAt: moment(p.PlacedAt), EndedAt: moment(p.EndedAt), saidView: said}, err
}

// said gives what the phone of an attempt has last said; that it was bound is the first sign of it.
func (s *Server) said(ctx context.Context, attemptID string, boundAt time.Time) (saidView, error) {
	view := saidView{Heard: boundAt.UnixMicro()}
	at, err := s.opts.Previews.At(attemptID)
	if err != nil {
		return view, err
	}
	view.Still = moment(at)
	one, known := s.phones.heard.get(attemptID)
	if !known {
		// Said to the process before this one, or not at all.
		kept, err := s.opts.Store.PhoneStatus(ctx, attemptID)
		if notFound(err) {
			return view, nil
		}
		if err != nil {
			return view, err
		}
		one.at = kept.HeardAt
		if err := json.Unmarshal(kept.Status, &one.status); err != nil {
			return view, fmt.Errorf("status of attempt %s's phone: %w", attemptID, err)
		}
	}
	view.Status, view.Heard = one.status, max(view.Heard, one.at.UnixMicro())
	return view, nil
}
