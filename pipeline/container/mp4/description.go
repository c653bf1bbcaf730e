package mp4

import (
	"bytes"
	"encoding/binary"

	"github.com/Eyevinn/mp4ff/aac"

	"github.com/trivue/trivue/pipeline/container"
)

// Sizes of the fixed parts of sample entries (ISO/IEC 14496-12, 12.1.3 and 12.2.3), box header included.
const (
	visualEntry = 86
	soundEntry  = 36
)

// codecs by sample entry type. MPEG-4's mp4a says in its esds what it really is.
var codecs = map[string]container.Codec{
	"avc1": container.H264, "avc3": container.H264, "hvc1": container.HEVC, "hev1": container.HEVC,
	"vp08": container.VP8, "vp09": container.VP9, "av01": container.AV1, "mp4v": container.MPEG4, "s263": container.H263, "h263": container.H263,
	"jpeg": container.MJPEG, "mjpa": container.MJPEG,
	"mp4a": container.AAC, "Opus": container.Opus, ".mp3": container.MP3, "samr": container.AMRNB, "sawb": container.AMRWB,
	"alac": container.ALAC, "fLaC": container.FLAC, "ac-3": container.AC3, "ec-3": container.EAC3, "ulaw": container.MuLaw, "alaw": container.ALaw,
	"sowt": container.PCM, "twos": container.PCM, "raw ": container.PCM, "NONE": container.PCM, "in24": container.PCM, "in32": container.PCM,
	"fl32": container.PCM, "fl64": container.PCM, "lpcm": container.PCM, "ipcm": container.PCM, "fpcm": container.PCM,
}

// configurations are the boxes that hold what Matroska calls CodecPrivate.
var configurations = map[string]bool{"avcC": true, "hvcC": true, "av1C": true, "vpcC": true, "dOps": true, "esds": true, "alac": true, "dfLa": true}

// describe takes the codec and its configuration out of one sample entry, an stsd child of a type.
func (t *track) describe(kind string, entry []byte, iso bool) error {
	t.format = kind
	t.Codec, t.known = codecs[kind]
	t.encrypted = kind == "encv" || kind == "enca"
	fixed := visualEntry
	if t.Kind == container.Audio {
		fixed = soundEntry
	}
	if len(entry) < fixed {
		return malformed("the sample description of track %d is too short", t.ID)
	}
	t.SampleEntry = append([]byte(nil), entry...)
	if t.Kind == container.Audio {
		t.describeSound(entry, iso)
		return nil
	}
	t.Width, t.Height = int(binary.BigEndian.Uint16(entry[32:])), int(binary.BigEndian.Uint16(entry[34:]))
	t.configure(entry[fixed:])
	return nil
}

// configure looks for the codec's configuration among an entry's boxes, also inside QuickTime's "wave".
func (t *track) configure(boxes []byte) {
	_ = each(boxes, func(kind string, body []byte) error {
		switch {
		case kind == "wave":
			t.configure(body)
		case kind == "enda" && len(body) >= 2:
			t.littleEndian = binary.BigEndian.Uint16(body) == 1
		case kind == "pcmC" && len(body) >= 6: // ISO/IEC 23003-5, 5.1
			t.littleEndian, t.depth = body[4]&1 != 0, int(body[5])
		case configurations[kind] && len(t.Private) == 0:
			t.Private = append([]byte(nil), body...)
			t.interpret(kind)
		}
		return nil
	})
}

func (t *track) interpret(kind string) {
	switch kind {
	case "esds":
		t.readElementaryStream()
	case "alac":
		t.Private = t.Private[min(4, len(t.Private)):] // version and flags
		if len(t.Private) >= 24 {
			t.Channels, t.SampleRate = int(t.Private[9]), soundRate(float64(binary.BigEndian.Uint32(t.Private[20:])))
		}
	case "dfLa":
		t.Private = append([]byte("fLaC"), t.Private[min(4, len(t.Private)):]...)
	case "dOps":
		t.Private = opusHead(t.Private)
		t.SampleRate = 48000
		if len(t.Private) > 9 {
			t.Channels = int(t.Private[9])
		}
	}
}

// opusHead turns dOps (Encapsulation of Opus in ISO Base Media File Format, 4.3.2), which is big-endian, into the OpusHead packet
// (RFC 7845, 5.1), which is little-endian. GStreamer 1.22 writes dOps little-endian; a pre-skip of more than a second tells.
func opusHead(dOps []byte) []byte {
	if len(dOps) < 11 {
		return nil
	}
	order := binary.ByteOrder(binary.BigEndian)
	if order.Uint16(dOps[2:]) > 48000 || order.Uint32(dOps[4:]) > 768000 {
		order = binary.LittleEndian
	}
	head := append([]byte("OpusHead"), 1, dOps[1])
	head = binary.LittleEndian.AppendUint16(head, order.Uint16(dOps[2:]))
	head = binary.LittleEndian.AppendUint32(head, order.Uint32(dOps[4:]))
	head = binary.LittleEndian.AppendUint16(head, order.Uint16(dOps[8:]))
	return append(head, dOps[10:]...)
}

// readElementaryStream takes the decoder's configuration out of an ES_Descriptor (ISO/IEC 14496-1, 7.2.6): the object type says
// which codec it really is, the DecoderSpecificInfo is its configuration.
func (t *track) readElementaryStream() {
	if len(t.Private) < 4 {
		t.Private = nil
		return
	}
	b := t.Private[4:]
	t.Private = nil
	tag, body, _ := descriptor(b)
	if tag != 3 || len(body) < 3 {
		return
	}
	flags := body[2]
	body = body[3:]
	for _, optional := range []struct {
		bit  byte
		size int
	}{{0x80, 2}, {0x20, 2}} {
		if flags&optional.bit != 0 && len(body) >= optional.size {
			body = body[optional.size:]
		}
	}
	if flags&0x40 != 0 && len(body) > 0 && len(body) > int(body[0]) {
		body = body[1+int(body[0]):] // URL
	}
	tag, body, _ = descriptor(body)
	if tag != 4 || len(body) < 13 {
		return
	}
	if object := body[0]; object == 0x69 || object == 0x6b {
		t.Codec = container.MP3
	}
	if tag, info, _ := descriptor(body[13:]); tag == 5 {
		t.Private = append([]byte(nil), info...)
	}
	if t.Codec != container.AAC {
		return
	}
	// The sample entry's own fields are often left at their usual values; the decoder goes by its configuration.
	if config, err := aac.DecodeAudioSpecificConfig(bytes.NewReader(t.Private)); err == nil && config != nil {
		t.SampleRate = soundRate(float64(max(config.SamplingFrequency, config.ExtensionFrequency)))
		if c := int(config.ChannelConfiguration); c > 0 && c < 7 {
			t.Channels = c
		}
	}
}

// descriptor splits off one descriptor, whose size comes in groups of seven bits.
func descriptor(b []byte) (tag byte, body, rest []byte) {
	if len(b) < 2 {
		return 0, nil, nil
	}
	tag, b = b[0], b[1:]
	size := 0
	for i := 0; i < 4 && len(b) > 0; i++ {
		c := b[0]
		b = b[1:]
		size = size<<7 | int(c&0x7f)
		if c&0x80 == 0 {
			break
		}
	}
	size = min(size, len(b))
	return tag, b[:size], b[size:]
}
