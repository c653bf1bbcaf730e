package mp4

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// source is the file. Every length that the file itself states is compared with its real size before anything is read or
// allocated.
type source struct {
	r    io.ReaderAt
	size int64
}

// box is the place of one box (ISO/IEC 14496-12, 4.2). End may lie beyond the end of the file where the file was cut.
type box struct {
	kind             string
	start, body, end int64
}

// errMalformed is wrapped by the errors of unreadable structure, as opposed to those of the operating system.
var errMalformed = errors.New("malformed")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errMalformed, fmt.Sprintf(format, args...))
}

const (
	// maxLeaf bounds boxes that are read as a whole; the largest real ones (stsd) have some kilobytes.
	maxLeaf = 1 << 20
	// maxFragment bounds a moof: one that holds a whole day of pictures and sound in one piece stays below it.
	maxFragment = 64 << 20
	// maxChildren bounds the boxes within one box.
	maxChildren = 4096
)

// read gives n bytes at an offset.
func (s *source) read(at, n int64) ([]byte, error) {
	if at < 0 || n < 0 || at > s.size-n {
		return nil, malformed("%d bytes at %d lie beyond the end of the file", n, at)
	}
	b := make([]byte, n)
	if got, err := s.r.ReadAt(b, at); int64(got) < n {
		if err == nil || errors.Is(err, io.EOF) { // the file has become shorter
			err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("read %d bytes at %d: %w", n, at, err)
	}
	return b, nil
}

// header reads the header of a box that begins at an offset and lies within a region. Its end may lie beyond that region.
func (s *source) header(at, limit int64) (box, error) {
	n := min(limit-at, 16)
	if n < 8 {
		return box{}, malformed("%d bytes at %d are too few for a box", n, at)
	}
	b, err := s.read(at, n)
	if err != nil {
		return box{}, err
	}
	return parseHeader(b, at, limit)
}

// parseHeader reads a header out of at least 8 bytes. A size of 0 means that the box reaches to the end (4.2).
func parseHeader(b []byte, at, limit int64) (box, error) {
	size, kind := int64(binary.BigEndian.Uint32(b)), b[4:8]
	if !isFourCC(kind) {
		return box{}, malformed("no box at %d", at)
	}
	length := int64(8)
	switch size {
	case 0:
		size = limit - at
	case 1:
		if len(b) < 16 {
			return box{}, malformed("box header at %d is cut", at)
		}
		large := binary.BigEndian.Uint64(b[8:])
		if large > 1<<60 {
			return box{}, malformed("box at %d claims %d bytes", at, large)
		}
		size, length = int64(large), 16
	}
	if size < length {
		return box{}, malformed("box at %d claims %d bytes", at, size)
	}
	return box{kind: string(kind), start: at, body: at + length, end: at + size}, nil
}

// isFourCC tells a box type from noise: letters, digits, space, and the © and punctuation of QuickTime's own.
func isFourCC(b []byte) bool {
	for _, c := range b[:4] {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && c != ' ' && c != '-' && c != '_' && c != '.' && c != 0xa9 {
			return false
		}
	}
	return true
}

// children lists the boxes within a box that lie whole within it. QuickTime ends some lists with four zero bytes; whatever
// is no box ends the list.
func (s *source) children(b box) ([]box, error) {
	var list []box
	for at := b.body; b.end-at >= 8; {
		child, err := s.header(at, b.end)
		if errors.Is(err, errMalformed) {
			break
		}
		if err != nil {
			return nil, err
		}
		if child.end > b.end {
			break
		}
		if len(list) == maxChildren {
			return nil, malformed("more than %d boxes in the %s at %d", maxChildren, b.kind, b.start)
		}
		list = append(list, child)
		at = child.end
	}
	return list, nil
}

// leaf reads the content of a small box.
func (s *source) leaf(b box, limit int64) ([]byte, error) {
	if b.end-b.body > limit {
		return nil, malformed("%s at %d has %d bytes", b.kind, b.start, b.end-b.body)
	}
	return s.read(b.body, b.end-b.body)
}

func find(list []box, kind string) (box, bool) {
	for _, b := range list {
		if b.kind == kind {
			return b, true
		}
	}
	return box{}, false
}

// each visits the boxes in a piece of memory; what is no whole box ends the walk.
func each(b []byte, visit func(kind string, body []byte) error) error {
	for at := 0; len(b)-at >= 8; {
		child, err := parseHeader(b[at:min(at+16, len(b))], int64(at), int64(len(b)))
		if err != nil || child.end > int64(len(b)) {
			return nil
		}
		if err := visit(child.kind, b[child.body:child.end]); err != nil {
			return err
		}
		at = int(child.end)
	}
	return nil
}

// scanWindow is how much is read at once while looking for a box.
const scanWindow = 1 << 18

// scan looks for the next box of a kind whose first child is of another kind (both moov and moof have one that always comes
// first), at or after an offset. It gives the file's size where there is none.
func (s *source) scan(from int64, kind, firstChild string) (int64, error) {
	const context = 24 // what candidate looks at
	buf := make([]byte, scanWindow)
	for from < s.size {
		n := min(int64(len(buf)), s.size-from)
		if _, err := s.r.ReadAt(buf[:n], from); err != nil && !errors.Is(err, io.EOF) {
			return 0, fmt.Errorf("read %d bytes at %d: %w", n, from, err)
		}
		window := buf[:n]
		for at := 0; ; {
			i := bytes.Index(window[at:], []byte(kind))
			if i < 0 {
				break
			}
			at += i
			if at >= 4 && at-4+context <= len(window) && s.candidate(window[at-4:], from+int64(at-4), firstChild) {
				return from + int64(at-4), nil
			}
			at++
		}
		if from+n >= s.size {
			break
		}
		from += n - context
	}
	return s.size, nil
}

// candidate reports whether a box header, and after it a child's, make sense. Boxes with 64-bit sizes are not looked for:
// no recorder writes a moof or moov of gigabytes.
func (s *source) candidate(b []byte, at int64, firstChild string) bool {
	size := int64(binary.BigEndian.Uint32(b))
	childSize := int64(binary.BigEndian.Uint32(b[8:]))
	return size >= 24 && at+size <= s.size && childSize >= 8 && childSize <= size-8 && string(b[12:16]) == firstChild
}
