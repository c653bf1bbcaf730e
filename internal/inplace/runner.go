// Package inplace runs stages inside the calling process, for tests that are about what a stage does and not about the child
// it runs in.
package inplace

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/pipeline/stage"
)

// Runner is a stage.Runner without children.
type Runner map[exam.StageName]stage.Func

// Run runs the job's stage and explains its error as a child would.
func (r Runner) Run(ctx context.Context, job stage.Job, progress func(float64)) (json.RawMessage, error) {
	f, ok := r[job.Stage]
	if !ok {
		return nil, fmt.Errorf("there is no stage %q", job.Stage)
	}
	if progress == nil {
		progress = func(float64) {}
	}
	result, err := f(ctx, job, progress)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, stage.Explain(err)
	}
	return json.Marshal(result)
}
