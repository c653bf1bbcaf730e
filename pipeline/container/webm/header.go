package webm

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/trivue/trivue/pipeline/container"
	"github.com/trivue/trivue/pipeline/container/wav"
)

// maxHeaderElement bounds what is read of Info and Tracks, in bytes: a track's configuration has some hundred.
const maxHeaderElement = 1 << 20

// segmentHead is what stands before the first cluster.
type segmentHead struct {
	scale    time.Duration // of a time stamp's unit
	duration time.Duration
	tracks   []track
	foreign  []container.Foreign
}

// track is a track of the file, with what concerns only its reader.
type track struct {
	container.Track
	number   uint64
	frameDur time.Duration // DefaultDuration
	stripped []byte        // header that compression removed from each frame
	codecID  string
}

func (h *segmentHead) parseInfo(b []byte) {
	var ticks float64
	children(b, func(id uint32, data []byte) {
		switch id {
		case idScale:
			if v := parseUint(data); v > 0 && v <= uint64(time.Second) {
				h.scale = time.Duration(v)
			}
		case idDuration:
			ticks = parseFloat(data)
		}
	})
	switch d := ticks * float64(h.scale); {
	case d >= math.MaxInt64:
		h.duration = math.MaxInt64 // an absurd claim stays one
	case d > 0: // false for what is not a number
		h.duration = time.Duration(d)
	}
}

// parseTracks keeps the pictures and sound in codecs that are known, and leaves out the rest.
func (h *segmentHead) parseTracks(b []byte) error {
	var all []track
	var err error
	entries := 0
	children(b, func(id uint32, data []byte) {
		if id != idTrackEntry {
			return
		}
		entries++
		t, ok, e := parseTrack(data)
		if e != nil && err == nil {
			err = e
		}
		if ok {
			all = append(all, t)
		} else if e == nil && t.Kind != "" {
			h.foreign = append(h.foreign, container.Foreign{ID: t.ID, Kind: t.Kind, Format: t.codecID})
		}
	})
	if err != nil {
		return err
	}
	if entries > container.MaxTracks {
		return &container.UnusableError{Reason: container.TooLarge, Detail: fmt.Sprintf("it claims to have %d tracks", entries)}
	}
	h.tracks = all
	h.foreign = h.foreign[:min(len(h.foreign), container.MaxTracks)]
	return nil
}

// codecs by their Matroska names (RFC 9559, 27.9, "Matroska Media Type Registrations" and codec mappings).
var codecs = map[string]container.Codec{
	"V_VP8": container.VP8, "V_VP9": container.VP9, "V_AV1": container.AV1,
	"V_MPEG4/ISO/AVC": container.H264, "V_MPEGH/ISO/HEVC": container.HEVC, "V_MJPEG": container.MJPEG,
	"V_MPEG4/ISO/ASP": container.MPEG4, "V_MPEG4/ISO/SP": container.MPEG4,
	"A_OPUS": container.Opus, "A_VORBIS": container.Vorbis, "A_AAC": container.AAC, "A_MPEG/L3": container.MP3,
	"A_ALAC": container.ALAC, "A_FLAC": container.FLAC, "A_AC3": container.AC3, "A_EAC3": container.EAC3,
	"A_PCM/INT/LIT": container.PCM, "A_PCM/INT/BIG": container.PCM, "A_PCM/FLOAT/IEEE": container.PCM,
}

func parseTrack(b []byte) (t track, ok bool, err error) {
	kind, depth, encrypted := uint64(0), uint64(0), false
	t.Channels, t.SampleRate = 1, 8000 // RFC 9559's defaults
	children(b, func(id uint32, data []byte) {
		switch id {
		case idTrackNumber:
			t.number = parseUint(data)
		case idTrackType:
			kind = parseUint(data)
		case idCodecID:
			t.codecID = strings.TrimRight(string(data[:min(len(data), 64)]), "\x00")
		case idPrivate:
			t.Private = append([]byte(nil), data...)
		case idDefaultDur:
			t.frameDur = time.Duration(min(parseUint(data), uint64(time.Minute)))
		case idCodecDelay:
			t.Delay = time.Duration(min(parseUint(data), uint64(time.Second)))
		case idSeekPreRoll:
			t.PreRoll = time.Duration(min(parseUint(data), uint64(time.Second)))
		case idLanguage, idLanguageTag:
			t.Language = strings.TrimRight(string(data[:min(len(data), 32)]), "\x00")
		case idVideo:
			parseVideo(data, &t.Track)
		case idAudio:
			depth = parseAudio(data, &t.Track)
		case idEncodings:
			t.stripped, encrypted = parseEncodings(data)
		}
	})
	t.ID = int(t.number)
	known := false
	if t.Codec, known = codecs[t.codecID]; !known && strings.HasPrefix(t.codecID, "A_AAC/") {
		t.Codec, known = container.AAC, true
	}
	switch {
	case kind == 1:
		t.Kind = container.Video
		t.SampleRate, t.Channels = 0, 0
	case kind == 2:
		t.Kind = container.Audio
	default:
		return t, false, nil
	}
	if encrypted {
		return t, false, &container.UnusableError{Reason: container.Unsupported, Detail: "it is encrypted"}
	}
	if t.codecID == "A_MS/ACM" { // a WAV's description of its sound
		format, e := wav.ParseFormat(t.Private)
		format.Describe(&t.Track)
		known, t.Private = e == nil, nil
	} else if t.Codec == container.PCM {
		t.Samples = sampleFormat(t.codecID, depth)
		known = t.Samples != ""
	}
	if t.number == 0 || t.number > math.MaxInt32 {
		known = false
	}
	if t.Width > container.MaxDimension || t.Height > container.MaxDimension || t.Width*t.Height > container.MaxPixels {
		return t, false, &container.UnusableError{Reason: container.TooLarge, Detail: fmt.Sprintf("its header claims a picture of %d × %d", t.Width, t.Height)}
	}
	return t, known, nil
}

// sampleFormat says how uncompressed sound is stored (Matroska codec specification, A_PCM). Eight bits are unsigned there.
func sampleFormat(codecID string, depth uint64) container.SampleFormat {
	switch {
	case depth > 64:
		return ""
	case codecID == "A_PCM/FLOAT/IEEE" && depth == 0: // Chromium leaves the depth out where it is the usual one
		return container.F32LE
	case codecID == "A_PCM/FLOAT/IEEE":
		return container.Floats(int(depth), true)
	case depth == 0:
		return container.Integers(16, codecID == "A_PCM/INT/LIT")
	case depth == 8:
		return container.U8
	default:
		return container.Integers(int(depth), codecID == "A_PCM/INT/LIT")
	}
}

func parseVideo(b []byte, t *container.Track) {
	children(b, func(id uint32, data []byte) {
		switch id {
		case idWidth:
			t.Width = int(min(parseUint(data), 1<<20))
		case idHeight:
			t.Height = int(min(parseUint(data), 1<<20))
		case idProjection:
			children(data, func(id uint32, data []byte) {
				if id == idPoseRoll {
					// Counter-clockwise degrees (RFC 9559, 5.1.4.1.28.46).
					roll := int(math.Round(parseFloat(data)/90)) * 90
					t.Rotation = ((360-roll)%360 + 360) % 360
				}
			})
		}
	})
}

func parseAudio(b []byte, t *container.Track) (depth uint64) {
	children(b, func(id uint32, data []byte) {
		switch id {
		case idSampleRate:
			if f := parseFloat(data); f >= 1 && f <= 768000 {
				t.SampleRate = int(f)
			}
		case idChannels:
			t.Channels = int(min(max(parseUint(data), 1), 64))
		case idBitDepth:
			depth = parseUint(data)
		}
	})
	return depth
}

// parseEncodings knows the one compression that muxers apply by default (header stripping, algorithm 3); everything else is
// reported as encrypted, which for a reader comes to the same.
func parseEncodings(b []byte) (stripped []byte, unreadable bool) {
	children(b, func(id uint32, data []byte) {
		if id != idEncoding {
			return
		}
		children(data, func(id uint32, data []byte) {
			switch id {
			case idEncryption:
				unreadable = true
			case idCompression:
				algorithm := uint64(0)
				children(data, func(id uint32, data []byte) {
					switch id {
					case idCompAlgo:
						algorithm = parseUint(data)
					case idCompSetting:
						stripped = append([]byte(nil), data[:min(len(data), 64)]...)
					}
				})
				unreadable = unreadable || algorithm != 3
			}
		})
	})
	return stripped, unreadable
}
