package mpegaudio

// ADTSHeaderSize is the length of an ADTS frame's header in bytes, without the checksum that may follow it.
const ADTSHeaderSize = 7

// ADTS is what the header of an ADTS frame says (ISO/IEC 13818-7, 6.2; ISO/IEC 14496-3, 1.A.2).
type ADTS struct {
	Size     int // bytes, header included
	Header   int // bytes of the header, and of the checksum where there is one
	Object   int // audio object type
	RateCode int // index of the sample rate
	Rate     int // samples per second
	Channels int // channel configuration
}

// FrameSamples is how many samples per channel an AAC frame has.
const FrameSamples = 1024

var adtsRates = [13]int{96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350}

// ParseADTS reads the header at the beginning of b. Ok is false where no frame begins there, and for frames of several blocks or
// without a channel configuration, which no recorder writes.
func ParseADTS(b []byte) (h ADTS, ok bool) {
	if len(b) < ADTSHeaderSize || b[0] != 0xff || b[1]&0xf6 != 0xf0 {
		return h, false
	}
	h = ADTS{Object: int(b[2]>>6) + 1, RateCode: int(b[2] >> 2 & 15), Channels: int(b[2]&1)<<2 | int(b[3]>>6),
		Size: int(b[3]&3)<<11 | int(b[4])<<3 | int(b[5])>>5, Header: ADTSHeaderSize}
	if b[1]&1 == 0 {
		h.Header += 2
	}
	blocks := b[6] & 3
	if h.RateCode >= len(adtsRates) || h.Channels == 0 || h.Size <= h.Header || blocks != 0 {
		return h, false
	}
	h.Rate = adtsRates[h.RateCode]
	if h.Channels == 7 {
		h.Channels = 8
	}
	return h, true
}

// Config is the AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1) of a decoder for such frames.
func (h ADTS) Config() []byte {
	configuration := h.Channels
	if configuration == 8 {
		configuration = 7
	}
	v := uint16(h.Object)<<11 | uint16(h.RateCode)<<7 | uint16(configuration)<<3
	return []byte{byte(v >> 8), byte(v)}
}
