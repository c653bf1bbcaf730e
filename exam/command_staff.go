package exam

import (
	"fmt"
	"strings"
	"time"
)

// longestGrant bounds what one grant adds.
const longestGrant = 4 * time.Hour

// GrantTime adds time because of a fault that was not the candidate's.
type GrantTime struct {
	Length        time.Duration
	Staff, Reason string
}

func (g GrantTime) apply(i Interview, c *Course, now time.Time) ([]Happening, error) {
	switch {
	case strings.TrimSpace(g.Reason) == "":
		return nil, Refusal{Code: Incomplete, Detail: "say why time is granted"}
	case g.Length < time.Second || g.Length > longestGrant:
		return nil, Refusal{Code: NotAllowed, Detail: fmt.Sprintf("%v: from a second to %v can be granted at once", g.Length, longestGrant)}
	case c.Ended != nil:
		return nil, Refusal{Code: Already, Detail: "answering has ended; let the candidate in again first"}
	}
	c.Extra = append(c.Extra, Extra{At: now, Length: g.Length, By: g.Staff, Reason: g.Reason})
	return []Happening{{byStaff(g.Staff), EventTimeGranted, struct {
		Seconds int64  `json:"seconds"`
		Reason  string `json:"reason"`
	}{int64(g.Length / time.Second), g.Reason}}}, nil
}

// Readmit lets a candidate in who comes after the start, or whose attempt has ended through no fault of theirs. It goes on where the
// exam is by now: questions whose time has passed stay as they are. After the end, Extra is the time from now.
type Readmit struct {
	Extra         time.Duration
	Staff, Reason string
}

func (r Readmit) apply(i Interview, c *Course, now time.Time) ([]Happening, error) {
	switch {
	case strings.TrimSpace(r.Reason) == "":
		return nil, Refusal{Code: Incomplete, Detail: "say why the candidate is let in"}
	case r.Extra < 0 || r.Extra > longestGrant:
		return nil, Refusal{Code: NotAllowed, Detail: fmt.Sprintf("%v: at most %v can be granted at once", r.Extra, longestGrant)}
	case !i.unscheduled() && !now.Before(i.End()) && r.Extra == 0:
		return nil, Refusal{Code: Incomplete, Detail: "the time is over: say how much is added"}
	}
	c.LateEntry, c.Ended = true, nil
	delete(c.Done, Sending)
	c.LaptopSent, c.Phone.EndedAt = time.Time{}, time.Time{}
	extra := r.Extra
	if over := now.Sub(i.End()); over > 0 && extra > 0 {
		// What has passed since the end does not count: Extra is what the candidate has from now on.
		extra += over
	}
	if extra > 0 {
		c.Extra = append(c.Extra, Extra{At: now, Length: extra, By: r.Staff, Reason: r.Reason})
	}
	return []Happening{{byStaff(r.Staff), EventEntryGranted, struct {
		Seconds int64  `json:"seconds"`
		Reason  string `json:"reason"`
	}{int64(r.Extra / time.Second), r.Reason}}}, nil
}
