package container

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// Sniff tells from a file's first bytes (some thousand are enough) which family it is of. The error is an *UnusableError that
// names what the file looks like instead. A file's name is never asked: recorders lie about it.
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
	default:
		return "", &UnusableError{Reason: NotMedia, Detail: "it looks like " + guess(head)}
	}
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
	{"OggS", "an Ogg file, which no browser's recorder writes"}, {"fLaC", "a FLAC file"}, {"ID3", "an MP3 file"}, {"FLV", "a Flash video"},
	{"\x30\x26\xb2\x75", "a Windows Media file"}, {"\x7fELF", "a program"}, {"MZ", "a program"}, {"SQLite", "a database"},
}

func guess(head []byte) string {
	for _, s := range signatures {
		if bytes.HasPrefix(head, []byte(s.magic)) {
			return s.name
		}
	}
	if bytes.HasPrefix(head, []byte("RIFF")) {
		return "a WAV sound, an AVI video or a WebP picture, which no recorder of today writes"
	}
	if isText(head) {
		return "text"
	}
	return "neither WebM nor MP4: its first bytes are " + fmt.Sprintf("% x", head[:min(8, len(head))])
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
