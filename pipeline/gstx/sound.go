package gstx

import (
	"context"
	"fmt"
	"math"
	"time"
	"unsafe"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/stage"
)

// jump is how far a packet's time may lie from where the samples before it end before that is taken for a hole (or an overlap)
// and not for the rounding of time stamps: Matroska rounds to 1 ms, and Chromium was seen to lose 10 ms at a time.
const jump = 5 * time.Millisecond

// monoCaps is what a decoder's output is mixed to; the rate stays what it is.
const monoCaps = "audio/x-raw, format=F32LE, layout=interleaved, channels=1"

// maxRate bounds the sample rate that a header may claim; the resampler's tables grow with it.
const maxRate = 192000

// DecodeSound decodes a track to one channel of 16-bit samples at rate samples per second; see stage.Media. Sound before media
// time 0 is decoded and left out.
func (m *Media) DecodeSound(ctx context.Context, track container.Track, src stage.Source, rate int, sink func(at time.Duration, samples []int16) error) (stage.Decoded, error) {
	l := &listener{rate: rate, sink: sink}
	after := []element{{"audioconvert", nil}, filter(monoCaps)}
	counts, err := decode(ctx, track, src, soundOut, after, l.take)
	if err == nil {
		err = l.endRun()
	}
	counts.Units = l.given
	if err == nil && counts.Packets > 0 && l.samples == 0 {
		err = fmt.Errorf("the decoder for %s made nothing of %d packets", track.Codec, counts.Packets)
	}
	return counts, err
}

// listener puts what a decoder gives onto the time axis of its packets.
type listener struct {
	rate int // of the output
	sink func(time.Duration, []int16) error

	in      int // rate of the decoder's output
	filter  *resampler
	running bool
	start   time.Duration // media time of the run's first sample
	samples int           // decoder's samples in all runs
	inRun   int           // decoder's samples in this run
	outRun  int           // output samples in this run
	lean    float64       // by how much packets lie later than the run's samples, in seconds, smoothed
	given   int           // output samples handed to the sink
	end     time.Duration // of what was handed to the sink
	out     []int16
}

func (l *listener) take(s *sample) error {
	at, ok := s.at()
	data := s.bytes()
	if len(data) < 4 {
		return nil
	}
	samples := unsafe.Slice((*float32)(unsafe.Pointer(&data[0])), len(data)/4)
	if err := l.setRate(s); err != nil {
		return err
	}
	if l.running && ok {
		off := (at - l.expected()).Seconds() - l.lean
		if math.Abs(off) > jump.Seconds() {
			if err := l.endRun(); err != nil {
				return err
			}
		} else {
			// Time stamps are rounded, so one alone says little; together they show a clock that runs faster or slower than the
			// samples say, which a long recording must follow.
			l.lean += off / 64
		}
	}
	if !l.running {
		if !ok {
			return nil
		}
		l.running, l.start = true, at
	}
	l.samples += len(samples)
	l.inRun += len(samples)
	l.out = l.filter.write(samples, l.out[:0])
	return l.give()
}

// expected is the media time at which the run's samples end so far.
func (l *listener) expected() time.Duration {
	return l.start + time.Duration(l.inRun)*time.Second/time.Duration(l.in)
}

func (l *listener) setRate(s *sample) error {
	f, err := s.format()
	if err != nil {
		return err
	}
	if f.rate == l.in {
		return nil
	}
	if f.rate <= 0 || f.rate > maxRate {
		return fmt.Errorf("sound of %d samples per second", f.rate)
	}
	if err := l.endRun(); err != nil {
		return err
	}
	l.in, l.filter = f.rate, newResampler(f.rate, l.rate)
	return nil
}

func (l *listener) endRun() error {
	if !l.running {
		return nil
	}
	l.out = l.filter.flush(l.out[:0])
	err := l.give()
	l.running, l.inRun, l.outRun, l.lean = false, 0, 0, 0
	return err
}

// give hands output to the sink, without what lies before media time 0 or before the end of an earlier run.
func (l *listener) give() error {
	if len(l.out) == 0 {
		return nil
	}
	period := time.Second / time.Duration(l.rate)
	at := l.start + time.Duration(l.lean*1e9) + time.Duration(l.outRun)*time.Second/time.Duration(l.rate)
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
