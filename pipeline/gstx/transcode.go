package gstx

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"time"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/stage"
)

// Transcode encodes a track anew as VP8 or Opus; see stage.Media. Pictures keep the times of their sources exactly, also where
// their distances vary, and get at most as large as 1080p; sound has at most two channels, and holes in it become silence.
func (m *Media) Transcode(ctx context.Context, track container.Track, src stage.Source, ready func(container.Track) error, sink func(container.Packet, []byte) error) (stage.Decoded, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var turn turns
	t := transcoding{ctx: ctx, source: track, ready: turn.ready(ready), sink: turn.packets(sink)}
	if track.Kind == container.Video {
		return t.pictures(turn.source(src))
	}
	return t.sound(turn.source(src))
}

type transcoding struct {
	ctx    context.Context
	source container.Track
	ready  func(container.Track) error
	sink   func(container.Packet, []byte) error
}

// begin starts an encoder that ends with the context.
func (t *transcoding) begin(e *encoding) {
	e.ready, e.sink = t.ready, t.sink
	context.AfterFunc(t.ctx, e.stop)
	e.start()
}

// closest is how near two pictures may follow each other. Damaged recordings have several pictures for one time (decoders put
// those that come too late at the time of the last one); a player would show one of them.
const closest = 100 * time.Microsecond

func (t *transcoding) pictures(src stage.Source) (stage.Decoded, error) {
	var e *encoding
	var units int
	last := -closest
	counts, err := decode(t.ctx, t.source, src, pictureOut, nil, func(raw *sample) error {
		at, ok := raw.at()
		if !ok || at < last+closest || at < 0 {
			return nil
		}
		last = at
		units++
		if e == nil {
			var err error
			if e, err = t.pictureEncoding(raw); err != nil {
				return err
			}
			t.begin(e)
		}
		return e.forward(raw)
	})
	counts.Units = units
	return t.end(e, counts, err)
}

// end drains the encoder and says what became of the run.
func (t *transcoding) end(e *encoding, counts stage.Decoded, err error) (stage.Decoded, error) {
	if e != nil {
		err = e.finish(err)
	} else if err == nil {
		err = madeNothing(t.source, counts)
	}
	if t.ctx.Err() != nil {
		return counts, t.ctx.Err()
	}
	return counts, err
}

func (t *transcoding) pictureEncoding(first *sample) (*encoding, error) {
	f, err := first.format()
	if err != nil {
		return nil, err
	}
	caps := first.raw.GetCaps().String()
	width, height := fit(f.width, f.height, pixelAspect(caps))
	track := container.Track{ID: t.source.ID, Kind: container.Video, Codec: container.VP8, Width: width, Height: height, Language: t.source.Language}
	if t.source.Rotation == 90 || t.source.Rotation == 270 {
		track.Width, track.Height = height, width
	}
	before := []element{
		// A later change of size (a phone that was turned, a window that was shared) is fitted into the first size.
		scaler,
		filter(fmt.Sprintf("video/x-raw, width=%d, height=%d, pixel-aspect-ratio=1/1", width, height)),
	}
	return newPictureEncoding("", track, transcodeBitrate(width, height), keyFrames, append(before, upright(t.source.Rotation)...)...)
}

var pixelAspectField = regexp.MustCompile(`pixel-aspect-ratio=\(fraction\)(\d+)/(\d+)`)

// pixelAspect is how much wider than high a pixel is.
func pixelAspect(caps string) float64 {
	if m := pixelAspectField.FindStringSubmatch(caps); m != nil {
		n, _ := strconv.ParseFloat(m[1], 64)
		d, _ := strconv.ParseFloat(m[2], 64)
		if n > 0 && d > 0 && n/d < 4 && d/n < 4 {
			return n / d
		}
	}
	return 1
}

// fit gives the size of a picture with square pixels within the bounds of what is transcoded, upright or lying, in even numbers.
func fit(width, height int, aspect float64) (int, int) {
	w, h := float64(width)*aspect, float64(height)
	scale := min(1, stage.TranscodedLong/max(w, h), stage.TranscodedShort/min(w, h))
	even := func(v float64) int { return max(2, 2*int(math.Round(v*scale/2))) }
	return even(w), even(h)
}

// transcodeBitrate gives bits per second: 0.06 bits for each pixel of 30 pictures a second, 1.7 Mbit/s at 720p.
func transcodeBitrate(width, height int) int {
	return min(max(int(0.06*30*float64(width*height)), 250_000), 4_000_000)
}
