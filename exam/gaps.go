package exam

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Gap is a time in which a recording that there should have been has nothing.
type Gap struct {
	Kind  Kind
	From  time.Time
	To    time.Time
	Cause string // why the take before it ended, as the browser that recorded it says; NeverBegan where there was none
}

// NeverBegan is the cause of a gap before the first take.
const NeverBegan = "never-began"

// seamless is how far two takes may lie apart without anything being missing: one begins before the other ends, but the estimate of
// the server's clock by which they are stamped moves a little in between.
const seamless = 50 * time.Millisecond

// span is a take's place by the server's clock.
type span struct {
	from, to time.Time // to is zero while it goes on
	cause    string
}

// Gaps gives, for each kind, the times between from and to in which no take was recording, in order of time. It reads what browsers said
// of their takes in the log (EventTakeBegan and EventTakeEnded; other events do not matter). A take without an end goes on. A copy that
// replaces a take on the way to the server is the same recording.
func Gaps(log []Event, kinds []Kind, from, to time.Time) ([]Gap, error) {
	spans, err := spansOf(log)
	if err != nil {
		return nil, err
	}
	var gaps []Gap
	for _, kind := range kinds {
		own := spans[kind]
		slices.SortFunc(own, func(a, b span) int { return a.from.Compare(b.from) })
		reached, cause := from, NeverBegan
		for _, s := range own {
			if s.to.IsZero() {
				s.to = to
			}
			if begins := earlier(s.from, to); begins.Sub(reached) > seamless {
				gaps = append(gaps, Gap{Kind: kind, From: reached, To: begins, Cause: cause})
			}
			if s.to.After(reached) || cause == NeverBegan {
				cause = s.cause
			}
			if s.to.After(reached) {
				reached = s.to
			}
		}
		if to.Sub(reached) > seamless {
			gaps = append(gaps, Gap{Kind: kind, From: reached, To: to, Cause: cause})
		}
	}
	slices.SortStableFunc(gaps, func(a, b Gap) int { return a.From.Compare(b.From) })
	return gaps, nil
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func spansOf(log []Event) (map[Kind][]span, error) {
	began, ended := map[string]span{}, map[string]TakeEnded{}
	kinds := map[string]Kind{}
	for _, e := range log {
		switch e.Kind {
		case EventTakeBegan:
			var t TakeBegan
			if err := json.Unmarshal(e.Data, &t); err != nil {
				return nil, fmt.Errorf("event %d: %w", e.N, err)
			}
			if t.Replaces == "" {
				began[t.Take], kinds[t.Take] = span{from: t.Began.moment(e)}, t.Kind
			}
		case EventTakeEnded:
			var t TakeEnded
			if err := json.Unmarshal(e.Data, &t); err != nil {
				return nil, fmt.Errorf("event %d: %w", e.N, err)
			}
			ended[t.Take] = t
		}
	}
	spans := map[Kind][]span{}
	for take, s := range began {
		if e, ok := ended[take]; ok {
			// A take's length is measured by one clock; the stamp of the end of one that was cut short may be of another run of the page.
			s.to, s.cause = s.from.Add(time.Duration(e.Milliseconds)*time.Millisecond), e.End.Reason
		}
		spans[kinds[take]] = append(spans[kinds[take]], s)
	}
	return spans, nil
}

// moment is a stamp by the server's clock; where that was not known, by the device's; where it says nothing, when the event came.
func (s Stamp) moment(e Event) time.Time {
	switch {
	case s.Server != nil:
		return time.UnixMicro(*s.Server).UTC()
	case s.Wall > 0:
		return time.UnixMicro(s.Wall).UTC()
	}
	return e.At
}

// LostTime is how long at least one recording was missing: what overlaps counts once.
func LostTime(gaps []Gap) time.Duration {
	var lost time.Duration
	var reached time.Time
	for _, g := range slices.SortedFunc(slices.Values(gaps), func(a, b Gap) int { return a.From.Compare(b.From) }) {
		if g.From.Before(reached) {
			g.From = reached
		}
		if g.To.After(g.From) {
			lost += g.To.Sub(g.From)
			reached = g.To
		}
	}
	return lost
}
