package exam_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/trivue/trivue/exam"
)

func TestSummarise(t *testing.T) {
	received := exam.Take{ID: "a", State: exam.Received}
	stages := func(states ...exam.StageState) (all []exam.Stage) {
		names := append(append([]exam.StageName{}, exam.TakeStages...), exam.AttemptStages...)
		for i, state := range states {
			s := exam.Stage{TakeID: "a", Name: names[i], State: state, Progress: 0.5}
			if i >= len(exam.TakeStages) {
				s.TakeID, s.Revision = "", 2
			}
			all = append(all, s)
		}
		return all
	}
	const (
		done    = exam.Done
		running = exam.Running
		failed  = exam.Failed
	)
	for name, c := range map[string]struct {
		revision int64
		takes    []exam.Take
		stages   []exam.Stage
		want     exam.Summary
	}{
		"nothing":              {0, nil, nil, exam.Summary{State: exam.Nothing}},
		"only given up":        {0, []exam.Take{{ID: "a", State: exam.Discarded}}, nil, exam.Summary{State: exam.Nothing}},
		"half uploaded":        {0, []exam.Take{{ID: "a", State: exam.Uploading, Size: 10, Received: 5}}, nil, exam.Summary{State: exam.Coming, Progress: 0.2}},
		"length not said":      {0, []exam.Take{{ID: "a", State: exam.Uploading, Size: -1, Received: 5}}, nil, exam.Summary{State: exam.Coming}},
		"received":             {1, []exam.Take{received}, nil, exam.Summary{State: exam.Working, Progress: 0.4}},
		"inspecting":           {1, []exam.Take{received}, stages(running), exam.Summary{State: exam.Working, Progress: 0.4625}},
		"unusable":             {1, []exam.Take{received}, stages(failed), exam.Summary{State: exam.Broken, Progress: 0.9}},
		"thumbnails failed":    {2, []exam.Take{received}, stages(done, done, done, failed), exam.Summary{State: exam.Working, Progress: 0.9}},
		"timeline failed":      {2, []exam.Take{received}, stages(done, done, done, done, failed), exam.Summary{State: exam.Broken, Progress: 0.9}},
		"everything":           {2, []exam.Take{received}, stages(done, done, done, done, done, done), exam.Summary{State: exam.Ready, Progress: 1, Reviewable: true}},
		"a take came later":    {3, []exam.Take{received}, stages(done, done, done, done, done, done), exam.Summary{State: exam.Working, Progress: 0.9, Reviewable: true}},
		"one more is uploaded": {2, []exam.Take{received, {ID: "b", State: exam.Uploading, Size: 4}}, stages(done, done, done, done, done, done), exam.Summary{State: exam.Coming, Progress: 0.55, Reviewable: true}},
	} {
		t.Run(name, func(t *testing.T) {
			got := exam.Summarise(exam.Attempt{Revision: c.revision}, c.takes, c.stages)
			assert.InDelta(t, c.want.Progress, got.Progress, 1e-9)
			got.Progress = c.want.Progress
			assert.Equal(t, c.want, got)
		})
	}
}

func TestATakesStateOnlyMovesForward(t *testing.T) {
	states := []exam.TakeState{exam.Uploading, exam.Received, exam.Replaced, exam.Discarded}
	allowed := map[[2]exam.TakeState]bool{{exam.Uploading, exam.Received}: true, {exam.Uploading, exam.Discarded}: true, {exam.Received, exam.Replaced}: true}
	for _, from := range states {
		for _, to := range states {
			assert.Equal(t, allowed[[2]exam.TakeState{from, to}], from.CanBecome(to), "%s to %s", from, to)
		}
	}
}
