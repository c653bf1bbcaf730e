package mp4

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/trivue/trivue/pipeline/container"
)

func boxOf(kind string, parts ...[]byte) []byte {
	size := 8
	for _, p := range parts {
		size += len(p)
	}
	b := binary.BigEndian.AppendUint32(make([]byte, 0, size), uint32(size))
	b = append(b, kind...)
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

func fullBox(kind string, version byte, flags uint32, parts ...[]byte) []byte {
	head := binary.BigEndian.AppendUint32(nil, uint32(version)<<24|flags)
	return boxOf(kind, append([][]byte{head}, parts...)...)
}

// free is room of a size of at least 8 bytes.
func free(size int64) []byte {
	b := make([]byte, size)
	binary.BigEndian.PutUint32(b, uint32(size))
	copy(b[4:], "free")
	return b
}

func fileType() []byte {
	return boxOf("ftyp", []byte("isom"), binary.BigEndian.AppendUint32(nil, 0x200), []byte("isomiso2avc1mp41"))
}

// unity is the matrix that leaves a picture as it is (ISO/IEC 14496-12, 6.2.2), as its nine numbers.
var unity = [9]int32{1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30}

// matrixOf turns a picture clockwise and moves it back into view.
func matrixOf(rotation, width, height int) [9]int32 {
	const one = 1 << 16
	w, h := int32(width)<<16, int32(height)<<16
	switch rotation {
	case 90:
		return [9]int32{0, one, 0, -one, 0, 0, h, 0, 1 << 30}
	case 180:
		return [9]int32{-one, 0, 0, 0, -one, 0, w, h, 1 << 30}
	case 270:
		return [9]int32{0, -one, 0, one, 0, 0, 0, w, 1 << 30}
	default:
		return unity
	}
}

func appendMatrix(b []byte, m [9]int32) []byte {
	for _, v := range m {
		b = binary.BigEndian.AppendUint32(b, uint32(v))
	}
	return b
}

func movieHeader(duration uint64, nextTrack uint32) []byte {
	b := make([]byte, 16) // times of creation and modification: not known
	b = binary.BigEndian.AppendUint32(b, movieScale)
	b = binary.BigEndian.AppendUint64(b, duration)
	b = binary.BigEndian.AppendUint32(b, 1<<16)             // rate
	b = append(b, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)       // volume, reserved
	b = append(appendMatrix(b, unity), make([]byte, 24)...) // reserved
	return fullBox("mvhd", 1, 0, binary.BigEndian.AppendUint32(b, nextTrack))
}

func trackHeader(number uint32, duration uint64, t container.Track) []byte {
	b := make([]byte, 16)
	b = binary.BigEndian.AppendUint32(b, number)
	b = append(b, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint64(b, duration)
	b = append(b, make([]byte, 12)...) // reserved, layer, alternate group
	if t.Kind == container.Audio {
		b = append(b, 1, 0, 0, 0)
		b = append(appendMatrix(b, unity), make([]byte, 8)...)
	} else {
		b = append(b, 0, 0, 0, 0)
		b = appendMatrix(b, matrixOf(t.Rotation, t.Width, t.Height))
		b = binary.BigEndian.AppendUint32(b, uint32(t.Width)<<16)
		b = binary.BigEndian.AppendUint32(b, uint32(t.Height)<<16)
	}
	return fullBox("tkhd", 1, 3, b) // flags: enabled, in movie
}

func mediaHeader(scale uint32, duration uint64, language string) []byte {
	b := make([]byte, 16)
	b = binary.BigEndian.AppendUint32(b, scale)
	b = binary.BigEndian.AppendUint64(b, duration)
	b = binary.BigEndian.AppendUint16(b, packLanguage(language))
	return fullBox("mdhd", 1, 0, append(b, 0, 0))
}

// packLanguage packs an ISO 639-2 code into three times five bits (8.4.2.3); "und" where it is not one.
func packLanguage(code string) uint16 {
	if len(code) != 3 {
		code = "und"
	}
	var v uint16
	for _, c := range []byte(code) {
		if c < 'a' || c > 'z' {
			return packLanguage("und")
		}
		v = v<<5 | uint16(c-0x60)
	}
	return v
}

// sampleEntry describes a track's packets. A picture's description is kept as its source had it, with colour and aspect ratio;
// sound is described anew, since QuickTime has descriptions that only QuickTime reads.
func sampleEntry(t container.Track) ([]byte, error) {
	if t.Kind == container.Video {
		if len(t.SampleEntry) >= visualEntry {
			entry := slices.Clone(t.SampleEntry)
			binary.BigEndian.PutUint16(entry[14:], 1) // the data is in this file, whatever the source said
			return entry, nil
		}
		kinds := map[container.Codec][2]string{container.H264: {"avc1", "avcC"}, container.HEVC: {"hvc1", "hvcC"}, container.AV1: {"av01", "av1C"}, container.VP9: {"vp09", "vpcC"}}
		kind, ok := kinds[t.Codec]
		if !ok || len(t.Private) == 0 {
			return nil, fmt.Errorf("MP4 cannot hold %s without its configuration", t.Codec)
		}
		return visualEntryOf(kind[0], t, boxOf(kind[1], t.Private)), nil
	}
	switch t.Codec {
	case container.Opus:
		return soundEntryOf("Opus", t, boxOf("dOps", opusConfiguration(t))), nil
	case container.AAC:
		if len(t.Private) == 0 {
			return nil, fmt.Errorf("MP4 cannot hold %s without its configuration", t.Codec)
		}
		return soundEntryOf("mp4a", t, elementaryStream(0x40, t.Private)), nil
	case container.MP3:
		return soundEntryOf("mp4a", t, elementaryStream(0x6b, nil)), nil
	default:
		return nil, fmt.Errorf("MP4 for browsers cannot hold %s", t.Codec)
	}
}

func visualEntryOf(kind string, t container.Track, configuration []byte) []byte {
	b := make([]byte, 6, 78)
	b = append(b, 0, 1) // data reference
	b = append(b, make([]byte, 16)...)
	b = binary.BigEndian.AppendUint16(b, uint16(t.Width))
	b = binary.BigEndian.AppendUint16(b, uint16(t.Height))
	b = append(b, 0, 0x48, 0, 0, 0, 0x48, 0, 0, 0, 0, 0, 0, 0, 1) // 72 dpi, one picture per sample
	b = append(b, make([]byte, 32)...)                            // name of the compressor
	b = append(b, 0, 0x18, 0xff, 0xff)                            // depth
	return boxOf(kind, b, configuration)
}

func soundEntryOf(kind string, t container.Track, configuration []byte) []byte {
	b := make([]byte, 6, 28)
	b = append(b, 0, 1)
	b = append(b, make([]byte, 8)...)
	b = binary.BigEndian.AppendUint16(b, uint16(max(t.Channels, 1)))
	b = append(b, 0, 16, 0, 0, 0, 0)
	rate := uint32(t.SampleRate)
	if t.Codec == container.Opus {
		rate = 48000
	}
	if rate > math.MaxUint16 {
		rate = 0 // there is no room for it; the configuration says it
	}
	b = binary.BigEndian.AppendUint32(b, rate<<16)
	return boxOf(kind, b, configuration)
}

// opusConfiguration turns an OpusHead packet (RFC 7845, 5.1), little-endian, into dOps, big-endian.
func opusConfiguration(t container.Track) []byte {
	head := t.Private
	if len(head) < 19 {
		b := []byte{0, byte(max(t.Channels, 1)), 0, 0}
		b = binary.BigEndian.AppendUint32(b, uint32(t.SampleRate))
		return append(b, 0, 0, 0)
	}
	b := []byte{0, head[9]}
	b = binary.BigEndian.AppendUint16(b, binary.LittleEndian.Uint16(head[10:]))
	b = binary.BigEndian.AppendUint32(b, binary.LittleEndian.Uint32(head[12:]))
	b = binary.BigEndian.AppendUint16(b, binary.LittleEndian.Uint16(head[16:]))
	return append(b, head[18:]...)
}

// elementaryStream is an esds box (ISO/IEC 14496-14, 5.6; descriptors: ISO/IEC 14496-1, 7.2.6).
func elementaryStream(objectType byte, configuration []byte) []byte {
	config := append([]byte{objectType, 0x15, 0, 0, 0}, make([]byte, 8)...) // sound stream; rates not stated
	if len(configuration) > 0 {
		config = append(config, descriptorOf(5, configuration)...)
	}
	es := append([]byte{0, 0, 0}, descriptorOf(4, config)...)
	return fullBox("esds", 0, 0, descriptorOf(3, append(es, descriptorOf(6, []byte{2})...)))
}

func descriptorOf(tag byte, body []byte) []byte {
	n := len(body)
	return append([]byte{tag, byte(n>>21) | 0x80, byte(n>>14) | 0x80, byte(n>>7) | 0x80, byte(n & 0x7f)}, body...)
}
