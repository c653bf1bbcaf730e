package stage

import "context"

// Func is the work of one stage, run inside the child. Its result is sent to the parent as JSON. Progress takes values that
// grow from 0 to 1. When ctx ends, the function returns soon, with ctx's error; what it left in job.Output is then removed by
// the parent.
type Func func(ctx context.Context, job Job, progress func(float64)) (result any, err error)
