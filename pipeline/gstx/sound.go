package gstx

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/stage"
)

// monoCaps is what a decoder's output is mixed to; the rate stays what it is.
const monoCaps = "audio/x-raw, format=F32LE, layout=interleaved, channels=1"

// maxRate bounds the sample rate that a header may claim; the resampler's tables grow with it.
const maxRate = 192000

// DecodeSound decodes a track to one channel of 16-bit samples at rate samples per second; see stage.Media. Sound before media
// time 0 is decoded and left out.
func (m *Media) DecodeSound(ctx context.Context, track container.Track, src stage.Source, rate int, sink func(at time.Duration, samples []int16) error) (stage.Decoded, error) {
	src, first, err := peek(src)
	if err != nil {
		return stage.Decoded{}, err
	}
	d, caps, err := decoderOf(track, first)
	if err != nil {
		return stage.Decoded{}, err
	}
	chain := append(d.chain(), element{"audioconvert", nil}, filter(monoCaps))
	p, err := newPump(caps, chain)
	if err != nil {
		return stage.Decoded{}, fmt.Errorf("decoder for %s: %w", track.Codec, err)
	}
	defer p.close()
	l := &listener{rate: rate, sink: sink}
	f := &feeder{src: src, codec: track.Codec}
	err = f.pumpAll(ctx, p, func(r run) error {
		f.out++
		return l.take(r)
	})
	if err == nil {
		err = l.endRun()
	}
	counts := stage.Decoded{Packets: f.packets, Skipped: f.skipped(), Units: l.given}
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case f.packets > 0 && f.out == 0 && p.failure() != nil:
		// The decoder itself gave up: that lies in the recording.
		err = &container.UnusableError{Reason: container.NotMedia, Detail: fmt.Sprintf("decode %s: %v", track.Codec, p.failure())}
	case err != nil:
		err = fmt.Errorf("decode %s: %w", track.Codec, err)
	case !l.any:
		err = madeNothing(track, counts)
	}
	return counts, err
}

// pumpAll has a pump decode everything that the source gives.
func (f *feeder) pumpAll(ctx context.Context, p *pump, take func(run) error) error {
	for {
		u, err := f.next()
		if errors.Is(err, io.EOF) {
			return p.end(take)
		}
		if err != nil {
			return err
		}
		if !p.add(u) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := p.push(take); err != nil {
			return err
		}
	}
}

// listener puts what a decoder gives onto the time axis of its packets.
type listener struct {
	rate int // of the output
	sink func(time.Duration, []int16) error

	clock  soundClock
	filter *resampler
	any    bool          // anything came out of the decoder
	outRun int           // output samples in this run
	given  int           // output samples handed to the sink
	end    time.Duration // of what was handed to the sink
	out    []int16
}

func (l *listener) take(r run) error {
	if len(r.samples) == 0 {
		return nil
	}
	l.any = true
	if err := l.setRate(r.rate); err != nil {
		return err
	}
	if l.clock.running && r.timed && !l.clock.continues(r.at) {
		if err := l.endRun(); err != nil {
			return err
		}
	}
	if !l.clock.running && !r.timed {
		return nil
	}
	l.clock.advance(r.at, r.timed, len(r.samples))
	l.out = l.filter.write(r.samples, l.out[:0])
	return l.give()
}

func (l *listener) setRate(rate int) error {
	if rate == l.clock.rate {
		return nil
	}
	if rate <= 0 || rate > maxRate {
		return fmt.Errorf("sound of %d samples per second", rate)
	}
	if err := l.endRun(); err != nil {
		return err
	}
	l.clock.rate, l.filter = rate, newResampler(rate, l.rate)
	return nil
}

func (l *listener) endRun() error {
	if !l.clock.running {
		return nil
	}
	l.out = l.filter.flush(l.out[:0])
	err := l.give()
	l.clock.end()
	l.outRun = 0
	return err
}

// give hands output to the sink, without what lies before media time 0 or before the end of an earlier run.
func (l *listener) give() error {
	if len(l.out) == 0 {
		return nil
	}
	period := time.Second / time.Duration(l.rate)
	at := l.clock.start + l.clock.lean + span(l.outRun, l.rate)
	l.outRun += len(l.out)
	out := l.out
	if from := max(0, l.end-jump); at < from {
		drop := min(int((from-at+period-1)/period), len(out))
		out = out[drop:]
		at += time.Duration(drop) * period
	}
	if len(out) == 0 {
		return nil
	}
	l.given += len(out)
	l.end = at + time.Duration(len(out))*period
	return l.sink(at, out)
}
