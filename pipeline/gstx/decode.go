package gstx

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/stage"
)

// Bounds of what waits in a decoding pipeline.
const (
	packetQueue = 1 << 20 // bytes of packets before the decoder; one larger packet is let through
	pictureOut  = 1       // raw pictures after it, 3.1 MB each at 1080p
	soundOut    = 16      // runs of samples
)

// decode runs a track's packets through its decoder and the given elements after it. Take is called for each buffer that comes
// out, in order. The result's Units are left to the caller.
func decode(ctx context.Context, track container.Track, src stage.Source, out uint, after []element, take func(*sample) error) (stage.Decoded, error) {
	src, first, err := peek(src)
	if err != nil {
		return stage.Decoded{}, err
	}
	d, caps, err := decoderOf(track, first)
	if err != nil {
		return stage.Decoded{}, err
	}
	g, err := newGraph(caps, packetQueue, out, append(d.chain(), after...)...)
	if err != nil {
		return stage.Decoded{}, fmt.Errorf("decoder for %s: %w", track.Codec, err)
	}
	f := &feeder{src: src, codec: track.Codec}
	err = g.run(ctx, func() error { return f.feed(g) }, func() error {
		return g.drain(func(s *sample) error {
			f.out++
			return take(s)
		})
	})
	gaveUp := g.busError()
	err = errors.Join(err, g.close())
	counts := stage.Decoded{Packets: f.packets, Skipped: f.skipped()}
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case f.packets > 0 && gaveUp != nil && errors.Is(err, gaveUp):
		// The decoder itself gave up: that lies in the recording. Libav's Opus does so in the middle, too.
		err = &container.UnusableError{Reason: container.NotMedia, Detail: fmt.Sprintf("decode %s: after %d of its first %d packets: %v", track.Codec, f.out, f.packets, err)}
	case err != nil:
		err = fmt.Errorf("decode %s: %w", track.Codec, err)
	}
	return counts, err
}

// peek gives a source's first payload, nil where there is none, and a source that still begins with it.
func peek(src stage.Source) (again stage.Source, first []byte, err error) {
	packet, payload, err := src()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, fmt.Errorf("read the first packet: %w", err)
	}
	pending := true
	return func() (container.Packet, []byte, error) {
		if pending {
			pending = false
			return packet, payload, err
		}
		return src()
	}, payload, nil
}

// madeNothing is the error for a track of whose packets not one could be decoded, nil where there was no packet.
func madeNothing(track container.Track, counts stage.Decoded) error {
	if counts.Packets == 0 {
		return nil
	}
	return &container.UnusableError{Reason: container.NotMedia, Detail: fmt.Sprintf("the decoder for %s made nothing of %d packets", track.Codec, counts.Packets)}
}

// run has one goroutine feed a graph while this one drains it, and ends both at the first error or when ctx ends; that itself is
// no error here.
func (g *graph) run(ctx context.Context, feed, drain func() error) error {
	defer context.AfterFunc(ctx, g.stop)()
	fed := make(chan error, 1)
	go func() {
		err := feed()
		if err != nil {
			g.stop()
		}
		fed <- err
	}()
	drained := drain()
	if drained != nil {
		g.stop()
	}
	return cause(<-fed, drained, g.busError())
}

// cause picks what went wrong first: when one end of a graph fails, the other one only reports that it was stopped.
func cause(errs ...error) error {
	var last error
	for _, err := range errs {
		if err != nil && !errors.Is(err, errStopped) {
			return err
		}
		if err != nil {
			last = err
		}
	}
	return last
}

// feeder moves packets from a source into a graph, and counts.
type feeder struct {
	src     stage.Source
	codec   container.Codec
	packets int
	silent  int // packets that a healthy decoder gives nothing for
	out     int // buffers that came out
}

// skipped is how many packets gave nothing that should have. Decoders drop what they cannot use without a word, so what is
// missing at the end is counted: each packet becomes one picture or one run of samples.
func (f *feeder) skipped() int { return max(0, f.packets-f.silent-f.out) }

// givesNothing: VP8 has frames that are only referred to (RFC 6386, 9.1: show_frame), and the first Vorbis packet only primes
// the overlap (Vorbis I, 4.3.8).
func (f *feeder) givesNothing(payload []byte) bool {
	switch f.codec {
	case container.VP8:
		return len(payload) > 0 && payload[0]>>4&1 == 0
	case container.Vorbis:
		return f.packets == 0
	default:
		return false
	}
}

// next gives the next packet, io.EOF after the last.
func (f *feeder) next() (unit, error) {
	p, payload, err := f.src()
	if err != nil {
		return unit{}, err
	}
	if f.givesNothing(payload) {
		f.silent++
	}
	f.packets++
	return unit{payload, p.PTS, p.Duration, p.AfterLoss}, nil
}

func (f *feeder) feed(g *graph) error {
	for {
		u, err := f.next()
		if errors.Is(err, io.EOF) {
			g.end()
			return nil
		}
		if err != nil {
			return err
		}
		if err := g.push(u); err != nil {
			return err
		}
	}
}

// drain takes everything that comes out of a graph until its end.
func (g *graph) drain(take func(*sample) error) error {
	for {
		s, err := g.pull()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		err = take(s)
		s.release()
		if err != nil {
			return err
		}
	}
}
