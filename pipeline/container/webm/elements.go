package webm

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/trivue/trivue/pipeline/container"
)

// seekHeadRoom is what SeekHead may take: two entries of at most 21 bytes each, and a Void behind them.
const seekHeadRoom = 80

// cueLength is the most that one entry of Cues takes.
const cueLength = 32

// cuesRoom is how many bytes to keep free for Cues.
func cuesRoom(tracks []container.Track, extent container.Extent) int64 {
	entries := int64(0)
	for _, t := range tracks {
		if t.Kind == container.Video {
			entries += int64(extent.Keys[t.ID])
		}
	}
	if entries == 0 {
		entries = int64(extent.Duration/clusterSound) + 2
	}
	return 32 + cueLength*(entries+2)
}

func cuesElement(cues []cue) []byte {
	var body []byte
	for _, c := range cues {
		body = append(body, master(idCuePoint, join(uintElement(idCueTime, uint64(c.at/tick)),
			master(idCueTrackPos, join(uintElement(idCueTrack, uint64(c.track)), uintElement(idCueCluster, uint64(c.cluster))))))...)
	}
	return master(idCues, body)
}

// seekHead says where Cues are; the headers need no entry, they follow at once. It fills its room.
func seekHead(cuesAt, segment int64) []byte {
	b := master(idSeekHead, master(idSeek, join(element4(idSeekID, idCues), uintElement(idSeekPos, uint64(cuesAt-segment)))))
	return append(b, void(seekHeadRoom-int64(len(b)))...)
}

func trackEntry(t container.Track) []byte {
	kind := uint64(2)
	if t.Kind == container.Video {
		kind = 1
	}
	b := join(uintElement(idTrackNumber, uint64(t.ID)), uintElement(idTrackUID, uint64(t.ID)), uintElement(idTrackType, kind),
		uintElement(idFlagLacing, 0), stringElement(idCodecID, names[t.Codec]))
	if t.Language != "" && len(t.Language) == 3 {
		b = append(b, stringElement(idLanguage, t.Language)...)
	}
	if private := private(t); len(private) > 0 {
		b = append(b, bytesElement(idPrivate, private)...)
	}
	if t.Delay > 0 {
		b = append(b, uintElement(idCodecDelay, uint64(t.Delay))...)
	}
	if t.Codec == container.Opus {
		// 80 ms are what an Opus decoder needs to converge (RFC 7845, 4.6).
		b = append(b, uintElement(idSeekPreRoll, uint64(80*time.Millisecond))...)
	}
	if t.Kind == container.Audio {
		return master(idTrackEntry, append(b, master(idAudio, join(floatElement(idSampleRate, float64(t.SampleRate)), uintElement(idChannels, uint64(t.Channels))))...))
	}
	video := join(uintElement(idWidth, uint64(t.Width)), uintElement(idHeight, uint64(t.Height)))
	if t.Rotation != 0 {
		roll := float64(360 - t.Rotation)
		if roll > 180 {
			roll -= 360
		}
		video = append(video, master(idProjection, join(uintElement(idProjType, 0), floatElement(idPoseRoll, roll)))...)
	}
	return master(idTrackEntry, append(b, master(idVideo, video)...))
}

// private makes the identification header that Opus needs where its source had none (RFC 7845, 5.1).
func private(t container.Track) []byte {
	if t.Codec == container.VP8 || t.Codec == container.VP9 {
		return nil // an MP4's vpcC is not what WebM has there
	}
	if t.Codec != container.Opus || len(t.Private) >= 19 {
		return t.Private
	}
	b := append([]byte("OpusHead"), 1, byte(max(t.Channels, 1)))
	b = binary.LittleEndian.AppendUint16(b, uint16(t.Delay*48/time.Millisecond))
	b = binary.LittleEndian.AppendUint32(b, uint32(t.SampleRate))
	return append(b, 0, 0, 0) // gain, mapping family
}

func appendID(b []byte, id uint32) []byte {
	for shift := 24; shift >= 0; shift -= 8 {
		if c := byte(id >> shift); c != 0 || id>>shift != 0 {
			b = append(b, c)
		}
	}
	return b
}

// appendSize writes a size in as few bytes as it takes; the all-ones pattern of each length means "unknown" and is avoided.
func appendSize(b []byte, size int64) []byte {
	for n := 1; n <= 8; n++ {
		if size < 1<<(7*n)-1 {
			v := uint64(size) | 1<<(7*n)
			for shift := 8 * (n - 1); shift >= 0; shift -= 8 {
				b = append(b, byte(v>>shift))
			}
			return b
		}
	}
	return b
}

func bytesElement(id uint32, data []byte) []byte {
	return append(appendSize(appendID(nil, id), int64(len(data))), data...)
}

func master(id uint32, body []byte) []byte { return bytesElement(id, body) }

func stringElement(id uint32, s string) []byte { return bytesElement(id, []byte(s)) }

func uintElement(id uint32, v uint64) []byte {
	b := binary.BigEndian.AppendUint64(nil, v)
	for len(b) > 1 && b[0] == 0 {
		b = b[1:]
	}
	return bytesElement(id, b)
}

func element4(id, v uint32) []byte {
	return bytesElement(id, binary.BigEndian.AppendUint32(nil, v))
}

func floatElement(id uint32, v float64) []byte {
	return bytesElement(id, binary.BigEndian.AppendUint64(nil, math.Float64bits(v)))
}

// void makes a Void element of exactly length bytes, which is at least 2.
func void(length int64) []byte {
	if length < 2 {
		return nil
	}
	b := make([]byte, length)
	b[0] = idVoid
	if length < 2+126 {
		b[1] = 0x80 | byte(length-2)
		return b
	}
	binary.BigEndian.PutUint64(b[1:], uint64(length-9)|1<<56)
	return b
}

func join(parts ...[]byte) []byte {
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}
