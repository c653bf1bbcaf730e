package bitstream

import (
	"errors"
	"fmt"
)

// Errors of payloads that are framed as length-prefixed NAL units.
var (
	errNoPicture  = errors.New("no slice of a picture in it")
	errZeroedTail = errors.New("a NAL unit ends in zeros, which no encoder writes")
)

// zeroTail is the length of a run of zeros at a NAL unit's end that tells a zeroed hole from trailing_zero_8bits, which some
// muxers leave behind when they take NAL units out of a byte stream. A NAL unit itself never ends in zero (H.264, 7.4.1).
const zeroTail = 8

// forEachNAL walks through NAL units that are each preceded by their length in lengthSize big-endian bytes
// (ISO/IEC 14496-15, 5.3.2). Visit returns false to end the walk early.
func forEachNAL(payload []byte, lengthSize int, visit func(nal []byte) (bool, error)) error {
	if len(payload) == 0 {
		return errors.New("empty packet")
	}
	for at := 0; at < len(payload); {
		if len(payload)-at < lengthSize {
			return fmt.Errorf("%d stray bytes after the last NAL unit", len(payload)-at)
		}
		var n uint32
		for _, b := range payload[at : at+lengthSize] {
			n = n<<8 | uint32(b)
		}
		at += lengthSize
		if n == 0 {
			return fmt.Errorf("empty NAL unit at byte %d", at)
		}
		if uint64(n) > uint64(len(payload)-at) {
			return fmt.Errorf("NAL unit of %d bytes at byte %d, where %d are left", n, at, len(payload)-at)
		}
		goOn, err := visit(payload[at : at+int(n)])
		if err != nil {
			return fmt.Errorf("NAL unit at byte %d: %w", at, err)
		}
		if !goOn {
			return nil
		}
		at += int(n)
	}
	return nil
}

func endsInZeros(nal []byte) bool {
	if len(nal) < zeroTail {
		return false
	}
	for _, b := range nal[len(nal)-zeroTail:] {
		if b != 0 {
			return false
		}
	}
	return true
}

// maxCrop is the largest difference between coded and shown size that encoders need: one less than the largest block
// (64 × 64 in HEVC).
const maxCrop = 64

// shown gives the picture's size without the padding to whole blocks. A crop that no padding explains hides a picture that is
// larger than it says; then the size that a decoder allocates is given instead.
func shown(coded, crop uint64) (int, bool) {
	const absurd = 1 << 20 // beyond every codec's limit; keeps products of two sizes far from overflow
	if coded == 0 || coded > absurd {
		return absurd, coded != 0
	}
	if crop >= maxCrop || crop >= coded {
		return int(coded), true
	}
	return int(coded - crop), true
}
