// Package bitstream reads as much of each codec's own syntax as a container needs: is a packet what the codec writes, is it a
// key frame, how large is the picture, and what is the codec called in a MIME type. It never decodes.
package bitstream

import "github.com/trivue/trivue/pipeline/container"

// Verify reports whether a payload can be what the track's codec writes. It finds zeroed, shifted and foreign bytes, not
// every flipped bit. A nil error for codecs that it knows nothing about.
func Verify(t container.Track, payload []byte) error {
	switch t.Codec {
	case container.VP8:
		return verifyVP8(payload)
	case container.VP9:
		return verifyVP9(payload)
	case container.AV1:
		return verifyAV1(payload)
	case container.H264:
		return verifyAVC(t.Private, payload)
	case container.HEVC:
		return verifyHEVC(t.Private, payload)
	case container.Opus:
		return verifyOpus(payload)
	case container.AAC:
		return verifyAAC(payload)
	default:
		return nil
	}
}

// IsKey reports whether a payload can be decoded without any earlier one, by the codec's own syntax; known is false where
// this package cannot tell and the container has to be believed.
func IsKey(t container.Track, payload []byte) (key, known bool) {
	switch t.Codec {
	case container.VP8:
		return isKeyVP8(payload), true
	case container.VP9:
		return isKeyVP9(payload), true
	case container.H264:
		return isKeyAVC(t.Private, payload), true
	case container.HEVC:
		return isKeyHEVC(t.Private, payload), true
	default:
		return false, false
	}
}

// Dimensions gives the coded picture size in pixels that a decoder would allocate for, from the track's configuration or
// from a key frame's payload; ok is false where neither says so.
func Dimensions(t container.Track, key []byte) (width, height int, ok bool) {
	switch t.Codec {
	case container.VP8:
		return dimensionsVP8(key)
	case container.VP9:
		return dimensionsVP9(key)
	case container.AV1:
		return dimensionsAV1(t.Private, key)
	case container.H264:
		return dimensionsAVC(t.Private)
	case container.HEVC:
		return dimensionsHEVC(t.Private)
	default:
		return 0, 0, false
	}
}

// CodecString names the track's codec as the codecs parameter of a MIME type does (RFC 6381 and the codecs' own bindings).
// Key is the payload of a key frame, used where the configuration does not say enough; it may be nil.
func CodecString(t container.Track, key []byte) string {
	switch t.Codec {
	case container.VP8:
		return "vp8"
	case container.VP9:
		return codecStringVP9(t.Private, key)
	case container.AV1:
		return codecStringAV1(t.Private)
	case container.H264:
		return codecStringAVC(t.Private)
	case container.HEVC:
		return codecStringHEVC(t.Private)
	case container.AAC:
		return codecStringAAC(t.Private)
	default:
		return string(t.Codec)
	}
}
