// Package doctor checks whether a machine can run Trivue well, and says how to mend what it finds.
package doctor

import (
	"context"
	"fmt"
	"time"
)

// State is how a check came out.
type State string

// States, from good to bad. Only Failed keeps Trivue from working; a warning is something that will be missed.
const (
	OK      State = "ok"
	Warning State = "warn"
	Failed  State = "fail"
)

// Result is what one check found.
type Result struct {
	Check string `json:"check"`
	State State  `json:"state"`
	Seen  string `json:"seen"`           // what was found
	Mend  string `json:"mend,omitempty"` // what to do, with the exact command; empty where all is well
}

// Check looks at one thing.
type Check struct {
	Name string
	// Run gives what it found; the check's name is filled in. It returns soon after ctx ends.
	Run func(ctx context.Context) Result
}

// Report is what all checks found, in their order.
type Report struct {
	Results []Result `json:"results"`
}

// patience is how long one check may take.
const patience = 20 * time.Second

// Run runs the checks one after the other, so that none disturbs another's measurement.
func Run(ctx context.Context, checks []Check) Report {
	report := Report{Results: make([]Result, 0, len(checks))}
	for _, c := range checks {
		report.Results = append(report.Results, c.run(ctx))
	}
	return report
}

func (c Check) run(ctx context.Context) (r Result) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	// Whatever is wrong with one check, the others are still worth knowing.
	defer func() {
		if cause := recover(); cause != nil {
			r = failed("", textCheckBroke, cause)
		}
		r.Check = c.Name
	}()
	return c.Run(ctx)
}

// Count is how many checks came out in that state.
func (r Report) Count(s State) int {
	n := 0
	for _, result := range r.Results {
		if result.State == s {
			n++
		}
	}
	return n
}

// ExitCode is 1 if anything failed, otherwise 0.
func (r Report) ExitCode() int {
	if r.Count(Failed) > 0 {
		return 1
	}
	return 0
}

func ok(seen string, a ...any) Result {
	return Result{State: OK, Seen: fmt.Sprintf(seen, a...)}
}

func warning(mend, seen string, a ...any) Result {
	return Result{State: Warning, Seen: fmt.Sprintf(seen, a...), Mend: mend}
}

func failed(mend, seen string, a ...any) Result {
	return Result{State: Failed, Seen: fmt.Sprintf(seen, a...), Mend: mend}
}
