package wav

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/trivue/trivue/pipeline/container"
)

// Format tags of WAVEFORMATEX (Microsoft's mmreg.h; RFC 2361).
const (
	tagPCM        = 0x0001
	tagFloat      = 0x0003
	tagALaw       = 0x0006
	tagMuLaw      = 0x0007
	tagGSM        = 0x0031
	tagMP3        = 0x0055
	tagExtensible = 0xfffe
)

// Blocks of GSM 6.10 as Microsoft packs them: two frames of 160 samples in 65 bytes.
const (
	gsmBlock   = 65
	gsmSamples = 320
)

// Bounds of what a header may claim.
const (
	maxRate     = 768000
	maxChannels = 32
)

// subFormatTail ends the SubFormat GUID of a format that has a tag of its own (WAVEFORMATEXTENSIBLE).
var subFormatTail = []byte{0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x80, 0x00, 0x00, 0xaa, 0x00, 0x38, 0x9b, 0x71}

// Format is what a WAVEFORMATEX record says: the head of a WAV, and the CodecPrivate of Matroska's A_MS/ACM.
type Format struct {
	Codec        container.Codec
	Samples      container.SampleFormat // of PCM
	Rate         int
	Channels     int
	Block        int // bytes of the smallest run that can be decoded by itself
	BlockSamples int // samples per channel in it
}

// Describe puts the format into a track.
func (f Format) Describe(t *container.Track) {
	t.Codec, t.Samples, t.SampleRate, t.Channels = f.Codec, f.Samples, f.Rate, f.Channels
}

// ParseFormat reads a WAVEFORMATEX record. The error is an *container.UnusableError that names a format which is not read here.
func ParseFormat(b []byte) (Format, error) {
	if len(b) < 16 {
		return Format{}, &container.UnusableError{Reason: container.HeaderOnly, Detail: "its description of the sound breaks off"}
	}
	u := binary.LittleEndian
	tag, bits := u.Uint16(b), int(u.Uint16(b[14:]))
	f := Format{Channels: int(u.Uint16(b[2:])), Rate: int(min(u.Uint32(b[4:]), 1<<31-1)), Block: int(u.Uint16(b[12:])), BlockSamples: 1}
	if tag == tagExtensible && len(b) >= 40 && bytes.Equal(b[26:40], subFormatTail) {
		tag = u.Uint16(b[24:])
	}
	if f.Channels < 1 || f.Channels > maxChannels || f.Rate < 1 || f.Rate > maxRate {
		return f, &container.UnusableError{Reason: container.Unsupported, Detail: fmt.Sprintf("its sound claims %d channels of %d samples per second", f.Channels, f.Rate)}
	}
	bits = (bits + 7) / 8 * 8 // 20 lie in 24
	// Some programs keep 24 bits in 32; then the block and the bytes of a second say so together.
	if each := f.Block / f.Channels * 8; f.Block%f.Channels == 0 && bits < each && int64(u.Uint32(b[8:])) == int64(f.Block)*int64(f.Rate) {
		bits = each
	}
	switch tag {
	case tagPCM:
		f.Codec, f.Samples = container.PCM, container.Integers(bits, true)
		if bits <= 8 {
			f.Samples = container.U8
		}
	case tagFloat:
		f.Codec, f.Samples = container.PCM, container.Floats(bits, true)
	case tagMuLaw:
		f.Codec = container.MuLaw
	case tagALaw:
		f.Codec = container.ALaw
	case tagGSM:
		f.Codec, f.Block, f.BlockSamples = container.GSM, gsmBlock, gsmSamples
		if f.Channels == 1 {
			return f, nil
		}
		return f, unsupported(tag, bits)
	case tagMP3:
		f.Codec, f.Block, f.BlockSamples = container.MP3, 0, 0
		return f, nil
	default:
		return f, unsupported(tag, bits)
	}
	if f.Codec == container.PCM && f.Samples == "" {
		return f, unsupported(tag, bits)
	}
	f.Block = container.Track{Codec: f.Codec, Samples: f.Samples, Channels: f.Channels}.FrameBytes()
	return f, nil
}

// names of formats that recorders and editors have written, for messages.
var names = map[uint16]string{
	0x0002: "Microsoft ADPCM", 0x0011: "IMA ADPCM", 0x0022: "TrueSpeech", 0x0040: "G.721 ADPCM", 0x0045: "G.726 ADPCM",
	0x0050: "MPEG layer I or II", 0x0064: "G.726 ADPCM", 0x0161: "Windows Media Audio", 0x674f: "Vorbis", 0xa109: "Speex",
}

func unsupported(tag uint16, bits int) error {
	name := names[tag]
	if name == "" {
		name = fmt.Sprintf("format 0x%04x with %d bits a sample", tag, bits)
	}
	return &container.UnusableError{Reason: container.Unsupported, Detail: fmt.Sprintf(
		"it is a WAV whose sound is %s, for which there is no decoder here; save it as PCM", name)}
}
