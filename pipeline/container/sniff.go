package container

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"github.com/trivue/trivue/pipeline/container/mpegaudio"
)

// Sniff tells from a file's first bytes (some thousand are enough) which family it is of. The error is an *UnusableError that
// names what the file looks like instead. A file's name is never asked: recorders lie about it. A tag in front of a sound file
// (ID3Size) is to be skipped before.
func Sniff(head []byte) (Format, error) {
	switch {
	case len(head) == 0:
		return "", &UnusableError{Reason: Empty, Detail: "it has no bytes at all"}
	case len(bytes.Trim(head, "\x00")) == 0:
		return "", &UnusableError{Reason: Empty, Detail: "its beginning is all zeros"}
	case bytes.HasPrefix(head, []byte{0x1a, 0x45, 0xdf, 0xa3}):
		return sniffEBML(head)
	case isBoxes(head):
		return MP4, nil
	case bytes.HasPrefix(head, []byte("OggS")):
		return Ogg, nil
	case bytes.HasPrefix(head, []byte("fLaC")):
		return FLACFile, nil
	case bytes.HasPrefix(head, []byte("#!AMR")):
		return AMRFile, nil
	case isWAV(head):
		return WAV, nil
	case guess(head) != "":
		return "", &UnusableError{Reason: NotMedia, Detail: "it looks like " + guess(head)}
	case hasFrames(head, layer3Frame):
		return MP3File, nil
	case hasFrames(head, adtsFrame):
		return ADTS, nil
	case isText(head):
		return "", &UnusableError{Reason: NotMedia, Detail: "it looks like text"}
	default:
		return "", &UnusableError{Reason: NotMedia, Detail: "it looks like neither WebM nor MP4, nor any file of sound that is known here: its first bytes are " + fmt.Sprintf("% x", head[:min(8, len(head))])}
	}
}

// isWAV knows the three heads of RIFF files with sound: of 32-bit sizes, and of 64-bit ones by their two names.
func isWAV(head []byte) bool {
	if len(head) < 12 || string(head[8:12]) != "WAVE" {
		return false
	}
	id := string(head[:4])
	return id == "RIFF" || id == "RF64" || id == "BW64"
}

// layer3Frame and adtsFrame give the length of the frame that begins with these bytes, and what the next one has in common with it.
func layer3Frame(b []byte) (size int, stream [3]int, ok bool) {
	h, ok := mpegaudio.ParseLayer3(b)
	return h.Size, [3]int{h.Samples, h.Rate, h.Channels}, ok
}

func adtsFrame(b []byte) (size int, stream [3]int, ok bool) {
	h, ok := mpegaudio.ParseADTS(b)
	return h.Size, [3]int{h.Object, h.Rate, h.Channels}, ok
}

// hasFrames reports whether frames of sound follow one another: at the beginning, or behind the rest of one that a recording was cut
// out of in the middle. Two that agree are no chance, and of three the third must agree as well.
func hasFrames(head []byte, frame func([]byte) (int, [3]int, bool)) bool {
	for at := range head {
		size, stream, ok := frame(head[at:])
		hops := 0
		for next := at + size; ok && hops < 2 && next+mpegaudio.ADTSHeaderSize <= len(head); hops++ {
			var again [3]int
			size, again, ok = frame(head[next:])
			ok = ok && again == stream
			next += size
		}
		if ok && hops > 0 {
			return true
		}
	}
	return false
}

// sniffEBML looks for the DocType element (0x4282) in the EBML header (RFC 8794, 11.2.6). A header without one is taken for
// Matroska: its blocks will tell.
func sniffEBML(head []byte) (Format, error) {
	end := min(len(head), 256)
	at := bytes.Index(head[:end], []byte{0x42, 0x82})
	if at < 0 || at+3 > end {
		return Matroska, nil
	}
	length := int(head[at+2] & 0x7f)
	value := head[min(at+3, end):min(at+3+length, end)]
	switch doc := string(bytes.TrimRight(value, "\x00")); doc {
	case "webm":
		return WebM, nil
	case "matroska", "":
		return Matroska, nil
	default:
		return "", &UnusableError{Reason: NotMedia, Detail: fmt.Sprintf("it is an EBML file of type %q", doc)}
	}
}

// isBoxes reports whether a file begins with a box of the ISO base media file format. Recorders begin with ftyp; QuickTime and
// damaged files may begin with others.
func isBoxes(head []byte) bool {
	if len(head) < 8 {
		return false
	}
	size := uint32(head[0])<<24 | uint32(head[1])<<16 | uint32(head[2])<<8 | uint32(head[3])
	switch string(head[4:8]) {
	case "ftyp", "styp":
		return size == 1 || size >= 8 && size < 1<<20
	case "moov", "moof", "mdat", "free", "skip", "wide", "pnot", "sidx":
		return size < 2 || size >= 8
	default:
		return false
	}
}

// signatures of files that people upload by mistake.
var signatures = []struct{ magic, name string }{
	{"\xff\xd8\xff", "a JPEG picture"}, {"\x89PNG", "a PNG picture"}, {"GIF8", "a GIF picture"}, {"%PDF", "a PDF document"},
	{"PK\x03\x04", "a ZIP archive or an office document"}, {"Rar!", "a RAR archive"}, {"7z\xbc\xaf", "a 7-Zip archive"}, {"\x1f\x8b", "a gzip archive"},
	{"FLV", "a Flash video"}, {"\x30\x26\xb2\x75", "a Windows Media file"}, {"\x7fELF", "a program"}, {"MZ", "a program"}, {"SQLite", "a database"},
}

// guess names what a file looks like that is no recording; empty where its first bytes do not tell.
func guess(head []byte) string {
	for _, s := range signatures {
		if bytes.HasPrefix(head, []byte(s.magic)) {
			return s.name
		}
	}
	if bytes.HasPrefix(head, []byte("FORM")) && len(head) > 12 && string(head[8:11]) == "AIF" {
		return "an AIFF sound; save it as WAV"
	}
	if bytes.HasPrefix(head, []byte("RIFF")) {
		return "an AVI video or a WebP picture, which no recorder of today writes"
	}
	return ""
}

func isText(head []byte) bool {
	for range utf8.UTFMax {
		if utf8.Valid(head) {
			break
		}
		head = head[:len(head)-1] // a character may be cut at the end
		if len(head) == 0 {
			return false
		}
	}
	return utf8.Valid(head) && bytes.IndexFunc(head, func(r rune) bool { return r < ' ' && r != '\n' && r != '\r' && r != '\t' && r != '\f' }) < 0
}
