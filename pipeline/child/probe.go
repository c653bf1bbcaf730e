package child

import (
	"context"
	"os"

	"github.com/trivue/trivue/pipeline/child/sandbox"
	"github.com/trivue/trivue/pipeline/stage"
)

// Probe starts a child that does nothing but close its sandbox, and says which layers this machine grants.
func (r *Runner) Probe(ctx context.Context) (sandbox.Status, error) {
	folder, err := os.MkdirTemp("", "trivue-probe-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	_, report, err := r.RunReport(ctx, stage.Job{Stage: probe, Output: folder}, nil)
	return report.Sandbox, err
}
