package stage

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/pipeline/container"
)

// anything stands for a machine on which every decoder is installed.
type anything struct{ Media }

func (anything) CanDecode(container.Track) bool { return true }

func TestPlanSaysWhyPicturesChange(t *testing.T) {
	for name, c := range map[string]struct {
		width, height int
		why           string
	}{
		"1080p":         {1920, 1080, "not every browser plays hevc pictures"},
		"1080p upright": {1080, 1920, "not every browser plays hevc pictures"},
		"2160p":         {3840, 2160, "not every browser plays hevc pictures; its pictures of 3840 × 2160 are made smaller, to fit into 1920 × 1080"},
		"a square":      {1440, 1440, "not every browser plays hevc pictures; its pictures of 1440 × 1440 are made smaller, to fit into 1920 × 1080"},
	} {
		t.Run(name, func(t *testing.T) {
			video := container.Track{Kind: container.Video, Codec: container.HEVC, Width: c.width, Height: c.height}
			p, err := plan(container.MP4, &video, nil, false, anything{})
			require.NoError(t, err)
			assert.Equal(t, Transcode, p.Video)
			assert.Equal(t, c.why, p.Why)
		})
	}
}
