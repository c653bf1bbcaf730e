package interview

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/trivue/trivue/exam"
)

// Message is one of the conversation between a candidate and support.
type Message struct {
	At   time.Time
	From string // candidate, support
	By   string // who of support
	Text string
	// Cause is why help was asked for by itself: login-failed. Empty where somebody asked.
	Cause string
}

// LongestMessage is how many characters a message may have.
const LongestMessage = 1000

type messageData struct {
	Text  string `json:"text"`
	Cause string `json:"cause,omitempty"`
}

// Ask asks for help for a candidate: in the candidate's words, or by itself for a cause (R2.3).
func (s Service) Ask(ctx context.Context, attemptID, text, cause string) error {
	if cause != "" {
		return s.Note(ctx, attemptID, exam.Happening{Source: "server", Kind: exam.EventHelpAsked, Data: messageData{Cause: cause}})
	}
	return s.message(ctx, attemptID, exam.Happening{Source: "candidate", Kind: exam.EventHelpAsked}, text)
}

// Answer is what support says.
func (s Service) Answer(ctx context.Context, attemptID, staff, text string) error {
	return s.message(ctx, attemptID, exam.Happening{Source: "staff:" + staff, Kind: exam.EventHelpAnswered}, text)
}

func (s Service) message(ctx context.Context, attemptID string, h exam.Happening, text string) error {
	if text = strings.TrimSpace(text); text == "" || utf8.RuneCountInString(text) > LongestMessage {
		return exam.Refusal{Code: exam.Incomplete, Detail: fmt.Sprintf("write 1 to %d characters", LongestMessage)}
	}
	h.Data = messageData{Text: text}
	return s.Note(ctx, attemptID, h)
}

// Conversation gives what was said, in its order.
func (s Service) Conversation(ctx context.Context, attemptID string) ([]Message, error) {
	events, err := s.Store.EventsOf(ctx, attemptID, exam.EventHelpAsked, exam.EventHelpAnswered)
	if err != nil {
		return nil, err
	}
	messages, err := conversationOf(events)
	if err != nil {
		return nil, fmt.Errorf("attempt %s: %w", attemptID, err)
	}
	return messages, nil
}

func conversationOf(events []exam.Event) ([]Message, error) {
	messages := make([]Message, len(events))
	for n, e := range events {
		var data messageData
		if err := json.Unmarshal(e.Data, &data); err != nil {
			return nil, fmt.Errorf("event %d: %w", e.N, err)
		}
		messages[n] = Message{At: e.At, From: "candidate", Text: data.Text, Cause: data.Cause}
		if e.Kind == exam.EventHelpAnswered {
			messages[n].From, messages[n].By = "support", strings.TrimPrefix(e.Source, "staff:")
		}
	}
	return messages, nil
}
