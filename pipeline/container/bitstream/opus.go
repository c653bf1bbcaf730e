package bitstream

import (
	"errors"
	"time"
)

var errOpus = errors.New("its Opus packet is not one that an encoder writes")

// maxOpusPacket is the longest packet that one stream of Opus can have: 48 frames of 1275 bytes, and their lengths.
const maxOpusPacket = 48*1277 + 2

func verifyOpus(p []byte) error {
	if len(p) == 0 || len(p) > maxOpusPacket || OpusDuration(p) == 0 || zeroed(p) {
		return errOpus
	}
	return nil
}

// OpusDuration is how long a packet sounds, from its first bytes (RFC 6716, 3.1 and 3.2.5); 0 where no encoder writes such.
func OpusDuration(p []byte) time.Duration {
	if len(p) == 0 {
		return 0
	}
	config := p[0] >> 3
	var frame time.Duration
	switch {
	case config < 12: // SILK
		frame = [4]time.Duration{10, 20, 40, 60}[config&3] * time.Millisecond
	case config < 16: // hybrid
		frame = [2]time.Duration{10, 20}[config&1] * time.Millisecond
	default: // CELT
		frame = 2500 * time.Microsecond << (config & 3)
	}
	frames := time.Duration(1)
	switch p[0] & 3 {
	case 1, 2:
		frames = 2
	case 3:
		if len(p) < 2 {
			return 0
		}
		frames = time.Duration(p[1] & 0x3f)
	}
	if total := frames * frame; total <= 120*time.Millisecond {
		return total
	}
	return 0
}
