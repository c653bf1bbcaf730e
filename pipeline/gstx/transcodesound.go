package gstx

import (
	"fmt"
	"time"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/stage"
)

func (t *transcoding) sound(src stage.Source) (stage.Decoded, error) {
	f := &filler{begin: func(rate, channels int) (*soundEncoding, error) {
		s, err := newSoundEncoding(container.Track{
			ID: t.source.ID, Kind: container.Audio, Codec: container.Opus, Channels: channels, Language: t.source.Language,
		}, 32_000+32_000*channels, rate)
		if err == nil {
			t.begin(s.encoding)
		}
		return s, err
	}}
	after := []element{{"audioconvert", nil}, filter("audio/x-raw, format=F32LE, layout=interleaved, channels=[1,2]")}
	counts, err := decode(t.ctx, t.source, src, soundOut, after, f.take)
	counts.Units = f.units
	counts.Skipped += f.refused
	var e *encoding
	if f.out != nil {
		e = f.out.encoding
	}
	return t.end(e, counts, err)
}

// filler feeds an encoder without holes from sound that may have some.
type filler struct {
	begin func(rate, channels int) (*soundEncoding, error)
	out   *soundEncoding
	clock soundClock
	units int
	// refused counts runs of samples that were left out.
	refused int
}

// remix brings sound with one or two channels to one or two others.
func remix(samples []float32, from, to int) []float32 {
	if from == to {
		return samples
	}
	n := len(samples) / from
	mixed := make([]float32, 0, n*to)
	for i := range n {
		if to == 2 {
			mixed = append(mixed, samples[i], samples[i])
		} else {
			mixed = append(mixed, (samples[2*i]+samples[2*i+1])/2)
		}
	}
	return mixed
}

func (f *filler) take(s *sample) error {
	samples := s.floats()
	at, ok := s.at()
	if len(samples) == 0 || !ok && f.out == nil {
		return nil
	}
	form, err := s.format()
	if err != nil {
		return err
	}
	if form.rate <= 0 || form.rate > maxRate || form.channels < 1 {
		return fmt.Errorf("sound of %d samples per second in %d channels", form.rate, form.channels)
	}
	if f.out == nil {
		f.clock.rate = form.rate
		if f.out, err = f.begin(form.rate, form.channels); err != nil {
			return err
		}
	}
	if form.rate != f.clock.rate {
		// Damaged packets are decoded to anything. Of a real change of rate, which no recorder makes, silence is left, and is counted.
		f.refused++
		return nil
	}
	form.channels, samples = f.out.track.Channels, remix(samples, form.channels, f.out.track.Channels)
	if ok {
		if samples, err = f.bridge(at, samples); err != nil {
			return err
		}
	}
	n := len(samples) / form.channels
	if n == 0 {
		return nil
	}
	f.units += n
	place := max(at, 0)
	if f.clock.running {
		place = f.clock.next()
	}
	f.clock.advance(place, false, n)
	return f.out.pushSound(place, samples)
}

// bridge fills a hole before samples with silence, and cuts off what lies before media time 0 or was there already.
func (f *filler) bridge(at time.Duration, samples []float32) ([]float32, error) {
	channels := f.out.track.Channels
	from := time.Duration(0)
	if f.clock.running {
		if f.clock.continues(at) {
			f.clock.lean += (at - f.clock.next()) / settling
			return samples, nil
		}
		from = f.clock.next()
	} else if at >= 0 {
		return samples, nil
	}
	count := int((at - from).Abs().Seconds() * float64(f.clock.rate))
	if at < from {
		return samples[min(count*channels, len(samples)):], nil
	}
	silence := make([]float32, channels*f.clock.rate)
	for count > 0 {
		n := min(count, f.clock.rate)
		place := f.clock.next()
		f.clock.advance(place, false, n)
		if err := f.out.pushSound(place, silence[:n*channels]); err != nil {
			return nil, err
		}
		count -= n
	}
	return samples, nil
}
