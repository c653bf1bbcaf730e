package mp4

import (
	"encoding/binary"
	"math"

	"github.com/trivue/trivue/pipeline/container"
)

// describeSound reads a sound sample entry: of ISO/IEC 14496-12, 12.2.3, or of QuickTime ("Sound Sample Descriptions" in the
// QuickTime File Format), whose versions 1 and 2 are longer. In an stsd of version 1 (iso) the entry's own version 1 is ISO's,
// which is not.
func (t *track) describeSound(entry []byte, iso bool) {
	u := binary.BigEndian
	t.Channels, t.SampleRate, t.depth = int(u.Uint16(entry[24:])), int(u.Uint32(entry[32:])>>16), int(u.Uint16(entry[26:]))
	fixed, isFloat, isSigned := soundEntry, false, true
	switch version := u.Uint16(entry[16:]); {
	case version == 1 && !iso:
		fixed += 16
	case version == 2:
		fixed += 36
		if len(entry) < fixed {
			break
		}
		// The older fields hold constants.
		t.SampleRate = soundRate(math.Float64frombits(u.Uint64(entry[40:])))
		t.Channels, t.depth = int(min(u.Uint32(entry[48:]), 255)), int(min(u.Uint32(entry[56:]), 255))
		flags := u.Uint32(entry[60:])
		isFloat, isSigned, t.littleEndian = flags&1 != 0, flags&4 != 0, flags&2 == 0
	}
	t.configure(entry[min(fixed, len(entry)):])
	switch t.Codec { // 3GPP TS 26.244, 6.5: their fields of channels and size are constants
	case container.AMRNB:
		t.Channels, t.SampleRate = 1, 8000
	case container.AMRWB:
		t.Channels, t.SampleRate = 1, 16000
	}
	if t.Codec == container.PCM {
		t.Samples = t.sampleFormat(isFloat, isSigned)
		t.known = t.Samples != "" && t.Channels > 0
	}
}

// sampleFormat says how the samples of uncompressed sound are stored. The order of bytes is the type's or, where that leaves it
// open, that of the box enda (1 is little-endian) in QuickTime's "wave".
func (t *track) sampleFormat(isFloat, isSigned bool) container.SampleFormat {
	switch t.format {
	case "sowt":
		return container.Integers(t.depth, true)
	case "twos":
		return container.Integers(t.depth, false)
	case "in24":
		return container.Integers(24, t.littleEndian)
	case "in32":
		return container.Integers(32, t.littleEndian)
	case "fl32":
		return container.Floats(32, t.littleEndian)
	case "fl64":
		return container.Floats(64, t.littleEndian)
	case "ipcm":
		return container.Integers(t.depth, t.littleEndian)
	case "fpcm":
		return container.Floats(t.depth, t.littleEndian)
	case "raw ", "NONE": // 8 bits about 128, more are twos
		if t.depth == 8 {
			return container.U8
		}
		return container.Integers(t.depth, false)
	}
	switch { // lpcm
	case isFloat:
		return container.Floats(t.depth, t.littleEndian)
	case !isSigned && t.depth == 8:
		return container.U8
	case isSigned:
		return container.Integers(t.depth, t.littleEndian)
	default:
		return ""
	}
}

// soundRate keeps a stated rate within what sound has.
func soundRate(rate float64) int {
	if rate >= 1 && rate <= 768000 {
		return int(rate)
	}
	return 48000
}
