package container

// SampleFormat says how the samples of uncompressed sound are stored; channels are interleaved without padding.
type SampleFormat string

// The formats that recorders write. S24 has three bytes a sample.
const (
	U8    SampleFormat = "u8"
	S8    SampleFormat = "s8"
	S16LE SampleFormat = "s16le"
	S16BE SampleFormat = "s16be"
	S24LE SampleFormat = "s24le"
	S24BE SampleFormat = "s24be"
	S32LE SampleFormat = "s32le"
	S32BE SampleFormat = "s32be"
	F32LE SampleFormat = "f32le"
	F32BE SampleFormat = "f32be"
	F64LE SampleFormat = "f64le"
	F64BE SampleFormat = "f64be"
)

var sampleSizes = map[SampleFormat]int{U8: 1, S8: 1, S16LE: 2, S16BE: 2, S24LE: 3, S24BE: 3, S32LE: 4, S32BE: 4, F32LE: 4, F32BE: 4, F64LE: 8, F64BE: 8}

// Bytes is the size of one sample of one channel, 0 for a format that is not known.
func (f SampleFormat) Bytes() int { return sampleSizes[f] }

// Integers gives the format of whole numbers of so many bits; empty where recorders write no such. Eight bits have no order of
// bytes, and are signed here.
func Integers(bits int, littleEndian bool) SampleFormat {
	formats := map[int][2]SampleFormat{8: {S8, S8}, 16: {S16BE, S16LE}, 24: {S24BE, S24LE}, 32: {S32BE, S32LE}}
	if littleEndian {
		return formats[bits][1]
	}
	return formats[bits][0]
}

// Floats gives the format of floating-point numbers (IEEE 754) of so many bits; empty where recorders write no such.
func Floats(bits int, littleEndian bool) SampleFormat {
	formats := map[int][2]SampleFormat{32: {F32BE, F32LE}, 64: {F64BE, F64LE}}
	if littleEndian {
		return formats[bits][1]
	}
	return formats[bits][0]
}

// FrameBytes is the size of one sample of all channels of uncompressed sound; 0 for every other track.
func (t Track) FrameBytes() int {
	switch t.Codec {
	case PCM:
		return t.Samples.Bytes() * max(t.Channels, 1)
	case MuLaw, ALaw:
		return max(t.Channels, 1)
	default:
		return 0
	}
}
