package gstx

import (
	"context"
	"errors"
	"image"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/container/mp4"
	"github.com/trivue/trivue/pipeline/container/webm"
)

// samples is the folder of recordings made by real browsers.
func samples(t *testing.T) string {
	t.Helper()
	root := os.Getenv("TRIVUE_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	dir := filepath.Join(root, "samples")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the sample recordings are not here: set TRIVUE_SHARED")
	}
	return dir
}

// openRecording opens a recording as the stages do; nil where it is refused.
func openRecording(t *testing.T, path string) container.Reader {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	info, err := f.Stat()
	require.NoError(t, err)
	head := make([]byte, min(4096, info.Size()))
	_, err = f.ReadAt(head, 0)
	require.NoError(t, err)
	format, err := container.Sniff(head)
	if err != nil {
		return nil
	}
	var reader container.Reader
	if format == container.MP4 {
		reader, err = mp4.Open(f, info.Size())
	} else {
		reader, err = webm.Open(f, info.Size())
	}
	if err != nil {
		assert.ErrorIs(t, err, container.ErrUnusable)
		return nil
	}
	return reader
}

// packetsOf reads the packets of one track.
func packetsOf(t *testing.T, path string, kind container.Kind) (container.Track, []packet) {
	t.Helper()
	reader := openRecording(t, path)
	if reader == nil {
		return container.Track{}, nil
	}
	for _, track := range reader.Tracks() {
		if track.Kind != kind {
			continue
		}
		var packets []packet
		for {
			p, err := reader.Next()
			if errors.Is(err, io.EOF) {
				return track, packets
			}
			require.NoError(t, err)
			if p.Track == track.ID {
				payload, err := reader.Payload(nil)
				require.NoError(t, err)
				packets = append(packets, packet{p, payload})
			}
		}
	}
	return container.Track{}, nil
}

func TestRecordingsOfBrowsersAreDecoded(t *testing.T) {
	if testing.Short() {
		t.Skip("decodes many recordings")
	}
	const enough = 200 // pictures of each
	var paths []string
	for _, pattern := range []string{"*.webm", "*.mp4"} {
		found, err := filepath.Glob(filepath.Join(samples(t), pattern))
		require.NoError(t, err)
		paths = append(paths, found...)
	}
	require.NotEmpty(t, paths)
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			track, packets := packetsOf(t, path, container.Video)
			packets = packets[:min(len(packets), enough)]
			at, all := pictures(t, track, packets, image.Pt(160, 160), everything)
			assert.Len(t, all, len(packets))
			for i := range at[1:] {
				require.Greater(t, at[i+1], at[i])
			}
			want := image.Pt(track.Width, track.Height)
			if track.Rotation == 90 || track.Rotation == 270 {
				want.X, want.Y = want.Y, want.X
			}
			got := all[0].Rect.Size()
			assert.InDelta(t, float64(want.X)/float64(want.Y), float64(got.X)/float64(got.Y), 0.02)

			track, packets = packetsOf(t, path, container.Audio)
			if len(packets) == 0 {
				return
			}
			end := packets[len(packets)-1].PTS
			assert.InDelta(t, end.Seconds(), float64(len(heard(t, track, packets)))/listenRate, 0.1)
		})
	}
}

// TestBrokenRecordingsEnd: whatever a broken file's packets hold, decoding ends, by itself and soon.
func TestBrokenRecordingsEnd(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(samples(t), "broken", "*"))
	require.NoError(t, err)
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			if track, packets := packetsOf(t, path, container.Video); len(packets) > 0 && track.Width*track.Height < 4096*4096 {
				counts, err := New().DecodePictures(ctx, track, source(packets), image.Pt(160, 160), everything, func(time.Duration, *image.RGBA) error { return nil })
				t.Logf("pictures: %+v, %v", counts, err)
				assert.NoError(t, ctx.Err())
			}
			if track, packets := packetsOf(t, path, container.Audio); len(packets) > 0 {
				counts, err := New().DecodeSound(ctx, track, source(packets), listenRate, func(time.Duration, []int16) error { return nil })
				t.Logf("sound: %+v, %v", counts, err)
				assert.NoError(t, ctx.Err())
			}
		})
	}
}
