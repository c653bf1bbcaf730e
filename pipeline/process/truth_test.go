//go:build cgo

package process_test

import (
	"context"
	"errors"
	"image"
	"io"
	"math"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/demo"
	"github.com/trivue/trivue/pipeline/gstx"
	"github.com/trivue/trivue/pipeline/process"
	"github.com/trivue/trivue/pipeline/stage"
	"github.com/trivue/trivue/timeline"
)

// frame is the distance of two pictures of the small sample.
const frame = 0.1

// truthOf finds the truth about a take by the name of its source.
func truthOf(t testing.TB, made demo.Interview, take timeline.Take) demo.Take {
	t.Helper()
	for _, truth := range made.Takes {
		if filepath.Base(truth.File) == take.Source.Name {
			return truth
		}
	}
	require.Failf(t, "no truth", "about %s", take.Source.Name)
	return demo.Take{}
}

func TestTimelineAgreesWithTheTruth(t *testing.T) {
	made := interview(t)
	out := t.TempDir()
	result, err := process.Run(t.Context(), inputs(made, exam.Kinds...), options(out))
	require.NoError(t, err)
	assertNoResidue(t, out)
	assert.Empty(t, result.Unusable)
	assert.Empty(t, result.Warnings)
	require.Len(t, result.Timeline.Recordings, 3)
	require.Empty(t, result.Timeline.Missing)

	phone := result.Timeline.Recordings[2]
	require.Len(t, phone.Takes, 2)
	require.Len(t, phone.Gaps, 1, "the phone was interrupted once")
	first, second := truthOf(t, made, phone.Takes[0]), truthOf(t, made, phone.Takes[1])
	gap := (second.Start - first.Scene(first.Duration)).Seconds()
	assert.InDelta(t, gap, phone.Gaps[0].End-phone.Gaps[0].Start, 0.2)

	shown := make(map[string][]picture) // by file
	for _, recording := range result.Timeline.Recordings {
		for _, take := range recording.Takes {
			shown[take.File] = timecodes(t, filepath.Join(out, take.File))
		}
	}
	t.Run("map", func(t *testing.T) { assertTrueMap(t, made, result.Timeline, shown) })
	t.Run("views", func(t *testing.T) { assertSameTimecodes(t, result.Timeline, shown) })
}

// assertTrueMap compares each take's map with the scene times that its own pictures carry. The sound of the phone arrives later
// than its picture, and sound is what places it.
func assertTrueMap(t *testing.T, made demo.Interview, line timeline.Timeline, shown map[string][]picture) {
	zero, sure := math.NaN(), 0
	for _, recording := range line.Recordings {
		for _, take := range recording.Takes {
			pictures := shown[take.File]
			var offsets []float64
			for _, p := range pictures {
				offsets = append(offsets, p.code-take.Map().At(p.at))
			}
			head, tail := median(offsets[:len(offsets)/2]), median(offsets[len(offsets)/2:])
			if math.IsNaN(zero) {
				zero = (head + tail) / 2
			}
			t.Logf("%s: %.4f s, then %.4f s off", take.Source.Name, head-zero, tail-zero)
			truth := truthOf(t, made, take)
			within := 0.005
			switch {
			case take.Heard == timeline.HeardApproximately:
				within = take.Residual
			case take.Heard == timeline.HeardExactly:
				sure++
			}
			assert.InDelta(t, zero+truth.SoundDelay.Seconds(), head, within, "%s, first half", take.Source.Name)
			assert.InDelta(t, zero+truth.SoundDelay.Seconds(), tail, within, "%s, second half", take.Source.Name)
		}
	}
	assert.GreaterOrEqual(t, sure, 2, "takes placed without a doubt")
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// assertSameTimecodes looks at what all views show at the same interview times, through the timeline's map alone.
func assertSameTimecodes(t *testing.T, line timeline.Timeline, shown map[string][]picture) {
	compared := 0
	for at := 0.5; at < line.Duration; at += 0.7 {
		var codes []float64
		for _, recording := range line.Recordings {
			for _, take := range recording.Takes {
				if code, ok := codeAt(shown[take.File], take.Media(at)); ok {
					codes = append(codes, code)
				}
			}
		}
		if len(codes) < 2 {
			continue
		}
		compared++
		least, most := codes[0], codes[0]
		for _, c := range codes {
			least, most = math.Min(least, c), math.Max(most, c)
		}
		assert.LessOrEqual(t, most-least, frame+0.02, "time-codes %v at interview time %.1f", codes, at)
	}
	assert.Greater(t, compared, 20, "there is too little to compare")
}

type picture struct{ at, code float64 }

// codeAt is the time-code that a player shows at a media time: that of the last picture that is not later.
func codeAt(pictures []picture, media float64) (float64, bool) {
	for i, p := range pictures {
		last := i == len(pictures)-1
		if p.at <= media && (last && media < p.at+frame || !last && pictures[i+1].at > media) {
			return p.code, true
		}
	}
	return 0, false
}

func timecodes(t *testing.T, path string) (all []picture) {
	t.Helper()
	f, err := stage.Open(path)
	require.NoError(t, err)
	defer f.Close()
	var track container.Track
	for _, candidate := range f.Tracks() {
		if candidate.Kind == container.Video {
			track = candidate
		}
	}
	var buf []byte
	source := func() (container.Packet, []byte, error) {
		for {
			p, err := f.Next()
			if err != nil {
				if !errors.Is(err, io.EOF) {
					t.Error(err)
				}
				return p, nil, err
			}
			if p.Track == track.ID {
				buf, err = f.Payload(buf[:0])
				return p, buf, err
			}
		}
	}
	_, err = gstx.New().DecodePictures(context.Background(), track, source, image.Pt(1280, 1280), func(time.Duration) bool { return true },
		func(at time.Duration, img *image.RGBA) error {
			if code, ok := demo.ReadTimecode(img); ok {
				all = append(all, picture{at.Seconds(), code.Seconds()})
			}
			return nil
		})
	require.NoError(t, err)
	require.NotEmpty(t, all, path)
	return all
}
