package gstx

import (
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"time"
	"unsafe"

	"github.com/trivue/trivue/pipeline/container"
)

// Lengths of packets, in samples.
const (
	opusRate  = 48000
	opusFrame = 960  // 20 ms, which soundEncoder asks for
	aacFrame  = 1024 // ISO/IEC 14496-3; libavcodec's encoder puts one of them before the sound, as priming
)

// soundEncoder is the elements that encode raw sound.
func soundEncoder(codec container.Codec, bitrate int) ([]element, error) {
	convert := []element{{"audioconvert", nil}, {"audioresample", nil}}
	switch codec {
	case container.Opus:
		return append(convert, filter(fmt.Sprintf("audio/x-raw, rate=%d", opusRate)), element{"opusenc", []prop{
			{"bitrate", fmt.Sprint(bitrate)}, {"bitrate-type", "vbr"}, {"frame-size", "20"}, {"complexity", "6"},
		}}), nil
	case container.AAC:
		return append(convert, element{"avenc_aac", []prop{{"bitrate", fmt.Sprint(bitrate)}}}, filter("audio/mpeg, mpegversion=4, stream-format=raw")), nil
	default:
		return nil, fmt.Errorf("no encoder for codec %q", codec)
	}
}

// soundEncoding is a running encoder that is fed without holes. The times of packets come from counting them, and from where the
// samples in them were said to lie: the encoders' own time stamps differ in whether they account for the encoder's delay.
type soundEncoding struct {
	*encoding
	rate   int // of what is pushed
	pushed int // samples per channel

	frame, clock int           // samples in a packet, and their rate
	delay        time.Duration // what the encoder puts before the sound

	mu    sync.Mutex
	marks []mark // in order; the first is the one that holds for the packet that comes next
}

// mark says at which media time a sample lies; it holds until the next mark.
type mark struct {
	sample int
	at     time.Duration
}

// newSoundEncoding makes an encoder for float samples. Track names the codec and the number of channels.
func newSoundEncoding(track container.Track, bitrate, rate int) (*soundEncoding, error) {
	encoder, err := soundEncoder(track.Codec, bitrate)
	if err != nil {
		return nil, err
	}
	caps := fmt.Sprintf("audio/x-raw, format=F32LE, layout=interleaved, rate=%d, channels=%d", rate, track.Channels)
	g, err := newGraph(caps, packetQueue, encodedOut, encoder...)
	if err != nil {
		return nil, fmt.Errorf("encoder for %s: %w", track.Codec, err)
	}
	s := &soundEncoding{encoding: &encoding{graph: g, track: track}, rate: rate}
	s.stamp = s.mediaTime
	switch track.Codec {
	case container.Opus:
		s.frame, s.clock = opusFrame, opusRate
		s.private = s.opusHead
	case container.AAC:
		s.frame, s.clock, s.delay = aacFrame, rate, span(aacFrame, rate)
		s.private = privateFrom(codecDataField)
	}
	s.track.SampleRate = s.clock
	return s, nil
}

// opusHead reads the pre-skip: how much the decoder's output lies behind (RFC 7845, 5.1).
func (s *soundEncoding) opusHead(caps string, track *container.Track) error {
	if err := privateFrom(opusHeadField)(caps, track); err != nil {
		return err
	}
	if len(track.Private) < 19 {
		return fmt.Errorf("the encoder's OpusHead has %d bytes", len(track.Private))
	}
	s.delay = time.Duration(binary.LittleEndian.Uint16(track.Private[10:])) * time.Second / opusRate
	track.Delay = s.delay
	// What a decoder needs to be right after a seek (RFC 7845, 4.6).
	track.PreRoll = 80 * time.Millisecond
	return nil
}

// pushSound hands over samples of which the first lies at a media time.
func (s *soundEncoding) pushSound(at time.Duration, samples []float32) error {
	if len(samples) == 0 {
		return nil
	}
	s.mu.Lock()
	s.marks = append(s.marks, mark{s.pushed, at})
	s.mu.Unlock()
	data := unsafe.Slice((*byte)(unsafe.Pointer(&samples[0])), 4*len(samples))
	n := len(samples) / s.track.Channels
	err := s.push(unit{data: data, at: s.elapsed(s.pushed), duration: s.elapsed(n)})
	s.pushed += n
	return err
}

func (s *soundEncoding) elapsed(samples int) time.Duration { return span(samples, s.rate) }

// mediaTime is the media time of the packet that comes out next.
func (s *soundEncoding) mediaTime(*sample) (time.Duration, bool) {
	counted := span(s.units*s.frame, s.clock)
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.marks) > 1 && s.elapsed(s.marks[1].sample) <= counted {
		s.marks = s.marks[1:]
	}
	if len(s.marks) == 0 {
		return 0, false
	}
	m := s.marks[0]
	return m.at + counted - s.elapsed(m.sample) - s.delay, true
}

// EncodeSound encodes interleaved 16-bit samples that src gives, io.EOF after the last; the first lies at media time 0. Track
// names Codec (Opus or AAC), SampleRate (of the samples) and Channels; bitrate is in bits per second. Ready is called with the
// complete track before the first packet. Packets begin before media time 0 by the encoder's delay.
func (m *Media) EncodeSound(ctx context.Context, track container.Track, bitrate int, src func() ([]int16, error), ready func(container.Track) error, sink func(container.Packet, []byte) error) error {
	if track.SampleRate <= 0 || track.Channels < 1 || track.Channels > 2 {
		return fmt.Errorf("sound of %d samples per second in %d channels cannot be encoded", track.SampleRate, track.Channels)
	}
	var turn turns
	track.Kind = container.Audio
	s, err := newSoundEncoding(track, bitrate, track.SampleRate)
	if err != nil {
		return err
	}
	s.ready, s.sink = turn.ready(ready), turn.packets(sink)
	var floats []float32
	return s.encode(ctx, func() error {
		turn.Lock()
		samples, err := src()
		turn.Unlock()
		if err != nil {
			return err
		}
		floats = floats[:0]
		for _, v := range samples {
			floats = append(floats, float32(v)/32768)
		}
		return s.pushSound(s.elapsed(s.pushed), floats)
	})
}
