package exam_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/trivue/trivue/exam"
)

func TestStagesAfterAFailedOneWaitInVain(t *testing.T) {
	for name, c := range map[string]struct {
		states map[exam.StageName]exam.StageState
		vain   []exam.StageName
	}{
		"nothing has failed":  {map[exam.StageName]exam.StageState{exam.Inspect: exam.Running}, nil},
		"the check failed":    {map[exam.StageName]exam.StageState{exam.Inspect: exam.Failed}, []exam.StageName{exam.Playback, exam.Sound, exam.Frames}},
		"no playback file":    {map[exam.StageName]exam.StageState{exam.Inspect: exam.Done, exam.Playback: exam.Failed}, []exam.StageName{exam.Sound, exam.Frames}},
		"no thumbnails":       {map[exam.StageName]exam.StageState{exam.Inspect: exam.Done, exam.Playback: exam.Done, exam.Frames: exam.Failed}, nil},
		"no timeline":         {map[exam.StageName]exam.StageState{exam.Timeline: exam.Failed}, []exam.StageName{exam.Archive}},
		"done before it fell": {map[exam.StageName]exam.StageState{exam.Timeline: exam.Failed, exam.Archive: exam.Done}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			state := func(n exam.StageName) exam.StageState {
				if s, ok := c.states[n]; ok {
					return s
				}
				return exam.Pending
			}
			var vain []exam.StageName
			for _, n := range append(append([]exam.StageName{}, exam.TakeStages...), exam.AttemptStages...) {
				if n.WaitsInVain(state) {
					vain = append(vain, n)
				}
			}
			assert.Equal(t, c.vain, vain)
		})
	}
}
