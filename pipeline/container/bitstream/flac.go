package bitstream

import "encoding/binary"

// FLACStreamInfo is what the first metadata block of a FLAC stream says (RFC 9639, 8.2).
type FLACStreamInfo struct {
	MinBlock, MaxBlock int // samples per channel in a frame
	MaxFrame           int // bytes, 0 where it is not known
	Rate               int // samples per second
	Channels           int
	Bits               int
	Samples            int64 // per channel, 0 where it is not known
}

// FLACStreamInfoSize is the length of a STREAMINFO block without its header.
const FLACStreamInfoSize = 34

// ParseFLACStreamInfo reads a STREAMINFO block without its header.
func ParseFLACStreamInfo(b []byte) (s FLACStreamInfo, ok bool) {
	if len(b) < FLACStreamInfoSize {
		return s, false
	}
	u := binary.BigEndian
	v := u.Uint64(b[10:])
	s = FLACStreamInfo{MinBlock: int(u.Uint16(b)), MaxBlock: int(u.Uint16(b[2:])), MaxFrame: int(b[7])<<16 | int(b[8])<<8 | int(b[9]),
		Rate: int(v >> 44), Channels: int(v>>41&7) + 1, Bits: int(v>>36&31) + 1, Samples: int64(v & (1<<36 - 1))}
	return s, s.Rate > 0 && s.Bits >= 4
}

// FLACFrame is what the header of a FLAC frame says (RFC 9639, 9.1).
type FLACFrame struct {
	Header   int    // bytes, checksum included
	Samples  int    // per channel
	Variable bool   // Number counts samples, otherwise frames
	Number   uint64 // of the frame's first sample, or of the frame
	RateCode int    // what the stream's frames have in common, as coded
	BitsCode int
}

// FLACHeaderSize is the most bytes that a frame's header has.
const FLACHeaderSize = 16

// ParseFLACFrame reads the header at the beginning of b and checks its checksum.
func ParseFLACFrame(b []byte) (f FLACFrame, ok bool) {
	if len(b) < 6 || b[0] != 0xff || b[1]&0xfe != 0xf8 || b[3]&1 != 0 || b[3]>>4 > 10 {
		return f, false
	}
	f.Variable, f.RateCode, f.BitsCode = b[1]&1 == 1, int(b[2]&15), int(b[3]>>1&7)
	block := int(b[2] >> 4)
	number, n := codedNumber(b[4:])
	if n == 0 || block == 0 || f.RateCode == 15 || f.BitsCode == 3 {
		return f, false
	}
	f.Number, f.Header = number, 4+n
	more := map[int]int{6: 1, 7: 2}[block] + map[int]int{12: 1, 13: 2, 14: 2}[f.RateCode]
	if len(b) < f.Header+more+1 {
		return f, false
	}
	switch at := f.Header; {
	case block == 1:
		f.Samples = 192
	case block <= 5:
		f.Samples = 576 << (block - 2)
	case block == 6:
		f.Samples = int(b[at]) + 1
	case block == 7:
		f.Samples = int(b[at])<<8 + int(b[at+1]) + 1
	default:
		f.Samples = 256 << (block - 8)
	}
	f.Header += more + 1
	return f, crc8(b[:f.Header-1]) == b[f.Header-1]
}

// codedNumber reads a number of up to 36 bits that is coded as UTF-8 codes characters, and gives its length in bytes.
func codedNumber(b []byte) (v uint64, n int) {
	for n = 0; n < 8 && b[0]&(0x80>>n) != 0; n++ {
	}
	switch {
	case n == 0:
		return uint64(b[0]), 1
	case n == 1 || n == 8 || len(b) < n:
		return 0, 0
	}
	v = uint64(b[0] & (0x7f >> n))
	for _, c := range b[1:n] {
		if c&0xc0 != 0x80 {
			return 0, 0
		}
		v = v<<6 | uint64(c&0x3f)
	}
	return v, n
}

// crc8 is the checksum of frame headers: polynomial x⁸+x²+x+1.
func crc8(b []byte) (crc byte) {
	for _, c := range b {
		crc ^= c
		for range 8 {
			if crc&0x80 != 0 {
				crc = crc<<1 ^ 0x07
			} else {
				crc <<= 1
			}
		}
	}
	return crc
}
