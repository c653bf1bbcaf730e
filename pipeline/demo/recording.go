package demo

import (
	"context"
	"io"
	"math"
	"os"
	"time"

	"github.com/trivue/trivue/exam"
	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/container/mp4"
	"github.com/trivue/trivue/pipeline/container/webm"
)

// shape is how pictures are recorded.
type shape struct {
	width   int
	rate    int // pictures per second
	bitrate int
}

// Tracks of every file.
const (
	videoTrack = 1
	audioTrack = 2
)

// soundBitrate is what browsers and phones spend on a voice, bits per second.
const soundBitrate = 64_000

// recording is one file to be written.
type recording struct {
	Take
	script *script
	shape  shape
}

// packet is an encoded packet that waits to be written.
type packet struct {
	container.Packet
	payload []byte
}

// write encodes the take's sound, then its pictures, and interleaves them while the pictures come.
func (r *recording) write(ctx context.Context, encoder Encoder, progress func(float64)) error {
	sound, heard, err := r.encodeSound(ctx, encoder)
	if err != nil {
		return err
	}
	const soundShare = 0.1
	progress(soundShare)
	f, err := os.Create(r.File)
	if err != nil {
		return err
	}
	defer f.Close()
	out := &interleaver{sound: heard}
	frames := r.frames()
	v := newView(r.script, r.Kind, r.shape.width)
	n := 0
	next := func() (time.Duration, []byte, error) {
		if n == len(frames) {
			return 0, nil, io.EOF
		}
		at := frames[n]
		n++
		progress(soundShare + (1-soundShare)*float64(n)/float64(len(frames)))
		return at, v.picture(r.Scene(at)).Pix, nil
	}
	codec := container.VP8
	if r.Kind == exam.Phone {
		codec = container.H264
	}
	size := v.out.Rect
	track := container.Track{ID: videoTrack, Codec: codec, Width: size.Dx(), Height: size.Dy()}
	keyEvery := 2 * r.shape.rate
	err = encoder.EncodePictures(ctx, track, r.shape.bitrate, keyEvery, next, func(video container.Track) error {
		out.w, err = r.writer(f, []container.Track{video, sound}, len(frames), len(heard))
		return err
	}, out.picture)
	if err != nil {
		return err
	}
	if err := out.finish(); err != nil {
		return err
	}
	return f.Close()
}

func (r *recording) writer(f *os.File, tracks []container.Track, pictures, sounds int) (container.Writer, error) {
	extent := container.Extent{
		Packets:  map[int]int{videoTrack: pictures, audioTrack: sounds},
		Keys:     map[int]int{videoTrack: pictures, audioTrack: sounds},
		Duration: r.Duration,
	}
	if r.Kind == exam.Phone {
		return mp4.NewWriter(f, tracks, extent)
	}
	return webm.NewWriter(f, tracks, extent, webm.Options{Live: true})
}

// frames gives the media times of the pictures: a camera's clock is steady, what comes out of it is not.
func (r *recording) frames() (times []time.Duration) {
	const unsteady = 4.0 // milliseconds
	seed := r.script.seed + uint64(r.Start)
	for i := 0; ; i++ {
		at := 1000*float64(i)/float64(r.shape.rate) + unsteady*(1+hash(seed, uint64(i)))
		media := time.Duration(math.Round(at)) * time.Millisecond
		if media >= r.Duration {
			return times
		}
		times = append(times, media)
	}
}

// encodeSound encodes all of the take's sound: 8 KB a second, little enough to keep.
func (r *recording) encodeSound(ctx context.Context, encoder Encoder) (track container.Track, packets []packet, err error) {
	var h hearing
	codec := container.Opus
	if r.Kind == exam.Phone {
		h, codec = newFar(r.script, r.Start.Seconds(), r.Rate), container.AAC
	} else {
		h = newNear(r.script, r.Start.Seconds())
	}
	left := int(r.Duration.Seconds() * soundRate)
	floats, samples := make([]float32, 20*block), make([]int16, 20*block)
	next := func() ([]int16, error) {
		n := min(left, len(floats))
		if n == 0 {
			return nil, io.EOF
		}
		left -= n
		h.read(floats[:n])
		for i, v := range floats[:n] {
			samples[i] = int16(max(-1, min(v, 1)) * 32767)
		}
		return samples[:n], nil
	}
	err = encoder.EncodeSound(ctx, container.Track{ID: audioTrack, Codec: codec, SampleRate: soundRate, Channels: 1}, soundBitrate, next,
		func(t container.Track) error { track = t; return nil },
		func(p container.Packet, payload []byte) error {
			packets = append(packets, packet{p, append([]byte(nil), payload...)})
			return nil
		})
	return track, packets, err
}

// interleaver writes sound packets between pictures, in the order of their times.
type interleaver struct {
	w     container.Writer
	sound []packet
}

func (i *interleaver) picture(p container.Packet, payload []byte) error {
	if err := i.soundUntil(p.PTS); err != nil {
		return err
	}
	return i.w.WritePacket(p, payload)
}

func (i *interleaver) soundUntil(at time.Duration) error {
	for len(i.sound) > 0 && i.sound[0].PTS <= at {
		if err := i.w.WritePacket(i.sound[0].Packet, i.sound[0].payload); err != nil {
			return err
		}
		i.sound = i.sound[1:]
	}
	return nil
}

func (i *interleaver) finish() error {
	if err := i.soundUntil(math.MaxInt64); err != nil {
		return err
	}
	return i.w.Close()
}
