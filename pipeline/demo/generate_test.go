//go:build cgo

package demo_test

import (
	"context"
	"crypto/sha256"
	"image"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/container/mp4"
	"github.com/trivue/trivue/pipeline/container/webm"
	"github.com/trivue/trivue/pipeline/demo"
	"github.com/trivue/trivue/pipeline/gstx"
)

func generate(t testing.TB, options demo.Options) demo.Interview {
	t.Helper()
	last := 0.0
	interview, err := demo.Generate(context.Background(), gstx.New(), t.TempDir(), options, func(done float64) {
		assert.GreaterOrEqual(t, done, last)
		last = done
	})
	require.NoError(t, err)
	assert.InDelta(t, 1, last, 1e-6)
	return interview
}

// open gives a file's track of a kind and its packets.
func open(t testing.TB, path string, kind container.Kind) (container.Track, func() (container.Packet, []byte, error)) {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	info, err := f.Stat()
	require.NoError(t, err)
	var reader container.Reader
	if filepath.Ext(path) == ".mp4" {
		reader, err = mp4.Open(f, info.Size())
	} else {
		reader, err = webm.Open(f, info.Size())
	}
	require.NoError(t, err)
	for _, track := range reader.Tracks() {
		if track.Kind != kind {
			continue
		}
		var buf []byte
		return track, func() (container.Packet, []byte, error) {
			for {
				p, err := reader.Next()
				if err != nil {
					return p, nil, err
				}
				if p.Track == track.ID {
					buf, err = reader.Payload(buf[:0])
					return p, buf, err
				}
			}
		}
	}
	t.Fatalf("%s has no %s", path, kind)
	return container.Track{}, nil
}

func TestGeneratedFilesShowAndSoundTheScene(t *testing.T) {
	interview := generate(t, demo.Options{Seconds: 24, Seed: 5, Small: true})
	require.Len(t, interview.Files[exam.Camera], 1)
	require.Len(t, interview.Files[exam.Screen], 1)
	require.Len(t, interview.Files[exam.Phone], 2)
	require.NotEmpty(t, interview.Claps)
	claps := make(map[exam.Kind]int)
	for _, take := range interview.Takes {
		t.Run(filepath.Base(take.File), func(t *testing.T) {
			flashes := assertPictures(t, take)
			sound := listen(t, take)
			assert.InDelta(t, take.Duration.Seconds(), float64(len(sound))/8000, 0.05)
			for _, clap := range interview.Claps {
				media := time.Duration(float64(clap-take.Start) / take.Rate)
				if media < 200*time.Millisecond || media > take.Duration-300*time.Millisecond {
					continue
				}
				claps[take.Kind]++
				heard := clapAt(sound, media+take.SoundDelay)
				assert.InDelta(t, (media + take.SoundDelay).Seconds(), heard.Seconds(), 0.003, "clap at %v", clap)
				seen := nextAfter(flashes, media-time.Millisecond)
				assert.InDelta(t, heard.Seconds(), seen.Seconds(), 0.12, "the first picture of a flash comes with the clap")
				assert.Greater(t, seen, heard-15*time.Millisecond)
			}
		})
	}
	for _, kind := range exam.Kinds {
		assert.Positive(t, claps[kind], "%s has a clap to judge sync by", kind)
	}
}

// assertPictures reads every picture's time-code, and gives the media times of those that flash.
func assertPictures(t *testing.T, take demo.Take) (flashes []time.Duration) {
	track, src := open(t, take.File, container.Video)
	n := 0
	// The thumbnails' size, which is smaller than what was recorded.
	_, err := gstx.New().DecodePictures(context.Background(), track, src, image.Pt(160, 160), func(time.Duration) bool { return true },
		func(at time.Duration, picture *image.RGBA) error {
			n++
			code, ok := demo.ReadTimecode(picture)
			if assert.True(t, ok, "time-code at %v", at) {
				assert.InDelta(t, take.Scene(at).Seconds(), code.Seconds(), 0.0015, "time-code at %v", at)
			}
			if brightness(picture) > 235 {
				flashes = append(flashes, at)
			}
			return nil
		})
	require.NoError(t, err)
	assert.InDelta(t, take.Duration.Seconds()*10, n, 2)
	return flashes
}

// brightness is the mean of the middle of a picture.
func brightness(p *image.RGBA) int {
	sum, n := 0, 0
	for y := p.Rect.Dy() / 3; y < p.Rect.Dy()*2/3; y++ {
		for x := range p.Rect.Dx() {
			c := p.RGBAAt(x, y)
			sum += int(c.R) + int(c.G) + int(c.B)
			n += 3
		}
	}
	return sum / n
}

func listen(t *testing.T, take demo.Take) (all []float64) {
	track, src := open(t, take.File, container.Audio)
	_, err := gstx.New().DecodeSound(context.Background(), track, src, 8000, func(at time.Duration, samples []int16) error {
		for place := int(math.Round(at.Seconds() * 8000)); len(all) < place; {
			all = append(all, 0)
		}
		for _, v := range samples {
			all = append(all, float64(v)/32768)
		}
		return nil
	})
	require.NoError(t, err)
	return all
}

// clapAt finds where the loudest sound within a tenth of a second begins.
func clapAt(sound []float64, near time.Duration) time.Duration {
	from, to := int((near.Seconds()-0.1)*8000), int((near.Seconds()+0.1)*8000)
	peak := 0.0
	for _, v := range sound[from:to] {
		peak = max(peak, math.Abs(v))
	}
	for i, v := range sound[from:to] {
		if math.Abs(v) > 0.5*peak {
			return time.Duration(float64(from+i) / 8000 * 1e9)
		}
	}
	return 0
}

func nextAfter(times []time.Duration, from time.Duration) time.Duration {
	for _, at := range times {
		if at >= from {
			return at
		}
	}
	return -1
}

func TestTheSameSeedGivesTheSameFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("generates two interviews")
	}
	options := demo.Options{Seconds: 20, Seed: 9, Small: true}
	a, b := generate(t, options), generate(t, options)
	for i := range a.Takes {
		assert.Equal(t, sum(t, a.Takes[i].File), sum(t, b.Takes[i].File), filepath.Base(a.Takes[i].File))
	}
	assert.Equal(t, a.Claps, b.Claps)
}

func sum(t *testing.T, path string) []byte {
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	require.NoError(t, err)
	return h.Sum(nil)
}

func TestCancelledGenerationLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	_, err := demo.Generate(ctx, gstx.New(), dir, demo.Options{Seconds: 20, Small: true}, func(done float64) {
		if done > 0.1 {
			cancel()
		}
	})
	require.ErrorIs(t, err, context.Canceled)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, left)
}

func BenchmarkGenerate(b *testing.B) {
	for b.Loop() {
		generate(b, demo.Options{})
	}
}
