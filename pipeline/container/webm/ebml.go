package webm

import (
	"encoding/binary"
	"math"
)

// Element IDs that are read or written (RFC 8794 for EBML, RFC 9559 for Matroska).
const (
	idEBML        = 0x1A45DFA3
	idDocType     = 0x4282
	idSegment     = 0x18538067
	idSeekHead    = 0x114D9B74
	idSeek        = 0x4DBB
	idSeekID      = 0x53AB
	idSeekPos     = 0x53AC
	idInfo        = 0x1549A966
	idScale       = 0x2AD7B1
	idDuration    = 0x4489
	idMuxingApp   = 0x4D80
	idWritingApp  = 0x5741
	idTracks      = 0x1654AE6B
	idTrackEntry  = 0xAE
	idTrackNumber = 0xD7
	idTrackUID    = 0x73C5
	idTrackType   = 0x83
	idFlagLacing  = 0x9C
	idCodecID     = 0x86
	idPrivate     = 0x63A2
	idDefaultDur  = 0x23E383
	idCodecDelay  = 0x56AA
	idSeekPreRoll = 0x56BB
	idLanguage    = 0x22B59C
	idLanguageTag = 0x22B59D
	idVideo       = 0xE0
	idWidth       = 0xB0
	idHeight      = 0xBA
	idProjection  = 0x7670
	idProjType    = 0x7671
	idPoseRoll    = 0x7675
	idAudio       = 0xE1
	idSampleRate  = 0xB5
	idChannels    = 0x9F
	idBitDepth    = 0x6264
	idEncodings   = 0x6D80
	idEncoding    = 0x6240
	idCompression = 0x5034
	idCompAlgo    = 0x4254
	idCompSetting = 0x4255
	idEncryption  = 0x5035
	idCluster     = 0x1F43B675
	idTimestamp   = 0xE7
	idSimpleBlock = 0xA3
	idBlockGroup  = 0xA0
	idBlock       = 0xA1
	idBlockDur    = 0x9B
	idReference   = 0xFB
	idCues        = 0x1C53BB6B
	idCuePoint    = 0xBB
	idCueTime     = 0xB3
	idCueTrackPos = 0xB7
	idCueTrack    = 0xF7
	idCueCluster  = 0xF1
	idTags        = 0x1254C367
	idChapters    = 0x1043A770
	idAttachments = 0x1941A469
	idVoid        = 0xEC
	idCRC         = 0xBF
	idPosition    = 0xA7
	idPrevSize    = 0xAB
	idSilent      = 0x5854
)

// unknownSize is how the size of an element is given that a live recorder could not know (RFC 8794, 6.2).
const unknownSize = int64(-1)

// maxHeader is the longest header an element can have: four bytes of ID and eight of size.
const maxHeader = 12

// element is the head of an element.
type element struct {
	id     uint32
	header int   // bytes of ID and size
	size   int64 // bytes of data, or unknownSize
}

// parseElement reads an element's head from b; ok is false where b does not begin with one, or is too short.
func parseElement(b []byte) (e element, ok bool) {
	id, n := parseID(b)
	if n == 0 {
		return e, false
	}
	size, m := parseSize(b[n:])
	if m == 0 {
		return e, false
	}
	return element{id: id, header: n + m, size: size}, true
}

// parseID reads an element ID with its marker bits, as Matroska writes IDs: at most four bytes.
func parseID(b []byte) (id uint32, n int) {
	if len(b) == 0 || b[0] < 0x10 {
		return 0, 0
	}
	n = 1
	for mask := byte(0x80); b[0]&mask == 0; mask >>= 1 {
		n++
	}
	if len(b) < n {
		return 0, 0
	}
	for _, c := range b[:n] {
		id = id<<8 | uint32(c)
	}
	return id, n
}

// parseSize reads a variable-length size (RFC 8794, 4); n is 0 where there is none.
func parseSize(b []byte) (size int64, n int) {
	if len(b) == 0 || b[0] == 0 {
		return 0, 0
	}
	n = 1
	mask := byte(0x80)
	for ; b[0]&mask == 0; mask >>= 1 {
		n++
	}
	if len(b) < n {
		return 0, 0
	}
	v, ones := uint64(b[0]&^mask), b[0]|^(mask-1) == 0xff
	for _, c := range b[1:n] {
		v = v<<8 | uint64(c)
		ones = ones && c == 0xff
	}
	if ones {
		return unknownSize, n
	}
	return int64(v), n
}

func parseUint(b []byte) uint64 {
	var v uint64
	for _, c := range b[:min(len(b), 8)] {
		v = v<<8 | uint64(c)
	}
	return v
}

func parseFloat(b []byte) float64 {
	switch len(b) {
	case 4:
		return float64(math.Float32frombits(binary.BigEndian.Uint32(b)))
	case 8:
		return math.Float64frombits(binary.BigEndian.Uint64(b))
	default:
		return 0
	}
}

// children calls f for each element in b, as far as they are whole.
func children(b []byte, f func(id uint32, data []byte)) {
	for len(b) > 0 {
		e, ok := parseElement(b)
		if !ok || e.size == unknownSize || e.size > int64(len(b)-e.header) {
			return
		}
		f(e.id, b[e.header:e.header+int(e.size)])
		b = b[e.header+int(e.size):]
	}
}
