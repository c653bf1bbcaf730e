package jobs

import (
	"context"
	"strings"
)

// newsChannel is where processes tell each other, by Redis, which attempt has changed: a stage runs in a worker, and the page that
// shows its progress is open at a server. Content: who tells, a space, the attempt's id.
const newsChannel = "trivue:changed"

// changed tells this process at once, and the others soon. A Redis that does not answer must not hold up a stage.
func (s *Service) changed(attemptID string) {
	if s.opts.Notifier != nil {
		s.opts.Notifier.AttemptChanged(attemptID)
	}
	s.news.add(attemptID)
}

// AttemptChanged tells the pages of every process at this Redis that an attempt is not what it was. It does not wait.
func (s *Service) AttemptChanged(attemptID string) { s.changed(attemptID) }

// tells publishes what has changed, until Close. What cannot be told is left out: pages look by themselves now and then.
func (s *Service) tells() {
	for {
		select {
		case <-s.run.Done():
			return
		case <-s.news.signal:
		}
		for id, ok := s.news.take(); ok && s.run.Err() == nil; id, ok = s.news.take() {
			if err := s.redis.Publish(s.run, newsChannel, s.owner+" "+id).Err(); err != nil && s.run.Err() == nil {
				s.log.Debug("other processes could not be told of a change", "attempt", id, "error", err)
			}
		}
	}
}

// hears passes on what other processes tell, until Close. The client connects again by itself.
func (s *Service) hears() {
	subscription := s.redis.Subscribe(s.run, newsChannel)
	defer context.AfterFunc(s.run, func() { _ = subscription.Close() })()
	for message := range subscription.Channel() {
		from, attemptID, ok := strings.Cut(message.Payload, " ")
		if ok && from != s.owner {
			s.opts.Notifier.AttemptChanged(attemptID)
		}
	}
}
