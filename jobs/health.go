package jobs

import (
	"context"
	"fmt"
	"slices"
)

// Depth says how many tasks of a queue are in which state.
type Depth struct {
	Queue   string
	Waiting int // to be taken by the next free process
	Running int
	Delayed int // to be tried later
}

// Ping reports whether Redis answers.
func (s *Service) Ping(ctx context.Context) error {
	if err := s.redis.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("redis: %w", err)
	}
	return nil
}

// Depths gives how full the queues are. It takes at most the Redis client's own timeouts.
func (s *Service) Depths() ([]Depth, error) {
	known, err := s.inspector.Queues() // those into which something was put
	if err != nil {
		return nil, fmt.Errorf("queues: %w", err)
	}
	var depths []Depth
	for _, queue := range []string{queueInspect, queueStages} {
		d := Depth{Queue: queue}
		if slices.Contains(known, queue) {
			info, err := s.inspector.GetQueueInfo(queue)
			if err != nil {
				return nil, fmt.Errorf("depth of queue %s: %w", queue, err)
			}
			d.Waiting, d.Running, d.Delayed = info.Pending, info.Active, info.Scheduled+info.Retry
		}
		depths = append(depths, d)
	}
	return depths, nil
}
