package bitstream

import "errors"

// vp8Head is how much of a frame's head is looked at: the frame tag, and on key frames start code and dimensions
// (RFC 6386, 9.1).
const vp8Head = 10

func verifyVP8(p []byte) error {
	if len(p) < 3 {
		return errors.New("a VP8 frame has at least three bytes")
	}
	tag := uint32(p[0]) | uint32(p[1])<<8 | uint32(p[2])<<16
	if version := tag >> 1 & 7; version > 3 {
		return errors.New("its VP8 version is not one that exists")
	}
	firstPartition := int(tag >> 5)
	head := 3
	if isKeyVP8(p) {
		head = vp8Head
		if len(p) < vp8Head || p[3] != 0x9d || p[4] != 0x01 || p[5] != 0x2a {
			return errors.New("its VP8 key frame has no start code")
		}
	}
	if head+firstPartition > len(p) || zeroed(p) {
		return errors.New("its VP8 partitions do not fit")
	}
	return nil
}

func isKeyVP8(p []byte) bool { return len(p) > 0 && p[0]&1 == 0 }

func dimensionsVP8(p []byte) (width, height int, ok bool) {
	if len(p) < vp8Head || !isKeyVP8(p) || p[3] != 0x9d || p[4] != 0x01 || p[5] != 0x2a {
		return 0, 0, false
	}
	return (int(p[6]) | int(p[7])<<8) & 0x3fff, (int(p[8]) | int(p[9])<<8) & 0x3fff, true
}

// zeroRun is how many zero bytes in a row at a frame's end no entropy coder writes; a hole that a file system left does.
const zeroRun = 64

// zeroed reports whether a payload ends in a run of zeros, as the part of a file does that was never written.
func zeroed(p []byte) bool {
	if len(p) < 2*zeroRun {
		return false
	}
	for _, b := range p[len(p)-zeroRun:] {
		if b != 0 {
			return false
		}
	}
	return true
}
