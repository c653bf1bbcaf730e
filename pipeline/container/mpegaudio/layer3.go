// Package mpegaudio reads the headers of the frames that MPEG audio comes in: of layer III (MP3), and of AAC as ADTS.
package mpegaudio

// Layer3HeaderSize is the length of an MP3 frame's header in bytes.
const Layer3HeaderSize = 4

// Layer3 is what the header of an MP3 frame says (ISO/IEC 11172-3, 2.4.1.3; ISO/IEC 13818-3, 2.4.2.3; and for the version that is
// called 2.5, which is no standard, what all decoders do).
type Layer3 struct {
	Size     int // bytes, header included
	Samples  int // per channel
	Rate     int // samples per second
	Channels int
	// Side is where the side information ends and the main data begins: a Xing header lies there.
	Side int
}

var (
	layer3BitratesV1 = [15]int{0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320} // kbit/s, MPEG-1
	layer3BitratesV2 = [15]int{0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160}     // MPEG-2 and 2.5
	layer3Rates      = [3]int{44100, 48000, 32000}                                               // MPEG-1; half and a quarter of it in the others
)

// ParseLayer3 reads the header at the beginning of b. Ok is false where no frame of layer III begins there, and for the free
// format, which states no length.
func ParseLayer3(b []byte) (h Layer3, ok bool) {
	if len(b) < Layer3HeaderSize || b[0] != 0xff || b[1]&0xe0 != 0xe0 {
		return h, false
	}
	const (
		version25 = 0
		version1  = 3
		layerIII  = 1
	)
	version, layer, bitrate, rate := b[1]>>3&3, b[1]>>1&3, int(b[2]>>4), int(b[2]>>2&3)
	reserved := version == 1 || b[3]&3 == 2
	if layer != layerIII || reserved || rate == 3 || bitrate == 0 || bitrate == 15 {
		return h, false
	}
	padding := int(b[2] >> 1 & 1)
	h.Channels = 2
	if b[3]>>6 == 3 {
		h.Channels = 1
	}
	h.Rate = layer3Rates[rate]
	if version == version1 {
		h.Samples, h.Side = 1152, []int{4 + 17, 4 + 32}[h.Channels-1]
		h.Size = 144*1000*layer3BitratesV1[bitrate]/h.Rate + padding
		return h, true
	}
	h.Rate /= 2
	if version == version25 {
		h.Rate /= 2
	}
	h.Samples, h.Side = 576, []int{4 + 9, 4 + 17}[h.Channels-1]
	h.Size = 72*1000*layer3BitratesV2[bitrate]/h.Rate + padding
	return h, true
}
