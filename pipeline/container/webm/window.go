package webm

import (
	"errors"
	"io"
)

// windowSize is how much of the file is held in memory while its structure is read. Payloads are skipped, and those larger than
// the window are not even read.
const windowSize = 256 << 10

// window gives views of a file's bytes at any offset, reading ahead.
type window struct {
	r    io.ReaderAt
	size int64 // of the file
	buf  []byte
	at   int64 // file offset of buf[0]
	err  error // the operating system's, sticky
}

func newWindow(r io.ReaderAt, size int64) *window {
	return &window{r: r, size: size, buf: make([]byte, 0, windowSize)}
}

// peek gives up to n bytes at offset off, fewer at the end of the file; n is at most windowSize. The bytes are valid until the
// next call.
func (w *window) peek(off int64, n int) []byte {
	if off >= w.size || off < 0 || w.err != nil {
		return nil
	}
	n = int(min(int64(n), w.size-off))
	if off < w.at || off+int64(n) > w.at+int64(len(w.buf)) {
		length := int(min(int64(windowSize), w.size-off))
		read, err := w.r.ReadAt(w.buf[:length], off)
		if err != nil && !(errors.Is(err, io.EOF) && read == length) {
			if !errors.Is(err, io.EOF) {
				w.err = err
			}
			w.size = off + int64(read) // the file has become shorter while it is read
		}
		w.buf, w.at = w.buf[:read], off
		n = min(n, read)
	}
	start := int(off - w.at)
	return w.buf[start : start+n]
}

// appendTo appends the n bytes at off to dst.
func (w *window) appendTo(dst []byte, off int64, n int) ([]byte, error) {
	if off >= w.at && off+int64(n) <= w.at+int64(len(w.buf)) {
		start := int(off - w.at)
		return append(dst, w.buf[start:start+n]...), nil
	}
	start := len(dst)
	dst = append(dst, make([]byte, n)...)
	read, err := w.r.ReadAt(dst[start:], off)
	if read == n {
		return dst, nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return dst[:start], err
}
