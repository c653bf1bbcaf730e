package gstx

import (
	"context"
	"fmt"
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
	var turn turns
	l := &listener{rate: rate, sink: turn.sound(sink)}
	after := []element{{"audioconvert", nil}, filter(monoCaps)}
	counts, err := decode(ctx, track, turn.source(src), soundOut, after, l.take)
	if err == nil {
		err = l.endRun()
	}
	counts.Units = l.given
	if err == nil && !l.any {
		err = madeNothing(track, counts)
	}
	return counts, err
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

func (l *listener) take(s *sample) error {
	samples := s.floats()
	if len(samples) == 0 {
		return nil
	}
	l.any = true
	if err := l.setRate(s); err != nil {
		return err
	}
	at, ok := s.at()
	if l.clock.running && ok && !l.clock.continues(at) {
		if err := l.endRun(); err != nil {
			return err
		}
	}
	if !l.clock.running && !ok {
		return nil
	}
	l.clock.advance(at, ok, len(samples))
	l.out = l.filter.write(samples, l.out[:0])
	return l.give()
}

func (l *listener) setRate(s *sample) error {
	f, err := s.format()
	if err != nil {
		return err
	}
	if f.rate == l.clock.rate {
		return nil
	}
	if f.rate <= 0 || f.rate > maxRate {
		return fmt.Errorf("sound of %d samples per second", f.rate)
	}
	if err := l.endRun(); err != nil {
		return err
	}
	l.clock.rate, l.filter = f.rate, newResampler(f.rate, l.rate)
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
