package gstx

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/trivue/trivue/pipeline/container"
)

// decoder says how a codec's packets are decoded.
type decoder struct {
	factory string // GStreamer element; empty where packets are samples already
	props   []prop
	caps    func(container.Track) (string, error) // what the packets are, as GStreamer's caps in text form
}

// threads bounds a decoder's threads: each holds pictures of its own, and children run side by side.
const threads = "2"

var (
	libavThreads = []prop{{"max-threads", threads}}
	// HEVC is only ever decoded to be encoded anew, and it is the encoder that takes the time: a second thread would hold
	// pictures (60 MB of them at 2160p) and gain nothing.
	hevcThreads = []prop{{"max-threads", "1"}}
	vpxThreads  = []prop{{"threads", threads}}
)

// decoders is the choice of decoder for each codec. Letting GStreamer choose (decodebin, typefind) was seen to hang on
// malformed input, and to fail on WebM with an alpha flag.
var decoders = map[container.Codec]decoder{
	container.VP8:   {"vp8dec", vpxThreads, plainCaps("video/x-vp8")},
	container.VP9:   {"vp9dec", vpxThreads, plainCaps("video/x-vp9")},
	container.AV1:   {"av1dec", nil, plainCaps("video/x-av1, stream-format=obu-stream, alignment=tu")},
	container.H264:  {"avdec_h264", libavThreads, configuredCaps("video/x-h264, stream-format=avc, alignment=au")},
	container.HEVC:  {"avdec_h265", hevcThreads, configuredCaps("video/x-h265, stream-format=hvc1, alignment=au")},
	container.MPEG4: {"avdec_mpeg4", libavThreads, mpeg4Caps},
	container.H263:  {"avdec_h263", nil, plainCaps("video/x-h263, variant=itu, h263version=h263")},
	container.MJPEG: {"jpegdec", nil, plainCaps("image/jpeg")},

	container.Opus:   {"avdec_opus", nil, opusCaps},
	container.AAC:    {"avdec_aac", nil, configuredCaps("audio/mpeg, mpegversion=4, stream-format=raw, framed=true")},
	container.MP3:    {"avdec_mp3", nil, mp3Caps},
	container.Vorbis: {"vorbisdec", nil, vorbisCaps},
	container.AMRNB:  {"amrnbdec", nil, fixedCaps("audio/AMR, rate=8000, channels=1")},
	container.AMRWB:  {"amrwbdec", nil, fixedCaps("audio/AMR-WB, rate=16000, channels=1")},
	container.ALAC:   {"avdec_alac", nil, alacCaps},
	container.FLAC:   {"avdec_flac", nil, configuredCaps("audio/x-flac, framed=true")},
	container.AC3:    {"avdec_ac3", nil, plainCaps("audio/x-ac3, framed=true")},
	container.EAC3:   {"avdec_eac3", nil, plainCaps("audio/x-eac3, framed=true")},
	container.MuLaw:  {"mulawdec", nil, plainCaps("audio/x-mulaw")},
	container.ALaw:   {"alawdec", nil, plainCaps("audio/x-alaw")},
	container.GSM:    {"gsmdec", nil, gsmCaps},
	container.PCM:    {"", nil, pcmCaps},
}

// slowOpus takes twice as long as libav's decoder. It is the only one that knows more than two channels, and the only one that takes
// narrow-band speech: libav's resamples that late, and GStreamer 1.22 now and then ends a stream with an error because of it.
const slowOpus = "opusdec"

// decoderOf finds the decoder of a track and what its packets are called. First is the track's first packet, nil if it is not at hand.
func decoderOf(t container.Track, first []byte) (d decoder, caps string, err error) {
	d, ok := decoders[t.Codec]
	if !ok {
		return d, "", fmt.Errorf("no decoder for codec %q", t.Codec)
	}
	if channels, family := opusHeader(t); t.Codec == container.Opus && (channels > 2 || family != 0 || isSILK(first)) {
		d.factory = slowOpus
	}
	caps, err = d.caps(t)
	if err != nil {
		return d, "", &container.UnusableError{Reason: container.Unsupported, Detail: fmt.Sprintf("its %s track: %v", t.Codec, err)}
	}
	return d, caps, nil
}

// chain is the element that decodes; none for what is samples already.
func (d decoder) chain() []element {
	if d.factory == "" {
		return nil
	}
	// One bad packet must not end the run: the decoder goes on with the next one that it can use.
	return []element{{d.factory, append([]prop{{"max-errors", "-1"}}, d.props...)}}
}

func plainCaps(caps string) func(container.Track) (string, error) {
	return func(t container.Track) (string, error) { return caps + geometry(t), nil }
}

// fixedCaps is for codecs with one rate and number of channels, whatever a container says: 3GP says two channels of all of them.
func fixedCaps(caps string) func(container.Track) (string, error) {
	return func(container.Track) (string, error) { return caps, nil }
}

// configuredCaps is for codecs whose decoder cannot start without the container's configuration record.
func configuredCaps(caps string) func(container.Track) (string, error) {
	return func(t container.Track) (string, error) {
		if len(t.Private) == 0 {
			return "", fmt.Errorf("the track has no configuration record")
		}
		return caps + geometry(t) + codecData(t.Private), nil
	}
}

func geometry(t container.Track) string {
	switch {
	case t.Kind == container.Video && t.Width > 0 && t.Height > 0:
		return fmt.Sprintf(", width=%d, height=%d", t.Width, t.Height)
	case t.Kind == container.Audio && t.SampleRate > 0 && t.Channels > 0:
		return fmt.Sprintf(", rate=%d, channels=%d", t.SampleRate, t.Channels)
	default:
		return ""
	}
}

func codecData(private []byte) string {
	return ", codec_data=(buffer)" + hex.EncodeToString(private)
}

// mpeg4Caps: recorders put the configuration into the container, some (old AVI) into the first packet.
func mpeg4Caps(t container.Track) (string, error) {
	caps := "video/mpeg, mpegversion=4, systemstream=false" + geometry(t)
	if len(t.Private) > 0 {
		caps += codecData(t.Private)
	}
	return caps, nil
}

func mp3Caps(t container.Track) (string, error) {
	if t.SampleRate <= 0 || t.Channels <= 0 {
		return "", fmt.Errorf("the track states no sample rate or number of channels")
	}
	return "audio/mpeg, mpegversion=1, layer=3, parsed=true" + geometry(t), nil
}

// opusHeader is what matters of an OpusHead packet (RFC 7845, 5.1); without one, mono or stereo by the container's word.
func opusHeader(t container.Track) (channels, family int) {
	if len(t.Private) >= 19 {
		return int(t.Private[9]), int(t.Private[18])
	}
	return min(max(t.Channels, 1), 2), 0
}

// isSILK reports whether an Opus packet holds speech in SILK's way alone (RFC 6716, 3.1: configurations 0 to 11).
func isSILK(packet []byte) bool {
	const lastSILK = 11
	return len(packet) > 0 && packet[0]>>3 <= lastSILK
}

// opusCaps: Opus always decodes to 48 kHz, whatever rate the header calls the original's (RFC 7845, 5.1).
func opusCaps(t container.Track) (string, error) {
	channels, family := opusHeader(t)
	if channels < 1 || channels > 8 {
		return "", fmt.Errorf("%d channels", channels)
	}
	caps := fmt.Sprintf("audio/x-opus, rate=48000, channels=%d, channel-mapping-family=%d", channels, family)
	if family == 0 {
		return caps, nil
	}
	// RFC 7845, 5.1.1: streams, coupled streams, and which of their channels is which loudspeaker's.
	if len(t.Private) < 21+channels {
		return "", fmt.Errorf("the header of %d channels has %d bytes", channels, len(t.Private))
	}
	var mapping []string
	for _, c := range t.Private[21 : 21+channels] {
		mapping = append(mapping, strconv.Itoa(int(c)))
	}
	return caps + fmt.Sprintf(", stream-count=%d, coupled-count=%d, channel-mapping=(int)< %s >", t.Private[19], t.Private[20], strings.Join(mapping, ", ")), nil
}

// vorbisCaps hands the three header packets over, which Matroska keeps in one block with Xiph lacing
// (Matroska codec specification, A_VORBIS).
func vorbisCaps(t container.Track) (string, error) {
	headers, err := xiphPackets(t.Private)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("audio/x-vorbis%s, streamheader=(buffer)< %x, %x, %x >", geometry(t), headers[0], headers[1], headers[2]), nil
}

func xiphPackets(private []byte) (packets [3][]byte, err error) {
	bad := fmt.Errorf("the Vorbis headers of %d bytes are not three laced packets", len(private))
	if len(private) < 3 || private[0] != 2 {
		return packets, bad
	}
	rest := private[1:]
	var sizes [2]int
	for i := range sizes {
		for {
			if len(rest) == 0 {
				return packets, bad
			}
			b := rest[0]
			rest = rest[1:]
			sizes[i] += int(b)
			if b < 255 {
				break
			}
		}
	}
	if sizes[0] == 0 || sizes[1] == 0 || sizes[0]+sizes[1] >= len(rest) {
		return packets, bad
	}
	packets[0], packets[1], packets[2] = rest[:sizes[0]], rest[sizes[0]:sizes[0]+sizes[1]], rest[sizes[0]+sizes[1]:]
	return packets, nil
}

// alacCaps: libav's decoder wants the configuration inside the box that QuickTime keeps it in.
func alacCaps(t container.Track) (string, error) {
	const configuration = 24 // bytes of ALACSpecificConfig
	if len(t.Private) < configuration {
		return "", fmt.Errorf("the track has no configuration record")
	}
	box := append([]byte{0, 0, 0, 36, 'a', 'l', 'a', 'c', 0, 0, 0, 0}, t.Private[:configuration]...)
	return "audio/x-alac" + geometry(t) + codecData(box), nil
}

// gsmCaps: the codec is for 8000 samples per second, and recorders run it at others.
func gsmCaps(t container.Track) (string, error) {
	return fmt.Sprintf("audio/ms-gsm, rate=%d, channels=1", max(t.SampleRate, 1)), nil
}

func pcmCaps(t container.Track) (string, error) {
	if t.SampleRate <= 0 || t.Channels <= 0 {
		return "", fmt.Errorf("the track states no sample rate or number of channels")
	}
	if t.Samples.Bytes() == 0 {
		return "", fmt.Errorf("its samples are of an unknown format %q", t.Samples)
	}
	caps := "audio/x-raw, format=" + strings.ToUpper(string(t.Samples)) + ", layout=interleaved" + geometry(t)
	if t.Channels > 2 {
		// GStreamer refuses more than two channels without positions; these are the first positions in their usual order.
		caps += fmt.Sprintf(", channel-mask=(bitmask)0x%x", uint64(1)<<t.Channels-1)
	}
	return caps, nil
}
