package gstx

import (
	"context"
	"fmt"
	"image"
	"time"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/stage"
)

// DecodePictures decodes the packets given and calls sink with those pictures for which want returns true, turned upright and
// scaled down to fit into box, with square pixels; smaller pictures stay as they are. See stage.Media. Pictures before media
// time 0 are decoded and left out.
func (m *Media) DecodePictures(ctx context.Context, track container.Track, src stage.Source, box image.Point, want func(at time.Duration) bool, sink func(at time.Duration, picture *image.RGBA) error) (stage.Decoded, error) {
	if box.X <= 0 || box.Y <= 0 {
		return stage.Decoded{}, fmt.Errorf("pictures of at most %d × %d pixels are asked for", box.X, box.Y)
	}
	var turn turns
	p := &pictureMaker{rotation: track.Rotation, box: box, want: turn.want(want), sink: turn.pictures(sink)}
	counts, err := decode(ctx, track, turn.source(src), pictureOut, nil, func(s *sample) error { return p.take(ctx, s) })
	if closed := p.close(); err == nil {
		err = closed
	}
	counts.Units = p.decoded
	if err == nil && p.decoded == 0 {
		err = madeNothing(track, counts)
	}
	return counts, err
}

// pictureMaker turns raw pictures into RGBA. Scaling happens in a pipeline of its own that only gets the wanted ones: most of a
// screen recording that has no key frames is decoded just to get from one thumbnail to the next.
type pictureMaker struct {
	rotation int
	box      image.Point
	want     func(time.Duration) bool
	sink     func(time.Duration, *image.RGBA) error

	convert *graph
	decoded int
}

func (p *pictureMaker) close() error {
	if p.convert == nil {
		return nil
	}
	return p.convert.close()
}

func (p *pictureMaker) take(ctx context.Context, raw *sample) error {
	p.decoded++
	at, ok := raw.at()
	if !ok || at < 0 || !p.want(at) {
		return nil
	}
	if p.convert == nil {
		g, err := newGraph("", packetQueue, 1, p.chain()...)
		if err != nil {
			return fmt.Errorf("picture scaler: %w", err)
		}
		p.convert = g
	}
	defer context.AfterFunc(ctx, p.convert.stop)()
	if err := p.convert.forward(raw); err != nil {
		return cause(p.convert.busError(), err)
	}
	s, err := p.convert.pull()
	if err != nil {
		return fmt.Errorf("scale picture at %v: %w", at, err)
	}
	defer s.release()
	picture, err := rgba(s)
	if err != nil {
		return err
	}
	return p.sink(at, picture)
}

func (p *pictureMaker) chain() []element {
	size := p.box
	if p.rotation == 90 || p.rotation == 270 {
		size.X, size.Y = size.Y, size.X
	}
	chain := []element{
		scaler,
		filter(fmt.Sprintf("video/x-raw, width=[1,%d], height=[1,%d], pixel-aspect-ratio=1/1", size.X, size.Y)),
		{"videoconvert", nil},
		filter("video/x-raw, format=RGBA"),
	}
	return append(chain, upright(p.rotation)...)
}

// scaler changes the size of pictures. GStreamer's default takes two pixels each way whatever the factor: writing on a screen
// falls apart in a thumbnail.
var scaler = element{"videoscale", []prop{{"method", "lanczos"}, {"add-borders", "true"}}}

// upright turns pictures by clockwise degrees.
func upright(rotation int) []element {
	method := map[int]string{90: "clockwise", 180: "rotate-180", 270: "counterclockwise"}[rotation]
	if method == "" {
		return nil
	}
	return []element{{"videoflip", []prop{{"method", method}}}}
}

func rgba(s *sample) (*image.RGBA, error) {
	f, err := s.format()
	if err != nil {
		return nil, err
	}
	pix := s.bytes()
	if f.width <= 0 || f.height <= 0 || len(pix) != 4*f.width*f.height {
		return nil, fmt.Errorf("a picture of %d × %d pixels has %d bytes", f.width, f.height, len(pix))
	}
	return &image.RGBA{Pix: pix, Stride: 4 * f.width, Rect: image.Rect(0, 0, f.width, f.height)}, nil
}
