package bitstream

import (
	"errors"
	"fmt"
)

// verifyAAC finds zeroed packets and zeroed ends of packets. A raw_data_block ends with the three bits of ID_END and less
// than one byte of alignment (ISO/IEC 14496-3, 4.4.2.1); the low-delay and error-resilient variants, which have no ID_END,
// do not end in many zeros either.
func verifyAAC(payload []byte) error {
	if len(payload) == 0 {
		return errors.New("empty packet")
	}
	zeros := 0
	for i := len(payload) - 1; i >= 0 && payload[i] == 0; i-- {
		zeros++
	}
	if zeros == len(payload) || zeros >= zeroTail {
		return fmt.Errorf("its last %d bytes are zero, which no encoder writes", zeros)
	}
	return nil
}

// codecStringAAC is "mp4a.40." and the audio object type (RFC 6381, 3.3; ISO/IEC 14496-3, 1.6.2.1).
func codecStringAAC(config []byte) string {
	const lowComplexity, escape = 2, 31
	if len(config) < 2 {
		return fmt.Sprintf("mp4a.40.%d", lowComplexity)
	}
	objectType := int(config[0] >> 3)
	if objectType == escape {
		objectType = 32 + int(config[0]&7)<<3 + int(config[1]>>5)
	}
	return fmt.Sprintf("mp4a.40.%d", objectType)
}
