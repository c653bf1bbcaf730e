package elementary

import (
	"encoding/binary"
	"strconv"

	"github.com/trivue/trivue/pipeline/container"
)

// Lengths of tags and of their parts.
const (
	id3v1Size    = 128
	apeHead      = 32
	lyricsFooter = 15 // six digits and "LYRICS200"
)

// tagSize is the length of the tag that begins with these bytes, 0 where none does.
func tagSize(b []byte) int64 {
	if n := container.ID3Size(b); n > 0 {
		return n
	}
	// APEv2 (and v1 has no head): a size that counts the footer but not the head, and flags whose bit 29 says "this is the head".
	if len(b) >= apeHead && string(b[:8]) == "APETAGEX" && b[23]&0x20 != 0 {
		return apeHead + int64(binary.LittleEndian.Uint32(b[12:]))
	}
	return 0
}

// withoutTags gives where the frames end: before the tags that stand at the end of a file and say so with their last bytes.
func withoutTags(w *container.Window, start, end int64) int64 {
	if b := w.Peek(end-id3v1Size, id3v1Size); end-start >= id3v1Size && len(b) == id3v1Size && string(b[:3]) == "TAG" {
		end -= id3v1Size
	}
	if b := w.Peek(end-apeHead, apeHead); end-start >= apeHead && len(b) == apeHead && string(b[:8]) == "APETAGEX" {
		size := int64(binary.LittleEndian.Uint32(b[12:]))
		if b[23]&0x80 != 0 { // it has a head, which its size leaves out
			size += apeHead
		}
		if size >= apeHead && size <= end-start {
			end -= size
		}
	}
	if b := w.Peek(end-lyricsFooter, lyricsFooter); end-start >= lyricsFooter && len(b) == lyricsFooter && string(b[6:]) == "LYRICS200" {
		if size, err := strconv.ParseUint(string(b[:6]), 10, 32); err == nil && int64(size)+lyricsFooter <= end-start {
			end -= int64(size) + lyricsFooter
		}
	}
	return end
}
