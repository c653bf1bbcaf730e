package gstx

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trivue/trivue/pipeline/container"
)

// corners is a test picture whose four quarters are red, green, blue and white, clockwise from the top left.
var corners = []string{"-f", "lavfi", "-i",
	"color=red:s=320x180:r=10:d=2,format=rgb24,geq=r='if(lt(Y,90),if(lt(X,160),255,0),255*lt(X,160))':g='if(lt(Y,90),if(lt(X,160),0,255),255*lt(X,160))':b='if(lt(Y,90),0,255)'"}

func everything(time.Duration) bool { return true }

// pictures decodes packets and gives times and copies of the pictures.
func pictures(t *testing.T, track container.Track, packets []packet, box image.Point, want func(time.Duration) bool) (at []time.Duration, all []*image.RGBA) {
	t.Helper()
	counts, err := New().DecodePictures(context.Background(), track, source(packets), box, want, func(when time.Duration, p *image.RGBA) error {
		at = append(at, when)
		c := image.NewRGBA(p.Rect)
		copy(c.Pix, p.Pix)
		all = append(all, c)
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, len(packets), counts.Packets)
	assert.Zero(t, counts.Skipped)
	return at, all
}

func TestPicturesOfEachCodec(t *testing.T) {
	for codec, encoder := range map[container.Codec][]string{
		container.VP8: {"-c:v", "libvpx", "-deadline", "realtime", "-b:v", "500k"},
		container.VP9: {"-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"},
		container.AV1: {"-c:v", "libaom-av1", "-usage", "realtime", "-cpu-used", "8"},
	} {
		t.Run(string(codec), func(t *testing.T) {
			args := append(append([]string{}, corners...), encoder...)
			track, packets := readIVF(t, codec, ffmpeg(t, nil, append(args, "-pix_fmt", "yuv420p", "-f", "ivf", "-")...))
			at, all := pictures(t, track, packets, image.Pt(160, 160), everything)
			require.Len(t, all, 20)
			for i, when := range at {
				assert.Equal(t, time.Duration(i)*100*time.Millisecond, when)
			}
			assert.Equal(t, image.Pt(160, 90), all[7].Rect.Size())
			assertCorners(t, all[7], red, green, blue, white)
		})
	}
}

var (
	red   = color.RGBA{255, 0, 0, 255}
	green = color.RGBA{0, 255, 0, 255}
	blue  = color.RGBA{0, 0, 255, 255}
	white = color.RGBA{255, 255, 255, 255}
)

// assertCorners names the colours clockwise from the top left: top left, top right, bottom right, bottom left.
func assertCorners(t *testing.T, p *image.RGBA, colours ...color.RGBA) {
	t.Helper()
	w, h := p.Rect.Dx(), p.Rect.Dy()
	for i, at := range []image.Point{{w / 4, h / 4}, {w * 3 / 4, h / 4}, {w * 3 / 4, h * 3 / 4}, {w / 4, h * 3 / 4}} {
		got := p.RGBAAt(at.X, at.Y)
		far := max(distance(got.R, colours[i].R), distance(got.G, colours[i].G), distance(got.B, colours[i].B))
		assert.Less(t, far, 60, "quarter %d is %v", i, got)
	}
}

func distance(a, b uint8) int { return max(int(a)-int(b), int(b)-int(a)) }

func TestPicturesAreTurnedUpright(t *testing.T) {
	track, packets := readIVF(t, container.VP8, ffmpeg(t, nil, append(append([]string{}, corners...), "-c:v", "libvpx", "-b:v", "500k", "-pix_fmt", "yuv420p", "-f", "ivf", "-")...))
	for rotation, want := range map[int][]color.RGBA{
		90:  {white, red, green, blue}, // clockwise: what was at the bottom left comes to the top left
		180: {blue, white, red, green},
		270: {green, blue, white, red},
	} {
		t.Run(fmt.Sprint(rotation), func(t *testing.T) {
			track.Rotation = rotation
			_, all := pictures(t, track, packets[:1], image.Pt(160, 160), everything)
			size := image.Pt(160, 90)
			if rotation != 180 {
				size = image.Pt(90, 160)
			}
			assert.Equal(t, size, all[0].Rect.Size())
			assertCorners(t, all[0], want...)
		})
	}
}

func TestOnlyWantedPicturesAreMade(t *testing.T) {
	track, packets := readIVF(t, container.VP8, ffmpeg(t, nil, append(append([]string{}, corners...), "-c:v", "libvpx", "-b:v", "500k", "-pix_fmt", "yuv420p", "-f", "ivf", "-")...))
	// The first five lie before media time zero.
	for i := range packets {
		packets[i].PTS -= 500 * time.Millisecond
	}
	at, _ := pictures(t, track, packets, image.Pt(64, 64), func(at time.Duration) bool { return at%(400*time.Millisecond) == 0 })
	assert.Equal(t, []time.Duration{0, 400 * time.Millisecond, 800 * time.Millisecond, 1200 * time.Millisecond}, at)
}

func TestErrorsOfCallbacksEndTheRun(t *testing.T) {
	track, packets := readIVF(t, container.VP8, ffmpeg(t, nil, append(append([]string{}, corners...), "-c:v", "libvpx", "-b:v", "500k", "-pix_fmt", "yuv420p", "-f", "ivf", "-")...))
	boom := errors.New("boom")
	_, err := New().DecodePictures(context.Background(), track, source(packets), image.Pt(64, 64), everything, func(time.Duration, *image.RGBA) error { return boom })
	assert.ErrorIs(t, err, boom)

	n := 0
	failing := func() (container.Packet, []byte, error) {
		if n++; n > 3 {
			return container.Packet{}, nil, boom
		}
		return packets[n-1].Packet, packets[n-1].payload, nil
	}
	_, err = New().DecodePictures(context.Background(), track, failing, image.Pt(64, 64), everything, func(time.Duration, *image.RGBA) error { return nil })
	assert.ErrorIs(t, err, boom)

	ctx, cancel := context.WithCancel(context.Background())
	_, err = New().DecodePictures(ctx, track, source(packets), image.Pt(64, 64), everything, func(time.Duration, *image.RGBA) error { cancel(); return nil })
	assert.Equal(t, context.Canceled, err)
}
