package gstx

import (
	"context"
	"image"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/trivue/trivue/pipeline/container"
)

// mutated is a recording that went through a bad disk: bits flipped, packets cut short, zeroed, missing, swapped.
func mutated(rng *rand.Rand, packets []packet) []packet {
	var out []packet
	loss := false
	for _, p := range packets {
		p.payload = append([]byte(nil), p.payload...)
		p.AfterLoss, loss = loss, false
		switch rng.IntN(12) {
		case 0:
			for range 1 + rng.IntN(8) {
				p.payload[rng.IntN(len(p.payload))] ^= 1 << rng.IntN(8)
			}
		case 1:
			p.payload = p.payload[:rng.IntN(len(p.payload)+1)]
		case 2:
			clear(p.payload[rng.IntN(len(p.payload)):])
		case 3:
			loss = true
			continue
		case 4:
			if len(out) > 0 {
				out[len(out)-1].payload, p.payload = p.payload, out[len(out)-1].payload
			}
		}
		out = append(out, p)
	}
	return out
}

// TestBadPacketsNeverHangOrCrash: each of these was seen from real disks and radio links; a decoder may refuse them, and nothing
// worse.
func TestBadPacketsNeverHangOrCrash(t *testing.T) {
	if testing.Short() {
		t.Skip("decodes many broken recordings")
	}
	const rounds = 2
	for _, name := range []string{"camera-vp8.webm", "screen-still-vp9.webm", "phone-fragmented-h264-aac.mp4"} {
		path := filepath.Join(samples(t), name)
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			rng := rand.New(rand.NewPCG(1, 2))
			video, pictures := packetsOf(t, path, container.Video)
			audio, sounds := packetsOf(t, path, container.Audio)
			pictures, sounds = pictures[:min(len(pictures), 120)], sounds[:min(len(sounds), 200)]
			for range rounds {
				last := time.Duration(-1)
				counts, err := New().DecodePictures(ctx, video, source(mutated(rng, pictures)), image.Pt(160, 160), everything,
					func(at time.Duration, _ *image.RGBA) error {
						assert.GreaterOrEqual(t, at, last)
						last = at
						return nil
					})
				t.Logf("pictures: %+v, %v", counts, err)
				counts, err = New().DecodeSound(ctx, audio, source(mutated(rng, sounds)), listenRate, func(time.Duration, []int16) error { return nil })
				t.Logf("sound: %+v, %v", counts, err)
				c := &collector{t: t}
				counts, err = New().Transcode(ctx, video, source(mutated(rng, pictures)), c.ready, c.take)
				t.Logf("transcoded: %+v, %v", counts, err)
				c = &collector{t: t}
				counts, err = New().Transcode(ctx, audio, source(mutated(rng, sounds)), c.ready, c.take)
				t.Logf("transcoded: %+v, %v", counts, err)
			}
			assert.NoError(t, ctx.Err())
		})
	}
}
