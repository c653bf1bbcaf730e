package stage_test

import (
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/stage"
)

// TestProgressMovesWithThePictures: a child whose progress stands still for half a minute is ended as hung, and a picture of 4K on a
// busy machine takes a second. The scene has 100 pictures.
func TestProgressMovesWithThePictures(t *testing.T) {
	const pictures = 100
	r := runner(t)
	steps := func(name exam.StageName, input, output string, params any) (reached []float64) {
		encoded, err := json.Marshal(params)
		require.NoError(t, err)
		job := stage.Job{Stage: name, Inputs: []string{input}, Output: output, Params: encoded}
		_, err = r.Run(t.Context(), job, func(done float64) {
			if len(reached) == 0 || done > reached[len(reached)-1] {
				reached = append(reached, done)
			}
		})
		require.NoError(t, err)
		return reached
	}

	path, dir := record(t, "phone.mp4", nil, hvc), t.TempDir()
	inspection, err := run[stage.Inspection](t, r, exam.Inspect, path, dir, nil)
	require.NoError(t, err)
	require.Equal(t, container.HEVC, inspection.Video.Codec)
	transcoding := 0
	for _, done := range steps(exam.Playback, path, dir, stage.PlaybackParams{Inspection: inspection}) {
		if done < 0.8 { // what comes after is reading the result back
			transcoding++
		}
	}
	assert.GreaterOrEqual(t, transcoding, pictures/20)

	path = record(t, "screen.webm", nil, "-c:v libvpx -deadline realtime -cpu-used 8 -g 1000")
	inspection, err = run[stage.Inspection](t, r, exam.Inspect, path, dir, nil)
	require.NoError(t, err)
	playback, err := run[stage.PlaybackFile](t, r, exam.Playback, path, dir, stage.PlaybackParams{Inspection: inspection})
	require.NoError(t, err)
	looking := steps(exam.Frames, filepath.Join(dir, playback.File), dir, stage.FramesParams{Video: stage.TrackReport{
		ID: playback.Video.ID, Codec: playback.Video.Codec, End: playback.Video.End, KeyGap: 1 << 62, // every picture is decoded
	}})
	assert.GreaterOrEqual(t, len(looking), pictures/2)
}
