package ogg

import (
	"bytes"
	"encoding/binary"
	"time"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/container/bitstream"
)

// mapping is how a codec lies in Ogg.
type mapping interface {
	// header is given the stream's packets from the second on, until it says that the headers are complete; taken is false
	// where the packet is no header but sound.
	header(packet []byte) (taken, complete bool)
	// track describes the stream once its headers are complete; ok is false where they make no sense.
	track() (t container.Track, ok bool)
	// samples is how many samples a decoder gives for a packet, by its first bytes.
	samples(head []byte) int64
	// lost is told that packets are missing before the next one.
	lost()
	// skip is how many samples of the first ones are not the recorder's.
	skip() int64
	// early reports whether positions may begin below zero, which says that the first samples are not to be heard.
	early() bool
}

// packetHead is how many bytes of a packet say how long it sounds.
const packetHead = bitstream.FLACHeaderSize

// identify tells by a stream's first packet what it is. Format is how messages name it; kind is empty where it is neither picture nor
// sound. The mapping is nil for what is not read here.
func identify(first []byte) (m mapping, kind container.Kind, format string) {
	switch {
	case bytes.HasPrefix(first, []byte("OpusHead")) && len(first) >= 19 && first[8]>>4 == 0:
		return &opusMapping{head: bytes.Clone(first)}, container.Audio, "Opus"
	case bytes.HasPrefix(first, []byte("\x01vorbis")) && len(first) >= 30:
		return &vorbisMapping{identification: bytes.Clone(first[:30])}, container.Audio, "Vorbis"
	case bytes.HasPrefix(first, []byte("\x7fFLAC\x01")) && len(first) >= 17+bitstream.FLACStreamInfoSize:
		info := bytes.Clone(first[17 : 17+bitstream.FLACStreamInfoSize])
		return &flacMapping{info: info}, container.Audio, "FLAC"
	}
	for _, other := range []struct {
		magic, format string
		kind          container.Kind
	}{
		{"\x80theora", "Theora", container.Video}, {"BBCD\x00", "Dirac", container.Video}, {"Speex   ", "Speex", container.Audio},
		{"PCM     ", "PCM", container.Audio}, {"CELT    ", "CELT", container.Audio}, {"\x01video", "OGM", container.Video},
		{"OpusHead", "Opus", container.Audio}, {"\x01vorbis", "Vorbis", container.Audio}, {"\x7fFLAC", "FLAC", container.Audio},
	} {
		if bytes.HasPrefix(first, []byte(other.magic)) {
			return nil, other.kind, other.format
		}
	}
	return nil, "", ""
}

// opusMapping is RFC 7845. Positions are at 48 kHz whatever was recorded.
type opusMapping struct{ head []byte }

func (m *opusMapping) header(packet []byte) (taken, complete bool) {
	return bytes.HasPrefix(packet, []byte("OpusTags")), true
}

func (m *opusMapping) track() (container.Track, bool) {
	channels, family := int(m.head[9]), m.head[18]
	return container.Track{Codec: container.Opus, Private: m.head, SampleRate: 48000, Channels: channels,
		Delay: container.SamplesToTime(m.skip(), 48000), PreRoll: 80 * time.Millisecond}, channels > 0 && (family != 0 || channels <= 2)
}

func (m *opusMapping) samples(head []byte) int64 {
	return int64(bitstream.OpusDuration(head)) * 48 / int64(time.Millisecond)
}

func (m *opusMapping) lost()       {}
func (m *opusMapping) skip() int64 { return int64(binary.LittleEndian.Uint16(m.head[10:])) }
func (m *opusMapping) early() bool { return false }

// vorbisMapping is Vorbis I, appendix A.
type vorbisMapping struct {
	identification, setup []byte
	headers               int
	blocks                bitstream.VorbisBlocks
}

func (m *vorbisMapping) header(packet []byte) (taken, complete bool) {
	if m.headers++; m.headers == 2 {
		m.setup = bytes.Clone(packet)
	}
	return true, m.headers == 2
}

func (m *vorbisMapping) track() (t container.Track, ok bool) {
	if !bytes.HasPrefix(m.setup, []byte("\x05vorbis")) {
		return t, false
	}
	m.blocks, ok = bitstream.NewVorbisBlocks(m.identification, m.setup)
	// The comments, which may have a picture in them, are left out: a decoder has no use for them.
	comments := append([]byte("\x03vorbis"), 0, 0, 0, 0, 0, 0, 0, 0, 1)
	private := append([]byte{2, byte(len(m.identification)), byte(len(comments))}, m.identification...)
	t = container.Track{Codec: container.Vorbis, Private: append(append(private, comments...), m.setup...),
		SampleRate: int(binary.LittleEndian.Uint32(m.identification[12:])), Channels: int(m.identification[11])}
	return t, ok && t.Channels > 0 && t.SampleRate > 0 && t.SampleRate <= 768000
}

func (m *vorbisMapping) samples(head []byte) int64 { return int64(m.blocks.Samples(head)) }
func (m *vorbisMapping) lost()                     { m.blocks.Lost() }
func (m *vorbisMapping) skip() int64               { return 0 }
func (m *vorbisMapping) early() bool               { return true }

// flacMapping is RFC 9639, 10.1.
type flacMapping struct{ info []byte }

func (m *flacMapping) header(packet []byte) (taken, complete bool) {
	sound := len(packet) > 0 && packet[0] == 0xff
	return !sound, sound
}

func (m *flacMapping) track() (container.Track, bool) {
	s, ok := bitstream.ParseFLACStreamInfo(m.info)
	private := append([]byte{'f', 'L', 'a', 'C', 0x80, 0, 0, bitstream.FLACStreamInfoSize}, m.info...)
	return container.Track{Codec: container.FLAC, Private: private, SampleRate: s.Rate, Channels: s.Channels}, ok
}

func (m *flacMapping) samples(head []byte) int64 {
	f, ok := bitstream.ParseFLACFrame(head)
	if !ok {
		return 0
	}
	return int64(f.Samples)
}

func (m *flacMapping) lost()       {}
func (m *flacMapping) skip() int64 { return 0 }
func (m *flacMapping) early() bool { return false }

// goesOn reports whether one decoder takes both tracks' packets one after the other.
func goesOn(a, b container.Track) bool {
	if a.Codec != b.Codec || a.SampleRate != b.SampleRate {
		return false
	}
	switch a.Codec {
	case container.Opus:
		const family = 18
		if a.Private[family] == 0 && b.Private[family] == 0 {
			return true // each packet says whether it is mono or stereo
		}
		return bytes.Equal(a.Private[family:], b.Private[family:]) && a.Channels == b.Channels
	case container.FLAC:
		before, _ := bitstream.ParseFLACStreamInfo(a.Private[8:])
		behind, _ := bitstream.ParseFLACStreamInfo(b.Private[8:])
		return a.Channels == b.Channels && before.Bits == behind.Bits && behind.MaxBlock <= before.MaxBlock
	default:
		return bytes.Equal(a.Private, b.Private)
	}
}
